using Headgate.Gates;
using Headgate.Jobs;
using Headgate.Limits;
using Headgate.Queues;
using Headgate.Time;

namespace Headgate.App.Service;

/// <summary>When jobs will be through: what their limits let through at best, and where no limit holds them, by how fast it went so far. Thread-safe.</summary>
/// <param name="engine">Knows the limits.</param>
/// <param name="jobs">Knows the jobs.</param>
/// <param name="queues">Knows the named queues.</param>
internal sealed class JobForecast(Engine engine, DurableJobs jobs, JobQueues queues)
{
    private readonly Lock _lock = new();
    private readonly long _startedAt = engine.Clock.Now;
    private (long At, long Ended) _before;
    private (long At, long Ended) _last;

    /// <summary>How long until jobs have ended, those of the same APIs and queues before them; null if nobody can tell, as of what is paused.</summary>
    /// <param name="search">Which.</param>
    /// <exception cref="JobStoreException">They cannot be counted.</exception>
    public async Task<TimeSpan?> LeftAsync(JobSearch search)
    {
        var longest = TimeSpan.Zero;
        foreach (var api in engine.Upstreams.ToList())
            if (await OpenAsync(search with { Api = api.Name }) > 0)
            {
                var open = await OpenAsync(new JobSearch { Api = api.Name });
                if ((IsPaused(api) ? null : StartOf(api, open - 1) ?? AtRate(open)) is not { } left)
                    return null;
                longest = left > longest ? left : longest;
            }
        foreach (var (name, state) in queues.All)
            if ((state != QueueState.Free || engine.Queues.Of(name) is not null) && await OpenAsync(search with { Queue = name }) > 0)
            {
                var open = await OpenAsync(new JobSearch { Queue = name });
                if (state.IsPaused || (StartOf(name, open - 1) ?? AtRate(state.Workers is null ? 0 : open)) is not { } left)
                    return null;
                longest = left > longest ? left : longest;
            }
        return longest;
    }

    /// <summary>How long until a job could be sent; null if no limit of a rate says so, or it is paused.</summary>
    /// <param name="job">The job.</param>
    /// <param name="api">Its API.</param>
    /// <param name="ahead">So many jobs to it come before.</param>
    /// <exception cref="JobStoreException">They cannot be counted.</exception>
    public async Task<TimeSpan?> StartOfAsync(StoredJob job, Upstream api, long ahead)
    {
        var name = job.Queue ?? JobQueues.Default;
        if (IsPaused(api) || queues.StateOf(name).IsPaused)
            return null;
        var (there, here) = (StartOf(api, ahead), engine.Queues.Of(name) is null ? null : StartOf(name, await OpenAsync(new JobSearch { Queue = name, Before = job.Id })));
        return there > (here ?? TimeSpan.Zero) ? there : here ?? there;
    }

    /// <summary>What holds a job that waits for its turn: where it stands in a gate, or else who comes before it; null if nothing does that is known.</summary>
    /// <param name="job">The job.</param>
    /// <param name="live">The same, if it is at hand.</param>
    /// <param name="api">Its API.</param>
    public string? HoldingOf(StoredJob job, Job? live, Upstream api) => engine.Dispatcher.Read((job.Request, live?.Asked, api), static (_, it, now) =>
    {
        var lane = it.Asked is { State: PermitState.Waiting, Lane: { } own } ? own : it.api.Gates.Usual.Visitor(new LaneKey(Cost.One, it.Request.Priority, it.Request.Tenant, null));
        return (Scheduler.Forecast(lane, now).Holding ?? (lane.IsWaiting ? lane.LastHeldBy : null))?.Describe();
    }) ?? HoldingOf(job.Queue ?? JobQueues.Default);

    /// <summary>What a named queue holds its jobs by.</summary>
    private string? HoldingOf(string queue)
    {
        var limit = engine.Queues.Of(queue) is not { } scope ? null : engine.Dispatcher.Read(scope, static (_, scope, now) =>
            scope.Checkpoints.FirstOrDefault(limit => !limit.State.CountsAttempts && limit.State.FreeAfter(0, 1, now) > now));
        return limit?.Describe() ?? (queues.StateOf(queue).Workers is { } workers ? $"one of the {workers} places of queue {queue}" : null);
    }

    private static bool IsPaused(Upstream api) => api.Scope.Hold?.PausedBy is not null;

    private async Task<long> OpenAsync(JobSearch search) => (await jobs.CountAsync(search with { HasEnded = false })).Open;

    private TimeSpan? AtRate(long open) => open == 0 ? TimeSpan.Zero : Rate() is { } rate and > 0 ? TimeSpan.FromSeconds(open / rate) : null;

    private TimeSpan? StartOf(Upstream api, long ahead) => engine.Dispatcher.Read((Gate: api.Gates.Usual, ahead), static (_, it, now) =>
    {
        // Of those in the gate some come before it and some after.
        var (at, holding) = QueueForecast.After(it.Gate, Cost.One, now, it.ahead - it.Gate.QueuedRequests);
        return holding is null || at == LimitState.Never ? (TimeSpan?)null : Clock.Span(Math.Max(0, at - now));
    });

    /// <summary>By the limits that a named queue has of its own.</summary>
    private TimeSpan? StartOf(string queue, long ahead) => engine.Queues.Of(queue) is not { } scope ? null : engine.Dispatcher.Read((scope, ahead), static (_, it, now) =>
    {
        var free = it.scope.Checkpoints.Where(limit => !limit.State.CountsAttempts).Select(limit => limit.State.FreeAfter(it.ahead, 1, now)).Where(at => at != LimitState.Never).DefaultIfEmpty(now).Max();
        return free <= now ? (TimeSpan?)null : Clock.Span(free - now);
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
