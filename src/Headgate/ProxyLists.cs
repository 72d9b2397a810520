namespace Headgate;

/// <summary>Fetches lists of proxies from the addresses that a configuration names. Those are trusted, wherever they lie; what they answer is not.</summary>
internal static class ProxyLists
{
    private const int Largest = 4 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The body of the answer.</summary>
    /// <param name="address">The address.</param>
    /// <param name="cancellation">Gives it up.</param>
    /// <exception cref="IOException">There is no list, or it is too large or too slow.</exception>
    public static async Task<byte[]> FetchAsync(Uri address, CancellationToken cancellation)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Patience, MaxResponseContentBufferSize = Largest };
        try
        {
            using var answer = await client.GetAsync(address, cancellation).ConfigureAwait(false);
            if ((int)answer.StatusCode != 200)
                throw new IOException($"it answered {(int)answer.StatusCode}");
            return await answer.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        }
        catch (HttpRequestException failure)
        {
            // The runtime's own words can carry hosts and ports, and are none of a user's.
            throw new IOException(failure.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded ? $"its answer is larger than {Largest >> 20} MiB" : $"it could not be fetched ({failure.HttpRequestError})", failure);
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"it did not answer within {Patience.TotalSeconds:0} s", late);
        }
    }
}
