using System.Net;

namespace Headgate.Retries;

/// <summary>The body of an answer of which the beginning was read ahead, to find out what the answer means: whoever reads it gets all of it.</summary>
internal sealed class PeekedContent : HttpContent
{
    private readonly HttpContent _source;
    private readonly byte[] _beginning;
    private readonly Stream _rest;

    private PeekedContent(HttpContent source, byte[] beginning, Stream rest)
    {
        (_source, _beginning, _rest) = (source, beginning, rest);
        foreach (var (name, values) in source.Headers.NonValidated)
            Headers.TryAddWithoutValidation(name, values);
    }

    /// <summary>Reads a body up to a size, and puts it back.</summary>
    /// <param name="answer">The answer; its content is replaced.</param>
    /// <param name="most">How much is read at most, in bytes.</param>
    /// <param name="cancellation">Ends the reading with the attempt.</param>
    /// <returns>What was read, and whether that is all of it.</returns>
    public static async ValueTask<(ReadOnlyMemory<byte> Body, bool IsWhole)> ReadAsync(HttpResponseMessage answer, int most, CancellationToken cancellation)
    {
        var rest = await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var buffer = new MemoryStream();
        var piece = new byte[8192];
        int count;
        do
        {
            count = await rest.ReadAnswerAsync(piece, cancellation).ConfigureAwait(false);
            buffer.Write(piece, 0, count);
        }
        while (count > 0 && buffer.Length <= most);
        var beginning = buffer.ToArray();
        answer.Content = new PeekedContent(answer.Content, beginning, rest);
        return (beginning, count == 0);
    }

    protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult<Stream>(new PrefixedStream(_beginning, _rest));

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => new PrefixedStream(_beginning, _rest);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_beginning, cancellationToken).ConfigureAwait(false);
        await _rest.CopyToAsync(stream, cancellationToken).ConfigureAwait(false);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _source.Dispose();
        base.Dispose(disposing);
    }
}
