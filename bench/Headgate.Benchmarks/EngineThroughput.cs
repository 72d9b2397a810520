using System.Globalization;
using System.Net;
using Headgate.Configuration;
using Headgate.Limits;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace Headgate.Benchmarks;

/// <summary>
/// The straight line around SocketsHttpHandler, against the same loop with nothing around it, and with Polly's retry, breaker and
/// timeouts around it: 200 in flight, one origin in another process, no ledger; rounds of each in turn in one process.
/// </summary>
internal static class EngineThroughput
{
    private const int InFlight = 200;
    private const string Hedged = "Headgate, hedging too";

    public static async Task RunAsync(Session session)
    {
        var (turns, rounds) = (session.Either(40_000, 10_000), session.Either(11, 3));
        using var origin = await OriginProcess.StartAsync();
        using var bare = new HttpMessageInvoker(new SocketsHttpHandler { UseCookies = false, UseProxy = false, AllowAutoRedirect = false });
        using var polled = new HttpMessageInvoker(new SocketsHttpHandler { UseCookies = false, UseProxy = false, AllowAutoRedirect = false });
        using var free = new Engine(Configuration(), new EngineOptions { Concurrency = InFlight });
        using var limited = new Engine(Configuration("1_000_000/s", "60_000_000/min"), new EngineOptions { Concurrency = InFlight });
        using var whole = new Engine(EveryStage(origin.Uri), new EngineOptions { Concurrency = InFlight });
        using var hedged = new Engine(EveryStage(origin.Uri, hedges: true), new EngineOptions { Concurrency = InFlight });
        var (line, limitedLine, wholeLine, hedgedLine, pipeline) = (new StraightLine(free), new StraightLine(limited), new StraightLine(whole), new StraightLine(hedged), Pipeline());
        var uri = origin.Uri;
        (string Name, Func<ValueTask> Send)[] ways =
        [
            ("bare loop", () => BareAsync(bare, uri)),
            ("Headgate, no limit", () => LineAsync(line, uri)),
            ("Headgate, two limits", () => LineAsync(limitedLine, uri)),
            ("Headgate, every stage but hedging", () => LineAsync(wholeLine, uri)),
            (Hedged, () => LineAsync(hedgedLine, uri)),
            ("Polly", () => PollyAsync(pipeline, polled, uri)),
        ];
        var measured = ways.Select(_ => new List<Round>()).ToArray();
        for (var round = -2; round < rounds; round++)
            for (var way = 0; way < ways.Length; way++)
            {
                var send = ways[way].Send;
                var result = await Round.MeasureAsync(turns, count => LoopAsync(count, send));
                if (round >= 0)
                    measured[way].Add(result);
            }
        var names = ways.Select(way => way.Name).ToList();
        Judge(session, names, measured);
        Console.WriteLine($"{turns} requests a round, {rounds} rounds of each in turn, {InFlight} in flight; medians\n{"",-36}{"requests/s",12}{"µs CPU",10}{"of bare",10}{"instructions",14}{"bytes",10}");
        for (var way = 0; way < names.Count; way++)
        {
            var it = Round.Median(measured[way]);
            Console.WriteLine($"{names[way],-36}{it.PerSecond,12:#,0}{it.CpuMicroseconds,10:0.0}{OfBare(measured, way, round => round.CpuMicroseconds),10:0.0%}{it.Instructions,14:#,0}{it.Bytes,10:#,0}");
        }
    }

    private static void Judge(Session session, List<string> names, List<Round>[] measured)
    {
        var bare = Round.Median(measured[0]);
        session.Report.Add("bare loop", Text($"{bare.PerSecond:#,0}/s, {bare.CpuMicroseconds:0.0} µs CPU, {bare.Bytes:#,0} B"));
        for (var way = 1; way < names.Count; way++)
        {
            var (rate, more) = (OfBare(measured, way, round => round.PerSecond), Round.Median(measured[way]).Bytes - bare.Bytes);
            var cpu = Text($"{OfBare(measured, way, round => round.CpuMicroseconds) * 100:0} %");
            if (names[way] == "Polly")
            {
                session.Report.Add("Polly: throughput, CPU, bytes more, of the bare loop", Text($"{rate * 100:0.0} %, {cpu}, {more:#,0} B"));
                continue;
            }
            if (names[way] == Hedged)
            {
                // Waiting for two things at once has its price, and whoever asks for it sends more than one request for another.
                session.Report.Add($"{Hedged}: throughput, CPU, bytes more, of the bare loop", Text($"{rate * 100:0.0} %, {cpu}, {more:#,0} B"));
                continue;
            }
            session.Report.Hold($"{names[way]}: throughput of the bare loop's", Text($"{rate * 100:0.0} %"), "≥ 90 %", rate >= 0.9);
            session.Report.Hold($"{names[way]}: bytes a request more", Text($"{more:#,0} B"), "≤ 1,024 B", more <= 1024);
            session.Report.Add($"{names[way]}: CPU of the bare loop's", cpu);
        }
    }

