using System.Buffers;
using System.Net;
using Microsoft.Win32.SafeHandles;

namespace Headgate.Retries;

/// <summary>A body that is a file: opened anew for every attempt, so that attempts share no position, and never held in memory.</summary>
internal sealed class FileContent : HttpContent
{
    private const int ChunkSize = 64 * 1024;

    private readonly string _path;
    private readonly long _length;

    /// <summary>Makes a body of a file as it is now.</summary>
    /// <exception cref="BodyUnreadableException">The file cannot be opened.</exception>
    public FileContent(string path)
    {
        _path = path;
        using var file = Open();
        _length = RandomAccess.GetLength(file);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var file = Open();
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            for (var at = 0L; at < _length;)
            {
                var read = await ReadAsync(file, buffer.AsMemory(0, (int)Math.Min(buffer.Length, _length - at)), at, cancellationToken).ConfigureAwait(false);
                await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                at += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }

    // A failure to read must not look like one of the connection, which would be tried again.
    private SafeFileHandle Open()
    {
        try
        {
            return File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw BodyUnreadableException.Because(e);
        }
    }

    private static async ValueTask<int> ReadAsync(SafeFileHandle file, Memory<byte> buffer, long at, CancellationToken cancellationToken)
    {
        int read;
        try
        {
            read = await RandomAccess.ReadAsync(file, buffer, at, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw BodyUnreadableException.Because(e);
        }
        return read > 0 ? read : throw new BodyUnreadableException("its body cannot be read: the file has become shorter");
    }
}
