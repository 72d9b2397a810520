namespace Headgate;

/// <summary>Where a body is copied to: knows whether it was the target that threw, and not the body.</summary>
internal sealed class TargetStream(Stream target) : Stream
{
    /// <summary>It was the target; a write that was cancelled with its token has not failed.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>So many bytes it was given.</summary>
    public long Written { get; private set; }

    /// <summary>The time for the copy was over while the target was at work: whatever is given up then, the body was there.</summary>
    public bool WasBusy { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Written += buffer.Length;
        var wasOver = cancellationToken.IsCancellationRequested;
        try
        {
            var writing = target.WriteAsync(buffer, cancellationToken);
            // Mostly there at once, which costs no state machine.
            return writing.IsCompletedSuccessfully && !cancellationToken.IsCancellationRequested ? writing : new ValueTask(WatchAsync(writing.AsTask(), wasOver, cancellationToken));
        }
        catch (Exception failure) when (Note(failure, cancellationToken))
        {
            throw;
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Written += buffer.Length;
        try
        {
            target.Write(buffer);
        }
        catch (Exception failure) when (Note(failure, CancellationToken.None))
        {
            throw;
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override Task FlushAsync(CancellationToken cancellationToken) => WatchAsync(target.FlushAsync(cancellationToken), cancellationToken.IsCancellationRequested, cancellationToken);

    public override void Flush()
    {
        try
        {
            target.Flush();
        }
        catch (Exception failure) when (Note(failure, CancellationToken.None))
        {
            throw;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task WatchAsync(Task writing, bool wasOver, CancellationToken cancellation)
    {
        try
        {
            await writing.ConfigureAwait(false);
        }
        catch (Exception failure) when (Note(failure, cancellation))
        {
            throw;
        }
        finally
        {
            WasBusy |= !wasOver && cancellation.IsCancellationRequested;
        }
    }

    private bool Note(Exception failure, CancellationToken cancellation) =>
        HasFailed |= failure is not OperationCanceledException || !cancellation.IsCancellationRequested;
}
