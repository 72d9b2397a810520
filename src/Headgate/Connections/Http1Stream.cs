using System.Runtime.CompilerServices;

namespace Headgate.Connections;

/// <summary>
/// A connection of HTTP/1, with what the handler leaves out. It throws away what is said before the answers, which somebody may want to know. And it
/// takes a server of HTTP/1.0 to keep its connections (seen with .NET 10), which it does not (RFC 9112 §9.3): what is sent next would be lost with
/// them, so the answer is made to say it. Which attempt a connection serves shows when it is written to, since the flow of the attempt does that; one
/// attempt at a time is on it.
/// </summary>
/// <param name="connection">Owned.</param>
internal sealed class Http1Stream(Stream connection) : Stream
{
    private static readonly AsyncLocal<InterimReader?> Sending = new();

    /// <summary>Something was written, and no answer to it has begun.</summary>
    private volatile bool _awaits;

    /// <summary>What a read had no room for.</summary>
    private ReadOnlyMemory<byte> _rest;

    /// <summary>What looks at the answer to the attempt that was written last.</summary>
    private volatile InterimReader? _reader;

    /// <summary>The attempt of this flow is about to be written, and what looks at its answer is this.</summary>
    public static void Expect(InterimReader reader) => Sending.Value = reader;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    // It may have begun before the attempt was written to whose answer it reads: over TLS the handler reads ahead.
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_rest.IsEmpty)
            return new(TakeRest(buffer.Span));
        var reading = connection.ReadAsync(buffer, cancellationToken);
        if (buffer.IsEmpty)
            return reading;
        return reading.IsCompletedSuccessfully ? new(Looked(buffer.Span, reading.Result)) : LookAsync(reading, buffer);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(Span<byte> buffer) => _rest.IsEmpty ? Looked(buffer, connection.Read(buffer)) : TakeRest(buffer);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Look();
        return connection.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Look();
        connection.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => connection.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => connection.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            connection.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>More of the same attempt changes nothing: its answer may have begun before its body was through.</summary>
    private void Look()
    {
        _awaits = true;
        if (Sending.Value is { } reader)
            _reader = reader;
    }

    private int Looked(Span<byte> buffer, int count)
    {
        if (_reader is { IsOver: false } reader)
            reader.Read(buffer[..count]);
        if (!_awaits || count == 0)
            return count;
        _awaits = false;
        return buffer[..count].StartsWith("HTTP/1.0 "u8) ? SayClose(buffer, count) : count;
    }

    /// <summary>Puts the line that ends the connection behind the first, where that has come whole.</summary>
    private int SayClose(Span<byte> buffer, int count)
    {
        if (buffer[..count].IndexOf((byte)'\n') is not (>= 0 and var end))
            return count;
        _rest = (byte[])[.. "Connection: close\r\n"u8, .. buffer[(end + 1)..count]];
        return end + 1 + TakeRest(buffer[(end + 1)..]);
    }

    private int TakeRest(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _rest.Length);
        _rest.Span[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> LookAsync(ValueTask<int> reading, Memory<byte> buffer)
    {
        var count = await reading.ConfigureAwait(false);
        return Looked(buffer.Span, count);
    }
}
