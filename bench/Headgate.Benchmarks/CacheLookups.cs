using System.Collections.Concurrent;
using System.Globalization;
using Headgate.Caching;

namespace Headgate.Benchmarks;

/// <summary>The cache: how much of a trace it finds, how fast it finds, and what an answer takes in memory beside what is counted.</summary>
internal static class CacheLookups
{
    private const int Keys = 100_000;
    private const int Room = 10_000;
    private const int Body = 1_000;
    private const int Times = 80;

    /// <summary>1 January 2026, milliseconds.</summary>
    private const long Now = 1_767_225_600_000;

    public static Task RunAsync(Session session)
    {
        var it = session.Report;
        var (first, later) = Ratio(session.Either(5, 1));
        it.Hold($"found of a zipf trace (0.99; {Keys:#,0} keys, room for {Room:#,0}): the first million", Percent(first), "≥ 77 %", first >= 0.77);
        if (later is { } more)
            it.Add("found of the millions after it", Percent(more));

        var (rules, cache) = (new CacheRules(), new AnswerCache(1L << 30));
        var (bytes, counted) = Fill(cache);
        it.Hold("an answer of 1,000 bytes: memory, of what is counted", Percent(bytes / counted), "≤ 100 %", bytes <= counted);
        it.Add("an answer of 1,000 bytes: memory", string.Create(CultureInfo.InvariantCulture, $"{bytes:0} B"));

        var store = Filled();
        var urls = Enumerable.Range(0, Room).Select(UrlOf).ToArray();
        var trace = Trace(Room, new Random(1), 1 << 16);
        Rate("lookup, all found, one core", Measure(session, 1, trace, turn => store.Find(new CacheKey(urls[turn], 0)) is not null), "≥ 15 M/s", 15e6);
        Rate("lookup, all found, two threads: each", Measure(session, 2, trace, turn => store.Find(new CacheKey(urls[turn], 0)) is not null), null, 0);
        var table = new ConcurrentDictionary<string, object>(urls.Select(url => KeyValuePair.Create(url, new object())));
        Rate("a ConcurrentDictionary of the runtime, one core", Measure(session, 1, trace, turn => table.ContainsKey(urls[turn])), null, 0);
        var requests = Enumerable.Range(0, Room).Select(number => CacheRequest.Of(rules, "GET", new Uri(UrlOf(number)), FieldList.Empty, hasBody: false)).ToArray();
        Rate("lookup, choice and decision: served, one core", Measure(session, 1, trace, turn => cache.Decide(requests[turn], Now + 1_000).IsHit), null, 0);
        return Task.CompletedTask;

        void Rate(string what, (double PerSecond, double Bytes) measured, string? hold, double least)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"{measured.PerSecond / 1e6:0.0} M/s");
            if (hold is null)
                it.Add(what, text);
            else
                it.HoldTime(what, text, hold, measured.PerSecond >= least);
            it.Hold($"{what}: bytes", string.Create(CultureInfo.InvariantCulture, $"{measured.Bytes:0.###} B"), "0 B", measured.Bytes < 0.001);
        }
    }

    private static string UrlOf(int number) => $"https://api.test/v1/things/{number:000000}";

    private static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{part * 100:0.0} %");

    private static (double First, double? Later) Ratio(int millions)
    {
        var store = new ByteStore<int, object>(Room * (Body + ByteStore<int, object>.Overhead));
        var found = new double[millions];
        var random = new Random(7);
        for (var million = 0; million < millions; million++)
            foreach (var key in Trace(Keys, random, 1_000_000))
                if (store.Find(key) is not null)
                    found[million]++;
                else
                    store.Replace(key, null, new object(), Body);
        return (found[0] / 1e6, millions == 1 ? null : found[1..].Average() / 1e6);
    }

    private static int[] Trace(int keys, Random random, int length)
    {
        var upTo = new double[keys];
        var sum = 0.0;
        for (var key = 0; key < keys; key++)
            upTo[key] = sum += Math.Pow(key + 1, -0.99);
        return [.. Enumerable.Range(0, length).Select(_ => Array.BinarySearch(upTo, random.NextDouble() * sum) is var at && at < 0 ? Math.Min(~at, keys - 1) : at)];
    }

    private static (double Bytes, double Counted) Fill(AnswerCache cache)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var number = 0; number < Room; number++)
        {
            var request = CacheRequest.Of(new CacheRules(), "GET", new Uri(UrlOf(number)), FieldList.Empty, hasBody: false);
            var fields = new FieldList(new Field("Content-Type", $"application/json; n={number}"), new Field("Cache-Control", $"max-age=9{number}"), new Field("ETag", $"\"{number}\""), new Field("Date", DateTimeOffset.FromUnixTimeMilliseconds(Now).ToString("r")));
            var answer = new ReceivedAnswer(200, null, fields, Now, Now, new byte[Body]);
            cache.Keep(request, cache.Receive(request, cache.Decide(request, Now), answer), answer, out _);
        }
        return ((GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Room, cache.Bytes / (double)Room);
    }

    private static ByteStore<CacheKey, object> Filled()
    {
        var store = new ByteStore<CacheKey, object>(Room * 2L * (Body + ByteStore<CacheKey, object>.Overhead));
        for (var number = 0; number < Room; number++)
            store.Replace(new CacheKey(UrlOf(number), 0), null, new object(), Body);
        return store;
    }

    /// <summary>For each second of processor time, so that it is per core whoever else uses the machine; the best of several rounds.</summary>
    private static (double PerSecond, double Bytes) Measure(Session session, int threads, int[] trace, Func<int, bool> find)
    {
        // Until the runtime has compiled it for good, which it does after so many calls.
        for (var call = 0; call < 100; call++)
            Loop(trace, find, 1);
        var best = (PerSecond: 0.0, Bytes: double.MaxValue);
        for (var round = 0; round < session.Either(10, 4); round++)
        {
            var bytes = new double[threads];
            var all = Enumerable.Range(0, threads).Select(number => new Thread(() => bytes[number] = Loop(trace, find, Times))).ToList();
            var cpu = Environment.CpuUsage.TotalTime;
            all.ForEach(thread => thread.Start());
            all.ForEach(thread => thread.Join());
            var seconds = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
            best = (Math.Max(best.PerSecond, threads * (double)Times * trace.Length / seconds), Math.Min(best.Bytes, bytes.Max()));
        }
        return best;
    }

    /// <summary>Bytes that a turn allocates.</summary>
    private static double Loop(int[] trace, Func<int, bool> find, int times)
    {
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var found = 0;
        for (var time = 0; time < times; time++)
            foreach (var turn in trace)
                found += find(turn) ? 1 : 0;
        if (found != times * trace.Length)
            throw new InvalidOperationException($"{found} were found, not all {times * trace.Length}");
        return (GC.GetAllocatedBytesForCurrentThread() - bytes) / (double)found;
    }
}
