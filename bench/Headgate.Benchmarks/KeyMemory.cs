using System.Globalization;
using Headgate.Gates;
using Headgate.Keys;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Benchmarks;

/// <summary>What a key costs in memory beside itself: in a limiter of keys, and in the pool of API keys, where its value and name are not counted either.</summary>
internal static class KeyMemory
{
    private const int Keys = 100_000;

    public static Task RunAsync(Session session)
    {
        Limiter("40 bucket 2/s", 1, 150);
        Limiter("100/s", 1, 150 + 8);
        Limiter("100/s", 51, 150 + 51 * 8);
        foreach (var limit in new[] { "100/s burst=20", "100/s" })
        {
            var (idle, live) = Pool(limit);
            session.Report.Add($"pool of an API, {Keys:#,0} keys of {limit}: never used", Text(idle));
            session.Report.Add($"pool of an API, {Keys:#,0} keys of {limit}: with one request in its window", Text(live));
        }
        return Task.CompletedTask;

        void Limiter(string limit, int permits, int most)
        {
            var bytes = OfLimiter(limit, permits);
            session.Report.Hold($"limiter of keys, {Keys:#,0} keys of {limit}: {permits} {(permits == 1 ? "permit" : "permits")} of each not come back", Text(bytes), $"≤ {most} B", bytes <= most);
        }

        static string Text(double bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes:0} B");
    }

    private static double OfLimiter(string limit, int permits)
    {
        var names = Enumerable.Range(0, Keys).Select(number => $"tenant-{number}").ToArray();
        var time = new VirtualTime();
        using var limiter = new GateLimiter<string>([limit], new GateLimiterOptions<string> { TimeProvider = time });
        limiter.TryAcquire("another");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var permit = 0; permit < permits; permit++)
        {
            foreach (var name in names)
                if (!limiter.TryAcquire(name))
                    throw new InvalidOperationException($"{name} has room for {permits}");
            time.Advance(TimeSpan.FromMilliseconds(1));
        }
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(names);
        return bytes / (double)Keys;
    }

    private static (double Idle, double Live) Pool(string text)
    {
        var time = new VirtualTime();
        using var dispatcher = new Dispatcher(time);
        var terms = new ArrivalTerms(LimitTiming.Guaranteed, 0, ArrivalTerms.DefaultStraggle);
        var limits = new[] { Limit.Parse(text) };
        var secrets = Enumerable.Range(0, Keys).Select(number => new KeySecret($"key-{number}", $"sk-{number}")).ToArray();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var pool = new KeyPool("api", secrets.Select(secret => new PoolKey(secret, new Scope("key of api", limits, terms, dispatcher.Ours))));
        var gate = new Gate("api", [new Scope("api", [], terms, dispatcher.Ours)], pool);
        var idle = GC.GetTotalMemory(forceFullCollection: true) - before;
        var key = new LaneKey(Cost.One, RequestPriority.Medium, null, null);
        var permits = new Permit[Keys];
        var withoutPermits = GC.GetTotalMemory(forceFullCollection: true);
        for (var index = 0; index < Keys; index++)
        {
            permits[index] = dispatcher.TryAcquire(gate, key) ?? throw new InvalidOperationException("every key has room for one");
            dispatcher.Sent(permits[index], dispatcher.Clock.Now);
            dispatcher.Answered(permits[index], dispatcher.Clock.Now);
            dispatcher.Ended(permits[index], dispatcher.Clock.Now);
        }
        var used = permits.Select(permit => permit.Key).Distinct().Count();
        if (used != Keys)
            throw new InvalidOperationException($"{used} keys were used, not all {Keys}");
        Array.Clear(permits);
        var live = GC.GetTotalMemory(forceFullCollection: true) - withoutPermits;
        GC.KeepAlive((pool, gate, secrets));
        return (idle / (double)Keys, (idle + live) / (double)Keys);
    }
}
