using Headgate.Time;

namespace Headgate.Tests;

[Collection(Threads.Alone)]
public sealed class WorkPoolTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public async Task Work_is_done_as_fast_as_its_limits_allow_and_no_faster()
    {
        await using var pool = Pool(10, "2/s");
        var tasks = pool.SubmitMany(Enumerable.Range(0, 6), (number, _) => ValueTask.FromResult((number, _time.Elapsed)));
        await PassUntil(() => tasks.All(task => task.IsCompleted));

        var seconds = (await Task.WhenAll(tasks)).Select(done => (int)done.Elapsed.TotalSeconds);
        Assert.Equal([0, 0, 1, 1, 2, 2], seconds);
    }

    [Fact]
    public async Task No_more_is_under_way_than_is_allowed()
    {
        await using var pool = Pool(3);
        var (now, most) = (0, 0);
        var count = 0;
        await foreach (var result in pool.RunAsync(Enumerable.Range(0, 500), async (number, _) =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref now));
            await Task.Yield();
            Interlocked.Decrement(ref now);
            return number * 2;
        }))
        {
            Assert.Equal(result.Item * 2, result.Value);
            count++;
        }

        Assert.Equal(500, count);
        Assert.InRange(most, 1, 3);
        Assert.Equal((500, 500, 0), (pool.Statistics.Total, pool.Statistics.Completed, pool.Statistics.Active));
    }

    [Fact]
    public async Task What_failed_is_tried_again_after_a_pause_and_passes_the_limits_again()
    {
        await using var pool = Pool(10, "1/min");
        var attempts = 0;
        var done = pool.SubmitAsync(_ => ++attempts < 3 ? throw new IOException("broken") : ValueTask.FromResult(attempts), new WorkOptions { Retries = 2, RetryDelay = TimeSpan.FromSeconds(1) });
        await PassUntil(() => done.IsCompleted);

        Assert.Equal(3, await done);
        Assert.InRange(_time.Elapsed.TotalMinutes, 2, 3);
        Assert.Equal((2, 1), (pool.Statistics.Retries, pool.Statistics.Completed));
    }

    [Fact]
    public async Task The_last_failure_is_the_one_that_is_told()
    {
        await using var pool = Pool(10);
        var attempts = 0;
        var failing = pool.SubmitAsync<int>(_ => throw new IOException($"{++attempts}"), new WorkOptions { Retries = 5, RetryDelay = TimeSpan.Zero, RetryOn = failure => failure.Message != "2" });

        Assert.Equal("2", (await Assert.ThrowsAsync<IOException>(() => failing)).Message);
        Assert.Equal(1, pool.Statistics.Failed);
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_is_cancelled_and_counts_as_failed()
    {
        await using var pool = Pool(10);
        var begun = new TaskCompletionSource();
        var slow = pool.SubmitAsync(async token =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, token);
            return 0;
        }, new WorkOptions { Timeout = TimeSpan.FromSeconds(5) });
        await begun.Task;
        await PassUntil(() => slow.IsCompleted);

        Assert.Contains("5s", (await Assert.ThrowsAsync<TimeoutException>(() => slow)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_cancelled_leaves_whether_it_waits_or_works()
    {
        await using var pool = Pool(1);
        using var mine = new CancellationTokenSource();
        var begun = new TaskCompletionSource();
        var works = pool.SubmitAsync(async token =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, token);
            return 0;
        });
        await begun.Task;
        var waits = pool.SubmitAsync(_ => ValueTask.FromResult(1), cancellationToken: mine.Token);
        var next = pool.SubmitAsync(_ => ValueTask.FromResult(2));
        await mine.CancelAsync();
        Assert.Equal(mine.Token, (await Assert.ThrowsAsync<TaskCanceledException>(() => waits)).CancellationToken);
        Assert.False(works.IsCompleted);

        pool.CancelAll();
        await Assert.ThrowsAsync<TaskCanceledException>(() => works);
        await Assert.ThrowsAsync<TaskCanceledException>(() => next);
        await pool.WaitAsync();
        Assert.Equal(3, pool.Statistics.Cancelled);
        Assert.Equal(4, await pool.SubmitAsync(_ => ValueTask.FromResult(4)));
    }

    [Fact]
    public async Task Items_are_read_as_there_is_room_and_no_more_when_nobody_takes_results()
    {
        await using var pool = Pool(4);
        var (read, taken) = (0, 0);
        await foreach (var result in pool.RunAsync(Endless(), (number, _) => ValueTask.FromResult(number)))
        {
            await FakeApi.Until(() => read >= 8);
            // Results come in any order; so many were taken, and no more than a few for each place lie ready or are under way.
            Assert.InRange(read, 8, ++taken + 4 * 8);
            if (result.Item >= 100)
                break;
        }
        var last = read;
        await pool.WaitAsync();
        Assert.Equal(last, read);

        IEnumerable<int> Endless()
        {
            while (true)
                yield return read++;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_of_results_ends_as_cancelled_when_all_is_and_as_disposed_only_with_the_pool(bool isDisposed)
    {
        await using var pool = Pool(4);
        var (taken, disposing) = (0, Task.CompletedTask);
        var failure = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await foreach (var result in pool.RunAsync(Enumerable.Range(0, 100_000), (number, _) => ValueTask.FromResult(number)))
                if (++taken == 5 && isDisposed)
                    disposing = pool.DisposeAsync().AsTask();
                else if (taken == 5)
                    pool.CancelAll();
        });
        await disposing;

        Assert.IsType(isDisposed ? typeof(ObjectDisposedException) : typeof(OperationCanceledException), failure);
        if (!isDisposed)
            Assert.Equal(4, await pool.SubmitAsync(_ => ValueTask.FromResult(4)));
    }

    [Fact]
    public async Task What_the_source_throws_comes_after_the_results_of_what_came_before()
    {
        await using var pool = Pool(4);
        var results = new List<int>();
        var failure = await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await foreach (var result in pool.RunAsync(Broken(), (number, _) => number == 1 ? throw new IOException("one") : ValueTask.FromResult(number)))
                results.Add(result.Ok ? result.Value : -1);
        });

        Assert.Equal("no more", failure.Message);
        Assert.Equal([-1, 0, 2], results.Order());

        static IEnumerable<int> Broken()
        {
            for (var number = 0; number < 3; number++)
                yield return number;
            throw new InvalidDataException("no more");
        }
    }

    [Fact]
    public async Task Work_whose_deadline_comes_first_is_not_begun()
    {
        await using var pool = Pool(4, "1/h");
        await pool.SubmitAsync(_ => ValueTask.FromResult(0));
        var late = pool.SubmitAsync(_ => ValueTask.FromResult(0), new WorkOptions { Deadline = _time.GetUtcNow().AddMinutes(1) });
        await PassUntil(() => late.IsCompleted);

        Assert.Contains("1/h", (await Assert.ThrowsAsync<TimeoutException>(() => late)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disposed_pool_has_cancelled_its_work_and_takes_none()
    {
        var pool = Pool(1);
        var works = pool.SubmitAsync(async token =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, token);
            return 0;
        });
        await pool.DisposeAsync();
        await pool.DisposeAsync();

        Assert.True(works.IsCanceled);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pool.SubmitAsync(_ => ValueTask.FromResult(0)));
    }

    private WorkPool Pool(int most, params string[] limits) => new(new WorkPoolOptions { Limits = limits, MaxConcurrency = most, TimeProvider = _time, Random = new Random(1) });

    private Task PassUntil(Func<bool> isSo) => Threads.PassUntilAsync(_time, isSo);

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
            Interlocked.CompareExchange(ref most, value, seen);
    }
}
