namespace Headgate.Tests.Proxies;

/// <summary>The other side of a connection: says what it was given, so much at a time, whatever it hears; then it closes, or is silent.</summary>
/// <param name="says">What it says.</param>
/// <param name="step">How much of it one read yields at most.</param>
/// <param name="closes">Whether it closes at the end.</param>
internal sealed class ScriptedProxy(byte[] says, int step = int.MaxValue, bool closes = true) : Stream
{
    private readonly List<byte> _heard = [];
    private int _position;

    /// <summary>What it was told.</summary>
    public byte[] Heard => [.. _heard];

    /// <summary>What was not read of what it says.</summary>
    public byte[] Left => says[_position..];

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position == says.Length && !closes)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        var count = Math.Min(Math.Min(buffer.Length, step), says.Length - _position);
        says.AsMemory(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _heard.AddRange(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
