namespace Headgate;

/// <summary>A body as it is read: at its end the place of the attempt is free.</summary>
internal sealed class AnswerStream(Stream source, AnswerContent content) : Retries.ReadingStream
{
    /// <summary>What was read, where the true cost stands in it.</summary>
    private readonly MemoryStream? _kept = content.TellsCost ? new MemoryStream() : null;
    private long _read;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var linked = content.Link(cancellationToken, out var token);
        var wasBusy = content.IsOver;
        try
        {
            return Count(await source.ReadAsync(buffer, token).ConfigureAwait(false), buffer.Span);
        }
        catch (Exception failure)
        {
            // Nothing more comes of it, whatever the source does when it is asked again.
            await source.DisposeAsync().ConfigureAwait(false);
            if (await content.BreakAsync(failure, wasBusy, cancellationToken).ConfigureAwait(false) is { } told)
                throw told;
            throw;
        }
    }

    /// <summary>Blocks for one that does not: only that can be given up without leaving a read behind on a connection that others use next.</summary>
    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
            content.Finish(isWhole: false);
        }
        base.Dispose(disposing);
    }

    private int Count(int count, ReadOnlySpan<byte> buffer)
    {
        _read += count;
        content.Bound(Math.Max(_read, content.Length ?? 0));
        if (_read <= content.MaxBody)
            _kept?.Write(buffer[..count]);
        if (count == 0 && !buffer.IsEmpty)
            Retries.BodyLength.ThrowIfCut(content.Length, _read);
        // Readers of a known length do not come back to hear that nothing follows.
        if ((count == 0 && !buffer.IsEmpty) || _read == content.Length)
            content.Finish(isWhole: true, _kept is not null && _read <= content.MaxBody ? _kept.GetBuffer().AsMemory(0, (int)_kept.Length) : default);
        return count;
    }
}
