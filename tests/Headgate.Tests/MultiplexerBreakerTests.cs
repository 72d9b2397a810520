using System.Collections.Concurrent;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>What a breaker means for jobs, as those hear it who listen.</summary>
[Collection(Threads.Alone)]
public sealed class MultiplexerBreakerTests
{
    private readonly VirtualTime _time = new();
    private readonly ConcurrentQueue<string> _held = new();

    [Fact]
    public async Task Jobs_that_wait_when_the_breaker_opens_are_told_of_once_each()
    {
        var times = 0;
        var goes = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var mux = await StartAsync(new FakeApi(async (_, _) =>
        {
            await goes.Task;
            // The first probe fails as well: it opens once more.
            return FakeApi.Answer(times++ < 2 ? 500 : 200);
        }), TimeSpan.FromHours(1));
        var ids = (await mux.SubmitManyAsync(Enumerable.Range(0, 5).Select(number => new JobRequest($"http://api.example/{number}")))).Select(verdict => verdict.Id!).ToList();
        await FakeApi.Until(() => mux.GateWaiting == 4);
        Assert.Empty(_held);

        goes.SetResult();
        await FakeApi.Until(() => _held.Count == 4);
        Assert.Equal(ids.Skip(1), _held);
        var jobs = await FakeWorld.EndAsync(_time, mux.WaitAsync(ids, Timeout.InfiniteTimeSpan));

        Assert.Equal(3, jobs.Count(job => job.Status == JobStatus.Completed && job.Ok));
        Assert.Equal(4, _held.Count);
    }

    [Fact]
    public async Task A_job_that_fails_by_the_breaker_is_told_of_once()
    {
        await using var mux = await StartAsync(new FakeApi((_, _) => Task.FromResult(FakeApi.Answer(500))), TimeSpan.FromMilliseconds(1));

        var verdicts = await mux.SubmitManyAsync(Enumerable.Range(0, 5).Select(number => new JobRequest($"http://api.example/{number}")));
        var jobs = await FakeWorld.EndAsync(_time, mux.WaitAsync(verdicts.Select(verdict => verdict.Id!), Timeout.InfiniteTimeSpan));

        Assert.Equal(jobs.Where(job => job.FailureClass == FailureClass.CircuitOpen).Select(job => job.Id).Order(), _held.Order());
        Assert.NotEmpty(_held);
    }

    private async Task<Multiplexer> StartAsync(FakeApi api, TimeSpan patience)
    {
        var options = new MultiplexerOptions { Retries = 0, MaxConcurrency = 1, Patience = patience };
        (options.Breaker.FailureThreshold, options.Breaker.SuccessThreshold, options.Breaker.RecoveryTimeout) = (1, 1, TimeSpan.FromSeconds(2));
        var mux = new Multiplexer(options, api.In(_time));
        mux.RequestCircuitOpen += (_, job) => _held.Enqueue(job.Id);
        await mux.StartAsync();
        return mux;
    }
}
