using Headgate.Jobs;
using Headgate.Queues;

namespace Headgate;

/// <summary>Jobs that are gone with the process.</summary>
internal sealed class MultiplexerJobsInMemory(Engine engine, JobRoom room, FinishedJobs finished, Action<JobEvent, Job> tell) : MultiplexerJobs(engine)
{
    private readonly JobScheduler _scheduler = new(engine, room, finished, tell);

    public override JobCounts Counts => _scheduler.Counts;

    public override long Submitted => Counts.Submitted;

    public override long Queued => Counts[JobStatus.Queued];

    public override Task StartAsync() => Task.CompletedTask;

    public override Task<string> SubmitAsync(JobRequest request) => Task.FromResult(_scheduler.Add(request).Id);

    public override Task<IReadOnlyList<JobVerdict>> SubmitManyAsync(IEnumerable<JobRequest> requests, CancellationToken cancellation)
    {
        var verdicts = new List<JobVerdict>();
        foreach (var request in requests)
        {
            if (cancellation.IsCancellationRequested)
                break;
            try
            {
                verdicts.Add(request is null ? Missing() : new JobVerdict(_scheduler.Add(request).Id, null));
            }
            catch (HeadgateException refused)
            {
                verdicts.Add(new JobVerdict(null, refused));
            }
            catch (InvalidOperationException late) when (verdicts.Count > 0)
            {
                // What was taken before is known by the verdicts, so none of them may get lost.
                verdicts.Add(new JobVerdict(null, new HeadgateException(FailureClass.Cancelled, late.Message, late)));
            }
        }
        return Task.FromResult<IReadOnlyList<JobVerdict>>(verdicts);
    }

    public override Task<Job?> FindAsync(string id) => Task.FromResult(_scheduler.Find(id));

    public override async Task<IReadOnlyList<Job>> WaitAsync(IReadOnlyList<string> ids, TimeSpan timeout, CancellationToken cancellation)
    {
        // Held from here on, they cannot be forgotten while others are waited for.
        List<Job> jobs = [.. ids.Select(id => _scheduler.Find(id) ?? throw Unknown(id))];
        try
        {
            await Task.WhenAll(jobs.Select(job => job.Ended)).WaitAsync(timeout, Engine.Clock.Provider, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // How far they have come is for the caller to see.
        }
        return jobs;
    }

    public override Task<bool> CancelAsync(string id) => _scheduler.CancelAsync(id);

    public override void Close() => _scheduler.Close();

    public override async Task<IReadOnlyList<Job>> StopAsync(TimeSpan drain, CancellationToken cancellation)
    {
        var left = await _scheduler.StopAsync(drain, cancellation).ConfigureAwait(false);
        await DisposeAsync().ConfigureAwait(false);
        return left;
    }

    public override ValueTask DisposeAsync()
    {
        _scheduler.Dispose();
        Engine.Dispose();
        return ValueTask.CompletedTask;
    }
}
