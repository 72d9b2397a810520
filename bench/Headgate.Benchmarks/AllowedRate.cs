using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Headgate.Configuration;
using Headgate.Limits;

namespace Headgate.Benchmarks;

/// <summary>
/// How much of an allowed rate is used over ten periods, over real connections. What is not nominal is judged by <c>headgate simulate</c>,
/// which enforces the same limit and shares no code of limits with the engine: it may refuse nothing.
/// </summary>
internal static class AllowedRate
{
    private const int Periods = 10;

    public static async Task RunAsync(Session session)
    {
        using var origin = await OriginProcess.StartAsync();
        await WarmEngineAsync(origin.Uri);
        // What is slow goes side by side; what is fast needs the machine for itself.
        int[][] batches = session.Either<int[][]>([[10, 100], [1000], [5000]], [[100]]);
        List<UseOfRate> all = [];
        foreach (var batch in batches)
        {
            var cases = batch.SelectMany(Cases).ToList();
            var together = batch.Max() switch { <= 100 => cases.Count, <= 1000 => 2, _ => 1 };
            foreach (var some in cases.Chunk(together))
                all.AddRange(await Task.WhenAll(some.Select(it => Task.Run(() => MeasureAsync(it, origin.Uri)))));
        }
        foreach (var it in all)
        {
            var least = it.Case.Timing == LimitTiming.Nominal ? 0.99 : 0.97;
            var value = string.Create(CultureInfo.InvariantCulture, $"{it.Used * 100:0.00} %{(it.Refused is { } count ? $", {count} refused" : "")}");
            session.Report.Hold($"{it.Case.Limit}, {it.Case.Timing.ToString().ToLowerInvariant()}{(it.Case.IsLimiter ? ", limiter alone" : "")}", value, $"≥ {least * 100:0} %{(it.Refused is null ? "" : ", 0 refused")}", it.Used >= least && it.Refused is null or 0);
        }
    }

    // A bucket keeps in its room what is on its way to the wire or unanswered, and what the guard of 1 ms stands for: 5 at 5,000/s. One of
    // two is kept full by a limiter, whose grant is the send, without that guard.
    private static IEnumerable<RateCase> Cases(int rate) =>
    [
        new(rate, 0, LimitTiming.Nominal), new(rate, 0, LimitTiming.Bounded), new(rate, 0, LimitTiming.Guaranteed),
        new(rate, Math.Max(2, rate / 10), LimitTiming.Nominal), new(rate, Math.Max(2, rate / 10), LimitTiming.Bounded),
        new(rate, 2, LimitTiming.Nominal, IsLimiter: true),
    ];

    private static async Task<UseOfRate> MeasureAsync(RateCase it, Uri origin)
    {
        if (it.IsLimiter)
            return new UseOfRate(it, await TakeAsync(it), null);
        if (it.Timing == LimitTiming.Nominal)
            return new UseOfRate(it, await SendAsync(it, origin), null);
        using var judge = Machine.Headgate("simulate", "--listen", "127.0.0.1:0", "--limit", it.Limit, "--per", "all");
        try
        {
            var uri = new Uri(await judge.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException(await judge.StandardError.ReadToEndAsync()));
            using var client = new HttpClient();
            await WarmAsync(client, uri);
            var used = await SendAsync(it, uri);
            using var report = JsonDocument.Parse(await client.GetStringAsync(new Uri(uri, "/__report")));
            return new UseOfRate(it, used, report.RootElement.GetProperty("refused").GetInt64());
        }
        finally
        {
            judge.Kill();
            await judge.WaitForExitAsync();
        }
    }

    private static async Task WarmEngineAsync(Uri uri)
    {
        using var engine = new Engine(HeadgateConfiguration.Default with { Defaults = UpstreamPolicy.Default with { Limits = [Limit.Parse("100000/s"), Limit.Parse("100000/s burst=100000")] } }, new EngineOptions());
        var line = new StraightLine(engine);
        await Task.WhenAll(Enumerable.Range(0, 5000).Select(_ => SendAsync(line, uri)));
    }

    // A server that has just started takes a quarter of a second to look at its first request, which is as long as bounded timing assumes.
    private static async Task WarmAsync(HttpClient client, Uri uri)
    {
        await Task.WhenAll(Enumerable.Range(0, 500).Select(async _ => (await client.GetAsync(uri)).Dispose()));
        (await client.PostAsync(new Uri(uri, "/__reset"), null)).Dispose();
    }

    /// <summary>As <see cref="SendAsync(RateCase, Uri)"/> by the limiter alone.</summary>
    private static async Task<double> TakeAsync(RateCase it)
    {
        await using var limiter = new GateLimiter([it.Limit]);
        var last = Task.WhenAll(Enumerable.Range(0, it.AtOnce + Periods * it.Rate).Select(_ => limiter.AcquireAsync(1, Timeout.InfiniteTimeSpan).AsTask()));
        var start = Stopwatch.GetTimestamp();
        await last;
        return Periods / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Asks for more than is allowed all the time; the ten periods begin when what may go at once has gone.</summary>
    private static async Task<double> SendAsync(RateCase it, Uri uri)
    {
        var policy = UpstreamPolicy.Default with { Limits = [Limit.Parse(it.Limit)], Timing = new TimingChoice(it.Timing), Learns = false };
        using var engine = new Engine(HeadgateConfiguration.Default with { Defaults = policy }, new EngineOptions { Concurrency = 200 });
        var line = new StraightLine(engine);
        var sent = await Task.WhenAll(Enumerable.Range(0, it.AtOnce + Periods * it.Rate).Select(_ => SendAsync(line, uri)));
        Array.Sort(sent);
        return Periods * 1e9 / (sent[^1] - sent[it.AtOnce - 1]);
    }

    private static async Task<long> SendAsync(StraightLine line, Uri uri)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        var exchange = new Exchange(request, SendTerms.None) { Receive = static async (answer, cancellation) => await answer.Content.CopyToAsync(Stream.Null, cancellation) };
        using var answer = await line.SendAsync(exchange, CancellationToken.None);
        return exchange.FirstSentAt;
    }

    private sealed record RateCase(int Rate, int Burst, LimitTiming Timing, bool IsLimiter = false)
    {
        public string Limit => $"{Rate}/s{(Burst > 0 ? $" burst={Burst}" : "")}{(IsLimiter ? " guard=0ms" : "")}";

        /// <summary>What may go at once in the beginning.</summary>
        public int AtOnce => Burst > 0 ? Burst : Rate;
    }

    private sealed record UseOfRate(RateCase Case, double Used, long? Refused);
}
