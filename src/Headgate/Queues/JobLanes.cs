using Headgate.Configuration;
using Headgate.Jobs;

namespace Headgate.Queues;

/// <summary>Puts accepted jobs into the lanes of a queue, and sees to it that they come there in the end. Thread-safe.</summary>
/// <param name="engine">What sends: it knows whose a URL is.</param>
/// <param name="queue">The queue.</param>
/// <param name="signal">Told the lanes in which there is something new.</param>
/// <param name="stop">No more is tried from then on: the next process finds what is in the store only.</param>
internal sealed class JobLanes(Engine engine, IJobQueue queue, Action<string> signal, CancellationToken stop)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>The lane of a job: an API, a priority, a tenant and a named queue.</summary>
    /// <exception cref="HeadgateException">Its URL and parameters make no URL together.</exception>
    public string LaneOf(StoredJob job) => $"{job.Api ?? ApiOf(job.Request).Name}\n{(int)job.Request.Priority}\n{job.Request.Tenant}\n{job.Queue}";

    /// <summary>The API of a request.</summary>
    /// <exception cref="HeadgateException">Its URL and parameters make no URL together.</exception>
    public UpstreamConfiguration ApiOf(JobRequest request)
    {
        try
        {
            return engine.ConfigurationOf(JobMessage.Target(request));
        }
        catch (ArgumentException wrong)
        {
            throw new HeadgateException(FailureClass.Invalid, wrong.Message, wrong);
        }
    }

    /// <summary>Puts jobs into their lanes. They are in the store: where the queue takes nothing now, they are answered for all the same, and come into it later.</summary>
    public async Task EnqueueAsync(IReadOnlyList<StoredJob> jobs)
    {
        var places = jobs.Select(job => new QueuedJob(job.Id, LaneOf(job), job.Due)).ToList();
        if (await TryAsync(places).ConfigureAwait(false) is { } failure)
        {
            engine.Notice($"{places.Count} accepted jobs wait to be queued: {failure.Message}");
            _ = LaterAsync(places);
        }
    }

    /// <summary>Says that there may be something in the lane of a job.</summary>
    public void Signal(StoredJob job) => signal(LaneOf(job));

    private async Task LaterAsync(List<QueuedJob> places)
    {
        do
            await Task.Delay(Patience, engine.Clock.Provider, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!stop.IsCancellationRequested && await TryAsync(places).ConfigureAwait(false) is not null);
    }

    private async Task<JobStoreException?> TryAsync(List<QueuedJob> places)
    {
        try
        {
            await queue.EnqueueAsync(places).ConfigureAwait(false);
        }
        catch (JobStoreException failure)
        {
            return failure;
        }
        foreach (var lane in places.Select(job => job.Lane).Distinct())
            signal(lane);
        return null;
    }
}
