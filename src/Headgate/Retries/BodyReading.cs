using System.Runtime.CompilerServices;

namespace Headgate.Retries;

/// <summary>Reads the body of an answer so that whatever is wrong with it is seen to be the server's fault.</summary>
internal static class BodyReading
{
    /// <summary>
    /// Reads on. Two faults of an answer come from the runtime as if they were ours: brotli that is none as an
    /// <see cref="InvalidOperationException"/>, and chunks that cannot be read as an <see cref="HttpRequestException"/> of no kind.
    /// </summary>
    /// <exception cref="InvalidDataException">It is not packed as its headers say.</exception>
    /// <exception cref="HttpIOException">It broke off, or is not HTTP.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<int> ReadAnswerAsync(this Stream body, Memory<byte> buffer, CancellationToken cancellation)
    {
        try
        {
            return await body.ReadAsync(buffer, cancellation).ConfigureAwait(false);
        }
        catch (InvalidOperationException failure) when (failure is not ObjectDisposedException)
        {
            throw new InvalidDataException(failure.Message, failure);
        }
        catch (HttpRequestException failure) when (failure is { HttpRequestError: HttpRequestError.Unknown, InnerException: null })
        {
            throw new HttpIOException(HttpRequestError.InvalidResponse, failure.Message, failure);
        }
    }
}
