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
            session.Report.Hold($"{it.Case.Limit}, {it.Case.Timing.ToString().ToLowerInvariant()}", value, $"≥ {least * 100:0} %{(it.Refused is null ? "" : ", 0 refused")}", it.Used >= least && it.Refused is null or 0);
        }
    }

    // A bucket keeps what is unanswered in its room, so one of two cannot be kept full over a network; that is for nominal timing.
    private static IEnumerable<RateCase> Cases(int rate) =>
    [
        new(rate, 0, LimitTiming.Nominal), new(rate, 0, LimitTiming.Bounded), new(rate, 0, LimitTiming.Guaranteed),
        new(rate, 2, LimitTiming.Nominal), new(rate, Math.Max(2, rate / 10), LimitTiming.Bounded),
    ];

    private static async Task<UseOfRate> MeasureAsync(RateCase it, Uri origin)
    {
        if (it.Timing == LimitTiming.Nominal)
            return new UseOfRate(it, await SendAsync(it, origin), null);
        using var judge = Machine.Headgate("simulate", "--listen", "127.0.0.1:0", "--limit", it.Limit, "--per", "all");
        try
        {
            var uri = new Uri(await judge.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException(await judge.StandardError.ReadToEndAsync()));
            var used = await SendAsync(it, uri);
            using var client = new HttpClient();
            using var report = JsonDocument.Parse(await client.GetStringAsync(new Uri(uri, "/__report")));
            return new UseOfRate(it, used, report.RootElement.GetProperty("refused").GetInt64());
        }
        finally
        {
            judge.Kill();
            await judge.WaitForExitAsync();
        }
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
        var exchange = new Exchange(request) { Receive = static async (answer, cancellation) => await answer.Content.CopyToAsync(Stream.Null, cancellation) };
        using var answer = await line.SendAsync(exchange, CancellationToken.None);
        return exchange.FirstSentAt;
    }

    private sealed record RateCase(int Rate, int Burst, LimitTiming Timing)
    {
        public string Limit => Burst > 0 ? $"{Rate}/s burst={Burst}" : $"{Rate}/s";

        /// <summary>What may go at once in the beginning.</summary>
        public int AtOnce => Burst > 0 ? Burst : Rate;
    }

    private sealed record UseOfRate(RateCase Case, double Used, long? Refused);
}
