namespace Headgate.Retries;

/// <summary>
/// Where a body writes itself: keeps it in memory up to a limit, so that nothing has left when it is whole, and passes everything on
/// as it comes once the limit is passed, or once the body flushes, since one that flushes waits for what it wrote to arrive.
/// </summary>
internal sealed class KeepingStream(Stream target, int limit) : Stream
{
    private readonly MemoryStream _kept = new();
    private bool _isWhole = true;
    private bool _passes = limit == 0;
    // How much of what is kept the target already has.
    private int _passed;

    /// <summary>Whether it was the target that threw, and not the body.</summary>
    public bool TargetFailed { get; private set; }

    /// <summary>Everything that was written; null if it was more than the limit.</summary>
    public ReadOnlyMemory<byte>? Whole => _isWhole && limit > 0 ? _kept.GetBuffer().AsMemory(0, (int)_kept.Length) : default(ReadOnlyMemory<byte>?);

    /// <summary>Gives the target what it does not have yet.</summary>
    public async ValueTask PassOnAsync(CancellationToken cancellationToken)
    {
        var length = (int)_kept.Length;
        if (_passed == length)
            return;
        var rest = _kept.GetBuffer().AsMemory(_passed, length - _passed);
        _passed = length;
        await ToTargetAsync(rest, cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_isWhole && _kept.Length + buffer.Length <= limit)
        {
            _kept.Write(buffer.Span);
            if (_passes)
                await PassOnAsync(cancellationToken).ConfigureAwait(false);
            return;
        }
        if (_isWhole)
        {
            await PassOnAsync(cancellationToken).ConfigureAwait(false);
            (_isWhole, _passes, _passed) = (false, true, 0);
            _kept.SetLength(0);
            _kept.Capacity = 0;
        }
        await ToTargetAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        _passes = true;
        await PassOnAsync(cancellationToken).ConfigureAwait(false);
        await target.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    // Bodies that write synchronously do so into memory or, past the limit, block as they would on the connection itself.
    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Write(ReadOnlySpan<byte> buffer) => Write(buffer.ToArray(), 0, buffer.Length);

    public override void Flush() => FlushAsync(CancellationToken.None).GetAwaiter().GetResult();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async ValueTask ToTargetAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await target.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            TargetFailed = true;
            throw;
        }
    }
}
