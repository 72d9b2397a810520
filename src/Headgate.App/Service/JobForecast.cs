using Headgate.Gates;
using Headgate.Limits;
using Headgate.Queues;
using Headgate.Time;

namespace Headgate.App.Service;

/// <summary>When jobs will be through: what their limits let through at best, and where no limit holds them, by how fast it went so far. Thread-safe.</summary>
/// <param name="engine">Knows the limits.</param>
/// <param name="jobs">Knows the jobs.</param>
internal sealed class JobForecast(Engine engine, DurableJobs jobs)
{
    private readonly Lock _lock = new();
    private readonly long _startedAt = engine.Clock.Now;
    private (long At, long Ended) _before;
    private (long At, long Ended) _last;

    /// <summary>How long until jobs have ended, those of the same APIs before them; null if nobody can tell.</summary>
    /// <param name="search">Which.</param>
    /// <exception cref="JobStoreException">They cannot be counted.</exception>
    public async Task<TimeSpan?> LeftAsync(JobSearch search)
    {
        var (longest, isKnown) = (TimeSpan.Zero, true);
        foreach (var api in engine.Upstreams.ToList())
        {
            if ((await jobs.CountAsync(search with { HasEnded = false, Api = api.Name })).Open == 0)
                continue;
            var open = (await jobs.CountAsync(new JobSearch { HasEnded = false, Api = api.Name })).Open;
            var left = StartOf(api, open - 1) ?? (Rate() is { } rate and > 0 ? TimeSpan.FromSeconds(open / rate) : null);
            isKnown &= left is not null;
            longest = left > longest ? left.Value : longest;
        }
        return isKnown ? longest : null;
    }

    /// <summary>How long until a request to an API could be sent; null if no limit of a rate says so.</summary>
    /// <param name="api">The API.</param>
    /// <param name="ahead">So many jobs come before.</param>
    public TimeSpan? StartOf(Upstream api, long ahead) => engine.Dispatcher.Read((Gate: api.Gates.Usual, ahead), static (_, it, now) =>
    {
        // Those in the gate are counted there.
        var (at, holding) = QueueForecast.After(it.Gate, Cost.One, now, Math.Max(0, it.ahead - it.Gate.QueuedRequests));
        return holding is null || at == LimitState.Never ? (TimeSpan?)null : Clock.Span(Math.Max(0, at - now));
    });

    /// <summary>Jobs that ended, a second, lately: since somebody asked before, at least a second ago, or since the start.</summary>
    private double? Rate()
    {
        lock (_lock)
        {
            var now = (At: engine.Clock.Now, Ended: jobs.Counts.Ended);
            if (_last.At == 0)
                (_before, _last) = ((_startedAt, 0), now);
            else if (now.At - _last.At >= Clock.Second)
                (_before, _last) = (_last, now);
            return now.At - _before.At < Clock.Second ? null : (now.Ended - _before.Ended) * (double)Clock.Second / (now.At - _before.At);
        }
    }
}
