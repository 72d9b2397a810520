using Headgate.Queues;

namespace Headgate.IntegrationTests.Queues;

/// <summary>Memory keeps to the contract.</summary>
public sealed class MemoryJobsTests : JobContract
{
    private protected override (IJobStore Store, IJobQueue Queue) Open()
    {
        var jobs = new MemoryJobs(Time);
        return (jobs, jobs);
    }

    private protected override ValueTask CloseAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task What_has_ended_is_kept_as_far_as_there_is_room()
    {
        var jobs = new MemoryJobs(Time, mostBytes: 25_000);
        await jobs.AddAsync([.. Enumerable.Range(0, 10).Select(n => Job($"j{n}"))]);

        for (var n = 0; n < 9; n++)
            await jobs.EndAsync(new JobEnd($"j{n}", Headgate.Jobs.JobStatus.Completed, Time.GetUtcNow(), new byte[10_000]));

        Assert.Equal(["j7", "j8", "j9"], (await jobs.SearchAsync(new JobSearch())).Jobs.Select(job => job.Id));
    }
}
