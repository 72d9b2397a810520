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
    /// <summary>A first line is not waited for beyond so many bytes.</summary>
    private const int LongestLine = 8 * 1024;

    private static readonly AsyncLocal<InterimReader?> Sending = new();

    /// <summary>A request was begun, and no answer to it has.</summary>
    private volatile bool _awaits;

    /// <summary>The beginning of the first line of an answer, while more of it has to come.</summary>
    private byte[] _line = [];

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
        if (!reading.IsCompletedSuccessfully)
            return LookAsync(reading, buffer, cancellationToken);
        return Looked(buffer.Span, reading.Result) is >= 0 and var count ? new(count) : LookAsync(connection.ReadAsync(buffer, cancellationToken), buffer, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(Span<byte> buffer)
    {
        if (!_rest.IsEmpty)
            return TakeRest(buffer);
        int count;
        do
            count = Looked(buffer, connection.Read(buffer));
        while (count < 0);
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Look(buffer.Span);
        return connection.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Look(buffer);
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
    private void Look(ReadOnlySpan<byte> written)
    {
        // The handler begins each request in a buffer of its own, so that only such a line is one. Of a large body no more than that is looked through.
        if (written[..Math.Min(written.Length, LongestLine)].IndexOf((byte)'\n') is >= 0 and var end && written[..end].EndsWith(" HTTP/1.1\r"u8))
            _awaits = true;
        if (Sending.Value is { } reader)
            _reader = reader;
    }

    /// <summary>What a read gives; less than 0 if it has to read more.</summary>
    private int Looked(Span<byte> buffer, int count)
    {
        if (_reader is { IsOver: false } reader)
            reader.Read(buffer[..count]);
        return _awaits ? Begin(buffer, count) : count;
    }

    /// <summary>Puts the line that ends the connection behind the first of an answer of HTTP/1.0.</summary>
    private int Begin(Span<byte> buffer, int count)
    {
        ReadOnlySpan<byte> start = _line.Length == 0 ? buffer[..count] : (byte[])[.. _line, .. buffer[..count]];
        var isOld = start.StartsWith("HTTP/1.0 "u8);
        var end = isOld ? start.IndexOf((byte)'\n') : -1;
        if (count > 0 && ((isOld && end < 0 && start.Length < LongestLine) || (!isOld && "HTTP/1.0 "u8.StartsWith(start))))
        {
            _line = start.ToArray();
            return -1;
        }
        _awaits = false;
        if (end < 0 && _line.Length == 0)
            return count;
        _rest = end < 0 ? start.ToArray() : [.. start[..(end + 1)], .. "Connection: close\r\n"u8, .. start[(end + 1)..]];
        _line = [];
        return TakeRest(buffer);
    }

    private int TakeRest(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _rest.Length);
        _rest.Span[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> LookAsync(ValueTask<int> reading, Memory<byte> buffer, CancellationToken cancellation)
    {
        while (true)
        {
            var read = await reading.ConfigureAwait(false);
            var count = Looked(buffer.Span, read);
            if (count >= 0)
                return count;
            reading = connection.ReadAsync(buffer, cancellation);
        }
    }
}
