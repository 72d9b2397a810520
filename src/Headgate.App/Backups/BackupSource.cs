using System.Security.Cryptography;
using Headgate.Retries;

namespace Headgate.App.Backups;

/// <summary>
/// A file as it goes into an archive: as long as it was at the beginning, however it grows, and hashed on the way. It says that it can seek, since
/// whoever writes an archive asks for the length before; it is read from its beginning to its end.
/// </summary>
internal sealed class BackupSource(Stream file) : ReadingStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _read;

    public override bool CanSeek => true;

    public override long Length { get; } = file.Length;

    public override long Position { get => _read; set => throw new NotSupportedException(); }

    /// <summary>Of what was read, in hex.</summary>
    public string Sha256() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <exception cref="EndOfStreamException">The file became shorter.</exception>
    public override int Read(Span<byte> buffer)
    {
        var count = file.Read(buffer[..(int)Math.Min(buffer.Length, Length - _read)]);
        if (count == 0 && _read < Length && !buffer.IsEmpty)
            throw new EndOfStreamException("a file became shorter while it was copied");
        _hash.AppendData(buffer[..count]);
        _read += count;
        return count;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _hash.Dispose();
        base.Dispose(disposing);
    }
}
