using System.Runtime.CompilerServices;
using Headgate.Jobs;
using Headgate.Ledgers;
using Headgate.Queues;
using Headgate.Tests.Ledgers;
using Headgate.Time;

namespace Headgate.Tests.Queues;

public sealed class JobLedgersTests : IDisposable
{
    private readonly VirtualTime _time = new();
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Ledgers_of_which_every_job_has_ended_are_forgotten_while_jobs_are_asked_for()
    {
        for (var number = 0; number < 1000; number++)
            Write($"{number:0000}");
        var ledgers = JobLedgers.Read(_folder.Path);
        var job = new StoredJob("none", new JobRequest("https://api.example/"), _time.GetUtcNow());
        var isOver = new StrongBox<bool>();
        var asking = Task.Run(() =>
        {
            while (!Volatile.Read(ref isOver.Value))
                Assert.False(ledgers.MayHaveArrived(job));
        }, TestContext.Current.CancellationToken);

        var left = await ledgers.ForgetEndedAsync(new MemoryJobs(_time));
        Volatile.Write(ref isOver.Value, true);
        await asking;

        Assert.Equal((3, 3), (left, Directory.GetFiles(_folder.Path).Length));
    }

    private void Write(string name)
    {
        using var writer = LedgerWriter.Create(_folder[$"{name}.ledger"], LedgerTests.Header, _time);
        writer.WriteIntent(new LedgerIntent { WallUs = 1, SentUs = 1, Number = 1, Id = name, Upstream = "api" });
    }
}
