using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Headgate.App.Service;
using Headgate.Configuration;
using Headgate.Limits;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Security;

/// <summary>
/// How often each caller may call. Answers tell it as draft-ietf-httpapi-ratelimit-headers has it, but for those of APIs, which have limits of
/// their own to tell of. Thread-safe.
/// </summary>
internal sealed class CallRates : IDisposable
{
    private readonly TimeProvider _time;
    private GateLimiter<string>? _limiter;

    /// <summary>The limits as policies of the draft; null where nothing is limited.</summary>
    private volatile string? _policies;

    /// <param name="limits">The limits of each caller; none for no limits.</param>
    /// <param name="time">The clock.</param>
    public CallRates(ValueList<Limit> limits, TimeProvider time)
    {
        _time = time;
        Change(limits);
    }

    /// <summary>Other limits from now on. What callers have used counts in them, but for what was used while there were none. Not to be called twice at once.</summary>
    public void Change(ValueList<Limit> limits)
    {
        List<string> texts = [.. limits.Select(limit => limit.ToString())];
        if (texts.Count > 0 && _limiter is not null)
            _limiter.Update(texts);
        else if (texts.Count > 0)
            _limiter = new GateLimiter<string>(texts, new() { Name = "calls", TimeProvider = _time });
        _policies = texts.Count == 0 ? null : string.Join(", ", limits.Select(PolicyOf));
    }

    /// <summary>Counts a call.</summary>
    /// <param name="context">The call.</param>
    /// <param name="caller">Who calls.</param>
    /// <param name="isGateway">Whether the answer will be that of an API.</param>
    /// <returns>To be disposed when the call has ended; null where nothing is limited.</returns>
    /// <exception cref="Problem">It is one too many.</exception>
    public IDisposable? Take(HttpContext context, Caller caller, bool isGateway)
    {
        if (_policies is null)
            return null;
        var key = caller.KeyAt(context.Connection.RemoteIpAddress);
        var lease = _limiter!.AttemptAcquire(key);
        if (!isGateway || !lease.IsAcquired)
            Tell(context, key);
        return OrThrow(lease);
    }

    /// <summary>The same of a call of whose answer nothing is known.</summary>
    /// <param name="key">By what its caller is told apart from others.</param>
    /// <exception cref="Problem">It is one too many.</exception>
    public IDisposable? Take(string key) => _policies is null ? null : OrThrow(_limiter!.AttemptAcquire(key));

    public void Dispose() => _limiter?.Dispose();

    /// <summary>A limit as a policy of the draft: its name is the limit itself.</summary>
    public static string PolicyOf(Limit limit) => limit.Algorithm == LimitAlgorithm.Concurrent
        ? string.Create(CultureInfo.InvariantCulture, $"\"{limit}\";q={limit.Amount};qu=\"concurrent-requests\"")
        : string.Create(CultureInfo.InvariantCulture, $"\"{limit}\";q={QuotaOf(limit)}{(WindowOf(limit) is { } window ? $";w={window}" : "")}");

    private RateLimitLease OrThrow(RateLimitLease lease)
    {
        if (lease.IsAcquired)
            return lease;
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
        lease.Dispose();
        throw new Problem(StatusCodes.Status429TooManyRequests, $"too many calls: each caller has {string.Join(" and ", _limiter!.Limits)}") { RetryAfter = SecondsOf(wait) };
    }

    private void Tell(HttpContext context, string key)
    {
        // Of several limits the one that leaves least; places for calls at once say nothing of how many may follow, unless all are taken.
        var (limit, left) = _limiter!.Left(key).MinBy(limit => limit is { Limit.Algorithm: LimitAlgorithm.Concurrent, Left: > 0 } ? long.MaxValue : limit.Left);
        var wait = left > 0 ? WindowOf(limit) : _limiter.EstimateWait(key) is { } span ? SecondsOf(span) : null;
        var remaining = string.Create(CultureInfo.InvariantCulture, $"\"{limit}\";r={left}{(wait is { } seconds ? $";t={seconds}" : "")}");
        // Whatever is answered, a problem too, for which all headers are taken back.
        context.Response.OnStarting(() =>
        {
            (context.Response.Headers["RateLimit-Policy"], context.Response.Headers["RateLimit"]) = (_policies, remaining);
            return Task.CompletedTask;
        });
    }

    private static long QuotaOf(Limit limit) => limit.Algorithm == LimitAlgorithm.Bucket ? limit.Burst : limit.Amount;

    /// <summary>Within how many seconds the whole of it comes back; null where that is not a number of seconds.</summary>
    private static long? WindowOf(Limit limit) => limit switch
    {
        { Algorithm: LimitAlgorithm.Concurrent } or { IsMonthly: true } => null,
        { Algorithm: LimitAlgorithm.Bucket } => (long)((limit.Period.Ticks * (Int128)limit.Burst / limit.Amount + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond),
        _ => limit.Period.Ticks % TimeSpan.TicksPerSecond == 0 ? limit.Period.Ticks / TimeSpan.TicksPerSecond : null,
    };

    private static int SecondsOf(TimeSpan span) => (int)Math.Min(int.MaxValue, Math.Max(1, Math.Ceiling(span.TotalSeconds)));
}
