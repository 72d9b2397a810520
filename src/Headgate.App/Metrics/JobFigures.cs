using Headgate.App.Service;
using Headgate.Jobs;
using Headgate.Queues;
using Headgate.Telemetry;
using Headgate.Time;

namespace Headgate.App.Metrics;

/// <summary>Where the jobs of the service stand. Thread-safe.</summary>
/// <param name="state">The service.</param>
/// <param name="queue">Where jobs wait.</param>
/// <param name="names">Names that are few.</param>
internal sealed class JobFigures(ServiceState state, IJobQueue queue, Instruments names) : IDisposable
{
    /// <summary>A long queue takes its time to be counted: no more than this part of the time goes into it.</summary>
    private const int MostOfTime = 100;

    private static readonly JobStatus[] Ends = [JobStatus.Completed, JobStatus.Failed, JobStatus.Timeout, JobStatus.Cancelled];
    private static readonly JobStatus[] AtHand = [JobStatus.Pending, JobStatus.Queued, JobStatus.Processing, JobStatus.Retrying, JobStatus.RateLimited];

    private readonly SemaphoreSlim _counting = new(1);
    private bool IsConfigured(string api) => state.Configuration.Upstreams.Any(known => known.Name == api);
    private List<(string Api, long Jobs)> _queued = [];
    private long _countAgainAt = long.MinValue;

    public async Task WriteAsync(PrometheusText text)
    {
        var (jobs, counts) = (state.Jobs, state.Jobs.Counts);
        text.Single("headgate_jobs_submitted_total", "counter", "Jobs that were accepted since the start.", jobs.Submitted);
        text.Family("headgate_jobs_ended_total", "counter", "Jobs that have ended since the start.");
        foreach (var status in Ends)
            text.Sample(counts[status], ("status", WireNames.Of(status)));
        text.Single("headgate_jobs_open", "gauge", "Jobs that were accepted and have not ended.", jobs.Open);
        text.Family("headgate_jobs", "gauge", "Jobs that have not ended: stored are those that wait outside the memory.");
        var atHand = 0L;
        foreach (var status in AtHand)
        {
            atHand += counts[status];
            text.Sample(counts[status], ("status", WireNames.Of(status)));
        }
        text.Sample(Math.Max(0, jobs.Open - atHand), ("status", "stored"));
        text.Family("headgate_jobs_queued", "gauge", "Jobs that have not ended, by their API.");
        foreach (var (api, waiting) in await QueuedAsync())
            text.Sample(waiting, ("upstream", api));
        text.Single("headgate_uptime_seconds", "gauge", "Since the start.", state.Uptime.TotalSeconds);
        text.Single("headgate_draining", "gauge", "Whether it was told to stop.", state.IsDraining ? 1 : 0);
        text.Single("multiplexer_active_requests", "gauge", "The same as headgate_attempts_in_flight.", state.Engine.Observation?.InFlight ?? 0);
        text.Single("multiplexer_queue_size", "gauge", "The same as headgate_jobs_open.", jobs.Open);
    }

    public void Dispose() => _counting.Dispose();

    private async Task<List<(string Api, long Jobs)>> QueuedAsync()
    {
        await _counting.WaitAsync();
        try
        {
            var now = state.Engine.Clock.Now;
            if (now < _countAgainAt)
                return _queued;
            var lanes = await Task.Run(queue.CountAsync);
            _queued = [.. lanes.GroupBy(lane => NameOf(lane.Lane)).Select(api => (api.Key, api.Sum(lane => lane.Jobs))).OrderBy(api => api.Key, StringComparer.Ordinal)];
            var took = state.Engine.Clock.Now - now;
            _countAgainAt = now + took + Math.Min(took * MostOfTime, Clock.Nanoseconds(TimeSpan.FromMinutes(5)));
        }
        catch (JobStoreException)
        {
            // What was counted last is the best there is; /readyz says that the store is away.
        }
        finally
        {
            _counting.Release();
        }
        return _queued;
    }

    /// <summary>A lane begins with the name of its API.</summary>
    private string NameOf(string lane)
    {
        var name = lane.Split('\n')[0];
        return IsConfigured(name) ? name : names.Bounded(name);
    }
}
