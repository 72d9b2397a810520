using System.Net;

namespace Headgate.App.Security;

/// <summary>
/// Tokens that nobody has: from one place so many in a time and no more are looked at politely. Whoever shows a good token from there is not
/// concerned. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class WrongTokens(TimeProvider time) : IDisposable
{
    private readonly GateLimiter<string> _limiter = new(["20 bucket 1/s"], new() { Name = "wrong tokens", TimeProvider = time });

    /// <summary>Counts one.</summary>
    /// <param name="from">Where it came from.</param>
    /// <returns>How long that place is to wait; null where there were not too many.</returns>
    public TimeSpan? Count(IPAddress? from)
    {
        var place = Caller.PlaceOf(from);
        return _limiter.TryAcquire(place) ? null : _limiter.EstimateWait(place) ?? TimeSpan.FromSeconds(1);
    }

    public void Dispose() => _limiter.Dispose();
}
