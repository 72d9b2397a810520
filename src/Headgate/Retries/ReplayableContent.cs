using System.Net;
using System.Net.Http.Json;

namespace Headgate.Retries;

/// <summary>
/// A body that can be sent again where that is possible: what can be rewound is rewound, what cannot is kept in memory while it is read,
/// up to 1 MiB. What is larger is sent once; <see cref="WhySpent"/> says so then.
/// </summary>
/// <remarks>
/// One body is shared by all attempts of a request, so attempts must not dispose it (<see cref="AttemptMessage"/> does not); whoever
/// called <see cref="For"/> does. An attempt that begins while an older one is still being read waits for its turn.
/// </remarks>
internal sealed class ReplayableContent : HttpContent
{
    /// <summary>How much of a body that cannot be rewound is kept, in bytes.</summary>
    public const int BufferLimit = 1 << 20;

    private readonly HttpContent _source;
    private readonly bool _rewinds;
    // Two attempts must not move the position of one stream.
    private readonly SemaphoreSlim _turn = new(1);
    private ReadOnlyMemory<byte>? _whole;
    private string? _spent;

    private ReplayableContent(HttpContent source)
    {
        _source = source;
        _rewinds = CanRewind(source);
        // Asking for the length also makes it one of the headers that are copied.
        _ = source.Headers.ContentLength;
        foreach (var (name, values) in source.Headers.NonValidated)
            Headers.TryAddWithoutValidation(name, values);
    }

    /// <summary>A body for all attempts: the given one where it can be written any number of times by nature, else one that wraps it.</summary>
    public static HttpContent For(HttpContent content) => IsReplayable(content) ? content : new ReplayableContent(content);

    /// <summary>Why a body that was sent cannot be sent again, for people; null if it can, or if it was not read yet. Thread-safe.</summary>
    public static string? WhySpent(HttpContent? content) => (content as ReplayableContent)?._spent;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_whole is { } whole)
                await stream.WriteAsync(whole, cancellationToken).ConfigureAwait(false);
            else if (_spent is { } spent)
                throw new BodyUnreadableException(spent);
            else
                await WriteSourceAsync(stream, context, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task WriteSourceAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var kept = new KeepingStream(stream, _rewinds ? 0 : BufferLimit);
        if (!_rewinds)
            _spent = "its body can be read only once, and that was cut short";
        try
        {
            await _source.CopyToAsync(kept, context, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!kept.TargetFailed && !cancellationToken.IsCancellationRequested)
        {
            throw BodyUnreadableException.Because(e);
        }
        if (!_rewinds)
        {
            _whole = kept.Whole;
            _spent = _whole is null ? "its body is a stream larger than 1 MiB, which can be sent only once" : null;
        }
        await kept.PassOnAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _source.Headers.ContentLength ?? 0;
        return _source.Headers.ContentLength is not null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _source.Dispose();
            _turn.Dispose();
        }
        base.Dispose(disposing);
    }

    // Includes StringContent and FormUrlEncodedContent. JSON is written anew from its object each time.
    private static bool IsReplayable(HttpContent content) =>
        content is ByteArrayContent or ReadOnlyMemoryContent or JsonContent or FileContent or ReplayableContent
        || (content is MultipartContent parts && parts.All(IsReplayable));

    // Only StreamContent itself is known to go back to where its stream began; the stream it shows is a view of the one given.
    private static bool CanRewind(HttpContent content) =>
        IsReplayable(content)
        || (content.GetType() == typeof(StreamContent) && content.ReadAsStream().CanSeek)
        || (content is MultipartContent parts && parts.All(CanRewind));
}
