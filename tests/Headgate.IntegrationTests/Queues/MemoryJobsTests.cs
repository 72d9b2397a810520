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
}