    // The ratio within each round, since the machine is not the same from one to the next.
    private static double OfBare(List<Round>[] measured, int way, Func<Round, double> figure) => Round.Middle(measured[way].Zip(measured[0], (mine, bare) => figure(mine) / figure(bare)));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    public static async Task LoopAsync(int turns, Func<ValueTask> send)
    {
        var left = turns;
        await Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
                await send();
        })));
    }

    public static async ValueTask BareAsync(HttpMessageInvoker transport, Uri uri)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        using var answer = await transport.SendAsync(request, CancellationToken.None);
        await ReadAsync(answer, CancellationToken.None);
    }

    public static async ValueTask LineAsync(StraightLine line, Uri uri)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        using var answer = await line.SendAsync(new Exchange(request, SendTerms.None) { Receive = Receive }, CancellationToken.None);
    }

    // A request can be sent once: where anything is to be repeated each attempt needs a new one.
    private static async ValueTask PollyAsync(ResiliencePipeline<HttpResponseMessage> pipeline, HttpMessageInvoker transport, Uri uri)
    {
        using var answer = await pipeline.ExecuteAsync(static async (it, cancellation) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, it.uri);
            var answer = await it.transport.SendAsync(request, cancellation);
            await ReadAsync(answer, cancellation);
            return answer;
        }, (transport, uri), CancellationToken.None);
    }

    private static readonly Func<HttpResponseMessage, CancellationToken, ValueTask> Receive = ReadAsync;

    private static async ValueTask ReadAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        if (answer.StatusCode != HttpStatusCode.OK)
            throw new InvalidOperationException($"the origin answered {(int)answer.StatusCode}");
        await answer.Content.CopyToAsync(Stream.Null, cancellation);
    }

    private static HeadgateConfiguration Configuration(params string[] limits) => HeadgateConfiguration.Default with
    {
        Defaults = UpstreamPolicy.Default with { Limits = [.. limits.Select(Limit.Parse)], Learns = false },
    };

    /// <summary>Learning, breaker, adaptive rate and timeout, a route, connections counted, and perhaps hedging; none of it in the way.</summary>
    public static HeadgateConfiguration EveryStage(Uri uri, bool hedges = false) => HeadgateConfiguration.Default with
    {
        Upstreams =
        [
            new UpstreamConfiguration
            {
                Name = "origin",
                Bases = UpstreamBase.TryParse(uri.GetLeftPart(UriPartial.Authority), out var address, out _) ? [address] : throw new InvalidOperationException($"{uri} is no base"),
                Hedge = !hedges ? null : new HedgeConfiguration(new HedgeAfter(0, TimeSpan.FromSeconds(10))),
                Adaptive = new AdaptiveConfiguration { Rate = true, Timeout = true },
                Routes = [new RouteConfiguration("all", RoutePattern.All, [], [Limit.Parse("1_000_000/s")])],
                Policy = UpstreamPolicy.Default with { Connections = new ConnectionsConfiguration { PerHost = InFlight } },
            },
        ],
    };

    /// <summary>What the usual pipeline has: a time for all, retries, a breaker, a time for each attempt.</summary>
    private static ResiliencePipeline<HttpResponseMessage> Pipeline()
    {
        var failed = new PredicateBuilder<HttpResponseMessage>().Handle<HttpRequestException>().HandleResult(static answer => (int)answer.StatusCode >= 500);
        return new ResiliencePipelineBuilder<HttpResponseMessage>()
            .AddTimeout(TimeSpan.FromSeconds(60))
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage> { MaxRetryAttempts = 3, UseJitter = true, BackoffType = DelayBackoffType.Exponential, ShouldHandle = failed })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage> { ShouldHandle = failed })
            .AddTimeout(TimeSpan.FromSeconds(30))
            .Build();
    }
}
