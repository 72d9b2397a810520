namespace Headgate;

/// <summary>A body as it is read: at its end the place of the attempt is free.</summary>
internal sealed class AnswerStream(Stream source, AnswerContent content) : Stream
{
    /// <summary>What was read, where the true cost stands in it.</summary>
    private readonly MemoryStream? _kept = content.TellsCost ? new MemoryStream() : null;
    private long _read;
    private volatile bool _isAborted;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var linked = content.Link(cancellationToken, out var token);
        try
        {
            return Count(await source.ReadAsync(buffer, token).ConfigureAwait(false), buffer.Span);
        }
        catch (Exception failure)
        {
            if (content.Break(failure, cancellationToken) is { } told)
                throw told;
            throw;
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>A read that blocks takes no token: what ends the attempt takes the source away from under it.</summary>
    public override int Read(Span<byte> buffer)
    {
        try
        {
            ObjectDisposedException.ThrowIf(_isAborted, source);
            int count;
            using (content.Abort(this))
                count = source.Read(buffer);
            // A source that was disposed meanwhile may say that nothing follows, which is not the end of the body.
            ObjectDisposedException.ThrowIf(_isAborted, source);
            return Count(count, buffer);
        }
        catch (Exception failure)
        {
            if (content.Break(failure, CancellationToken.None) is { } told)
                throw told;
            throw;
        }
    }

    /// <summary>Nothing more is read: whoever waits for some of it is told so.</summary>
    public void Abort()
    {
        _isAborted = true;
        source.Dispose();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

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
