using Headgate.Retries;

namespace Headgate.Jobs;

/// <summary>Reads the bodies of answers into memory, up to a size.</summary>
internal static class BodyBuffer
{
    private const int FirstSize = 16 * 1024;

    /// <summary>Reads a body to its end, or until it is too large.</summary>
    /// <param name="body">The stream; what it throws goes through.</param>
    /// <param name="length">Its announced length; null when it is not known.</param>
    /// <param name="maxBody">The largest body that is read to its end, in bytes.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <returns>What was read. Of a body that is not whole, the rest is still in the stream.</returns>
    public static async ValueTask<(ReadOnlyMemory<byte> Bytes, bool IsWhole)> ReadAsync(Stream body, long? length, long maxBody, CancellationToken cancellation = default)
    {
        maxBody = Math.Min(maxBody, Array.MaxLength - 1);
        // An announced length is believed up to 1 MiB: the rest of the memory is taken when bytes have come.
        var buffer = new byte[(int)Math.Min(length ?? FirstSize, Math.Min(maxBody, 1024 * 1024)) + 1];
        var count = 0;
        while (true)
        {
            var read = await body.ReadAnswerAsync(buffer.AsMemory(count), cancellation).ConfigureAwait(false);
            count += read;
            if (read == 0 || count > maxBody)
                return (buffer.AsMemory(0, count), read == 0);
            if (count == buffer.Length)
                Array.Resize(ref buffer, (int)Math.Min(buffer.Length * 2L, maxBody + 1));
        }
    }
}
