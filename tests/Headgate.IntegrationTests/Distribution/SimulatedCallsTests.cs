using Headgate.App.Distribution;

namespace Headgate.IntegrationTests.Distribution;

public sealed class SimulatedCallsTests
{
    [Fact]
    public async Task Each_call_pays_with_one_use_of_a_key_and_none_is_refused()
    {
        await using var calls = await SimulatedCalls.StartAsync(Options(rateLimit: 50, keys: 2), TimeProvider.System);

        var results = await calls.RunAsync(100, CancellationToken.None);

        Assert.All(results, Assert.True);
        Assert.Equal((100, 0), (calls.Report.Arrivals, calls.Report.Refused));
        // Both keys are spent: the next one waits, and whoever leaves takes it with him.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => calls.RunAsync(1, patience.Token));
        Assert.Equal(100, calls.Report.Arrivals);
    }

    [Fact]
    public async Task Nothing_waits_for_the_slowest_of_a_batch()
    {
        await using var calls = await SimulatedCalls.StartAsync(Options(rateLimit: 1000, keys: 1) with { LeastLatency = TimeSpan.FromMilliseconds(500), MostLatency = TimeSpan.FromMilliseconds(500) }, TimeProvider.System);
        var began = TimeProvider.System.GetTimestamp();

        await calls.RunAsync(60, CancellationToken.None);

        // In batches of ten that would be 3 s, one after the other 30 s.
        Assert.InRange(TimeProvider.System.GetElapsedTime(began).TotalSeconds, 0.5, 2.9);
    }

    [Fact]
    public async Task Many_callers_at_once_share_the_keys_and_the_first_is_done_first()
    {
        await using var calls = await SimulatedCalls.StartAsync(Options(rateLimit: 100_000, keys: 3), TimeProvider.System);
        var order = new List<int>();

        await Task.WhenAll(Enumerable.Range(0, 10).Select(async number =>
        {
            Assert.Equal(1000, (await calls.RunAsync(1000, CancellationToken.None)).Length);
            lock (order)
                order.Add(number);
        }));

        Assert.Equal((10_000, 0), (calls.Report.Arrivals, calls.Report.Refused));
        // Each thousand takes 10 ms at that rate and an answer up to 20: neighbours may change places, and more of them on a busy machine.
        Assert.InRange(order.IndexOf(0), 0, 3);
        Assert.InRange(order.IndexOf(9), 6, 9);
    }

    [Fact]
    public async Task Whoever_leaves_gives_his_room_back()
    {
        await using var calls = await SimulatedCalls.StartAsync(Options(rateLimit: 100_000, keys: 1) with { LeastLatency = TimeSpan.FromSeconds(2), MostLatency = TimeSpan.FromSeconds(2) }, TimeProvider.System);
        using (var leaves = new CancellationTokenSource(TimeSpan.FromMilliseconds(500)))
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => calls.RunAsync(50_000, leaves.Token));

        Assert.Equal(100, (await calls.RunAsync(100, CancellationToken.None)).Count(isOk => isOk));
    }

    private static DistributorOptions Options(int rateLimit, int keys) => new()
    {
        IsTest = true, IsOn = true, Calls = 50, RateLimit = rateLimit, BatchSize = 10,
        LeastLatency = TimeSpan.Zero, MostLatency = TimeSpan.FromMilliseconds(20),
        Keys = [.. Enumerable.Range(1, keys).Select(number => $"key{number}")],
    };
}
