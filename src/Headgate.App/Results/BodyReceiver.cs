using Headgate.Retries;
using Headgate.Jobs;

namespace Headgate.App.Results;

/// <summary>Reads the bodies of answers: up to a size into memory, above it into files of a directory, or no further where there is none.</summary>
/// <param name="maxBody">The largest body that is kept in memory and written into the result, in bytes.</param>
/// <param name="directory">The directory for larger ones; null for none. Made when it is needed.</param>
/// <remarks>Thread-safe.</remarks>
internal sealed class BodyReceiver(long maxBody, string? directory)
{
    private readonly long _maxBody = Math.Min(maxBody, Array.MaxLength - 1);

    /// <summary>Reads a body to its end.</summary>
    /// <param name="body">The stream; what it throws goes through.</param>
    /// <param name="length">Its announced length; null when it is not known.</param>
    /// <param name="name">Names the file, should there be one; other characters than letters, digits, . _ - are replaced.</param>
    /// <param name="cancellation">Stops the reading; no file is left behind.</param>
    /// <exception cref="ResultWriteException">The file cannot be written.</exception>
    /// <exception cref="HttpIOException">The body ended before its announced length.</exception>
    public async ValueTask<ReceivedBody> ReadAsync(Stream body, long? length, string name, CancellationToken cancellation = default)
    {
        if (length > _maxBody && directory is null)
            return new(default, null, IsTooLarge: true);
        var (begun, isWhole) = await BodyBuffer.ReadAsync(body, length, _maxBody, cancellation);
        if (isWhole)
        {
            BodyLength.ThrowIfCut(length, begun.Length);
            return new(begun, null, IsTooLarge: false);
        }
        return directory is null
            ? new(default, null, IsTooLarge: true)
            : new(default, await SpillAsync(directory, begun, body, length, name, cancellation), IsTooLarge: false);
    }

    // Into a file of another name first: a file that has its name is whole.
    private static async Task<string> SpillAsync(string directory, ReadOnlyMemory<byte> begun, Stream rest, long? length, string name, CancellationToken cancellation)
    {
        var safe = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-')).Trim('-', '.');
        var path = Path.Combine(directory, safe + ".body");
        var part = path + ".part";
        var isDone = false;
        try
        {
            Directory.CreateDirectory(directory);
            await using (var file = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous))
            {
                await file.WriteAsync(begun, cancellation);
                await CopyAsync(rest, file, cancellation);
                if (file.Length < length)
                    throw new ReadFailedException(new HttpIOException(HttpRequestError.ResponseEnded, "shorter than announced"));
            }
            File.Move(part, path, overwrite: true);
            isDone = true;
            return path;
        }
        catch (ReadFailedException failure)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure.InnerException!);
            throw;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ResultWriteException(path, failure);
        }
        finally
        {
            if (!isDone && File.Exists(part))
                File.Delete(part);
        }
    }

    // The connection and the disk both fail with IOException; only the disk's ends the run.
    private static async Task CopyAsync(Stream from, FileStream to, CancellationToken cancellation)
    {
        var buffer = new byte[128 * 1024];
        while (true)
        {
            int count;
            try
            {
                count = await from.ReadAnswerAsync(buffer, cancellation);
            }
            catch (IOException failure)
            {
                throw new ReadFailedException(failure);
            }
            if (count == 0)
                return;
            await to.WriteAsync(buffer.AsMemory(0, count), cancellation);
        }
    }

    private sealed class ReadFailedException(Exception cause) : Exception(cause.Message, cause);
}
