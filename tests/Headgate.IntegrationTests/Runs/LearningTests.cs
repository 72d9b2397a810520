using Headgate.App.Simulator;
using Headgate.App.Simulator.Models;
using Headgate.IntegrationTests.Fixtures;
using Headgate.Limits;

namespace Headgate.IntegrationTests.Runs;

/// <summary>Nobody said what the API allows: it tells itself, or it refuses.</summary>
[Collection(Measured.Alone)]
public sealed class LearningTests(ITestOutputHelper output)
{
    public static TheoryData<string, string, int> Styles => Measured.IsLong
        ? new() { { "GitHub", "100/10s", 1100 }, { "GitHub", "100/10s fixed", 1100 }, { "OpenAI", "100/s", 1500 }, { "OpenAI", "100 bucket 100/s", 1500 }, { "Ietf", "100/s", 1500 }, { "Ietf", "300/min", 900 } }
        : new() { { "GitHub", "60/5s", 240 }, { "OpenAI", "100/s", 600 }, { "Ietf", "100/s", 600 } };

    [Theory]
    [MemberData(nameof(Styles))]
    public async Task What_answers_tell_is_learned_within_a_few_refusals_and_used(string style, string limit, int count)
    {
        await using var api = await SimulatedApi.StartAsync(Options(limit, Enum.Parse<AnswerStyle>(style)));
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, count));

        var result = await cli.RunAsync("", TimeSpan.FromMinutes(4), "run", "in.jsonl", "-o", "out.jsonl", "--json");

        var (report, declared) = (api.Report(), Limit.Parse(limit));
        var arrivals = api.Arrivals();
        output.WriteLine(result.Error);
        output.WriteLine($"{report.Refused} refused of {report.Arrivals}, {report.Rate:0.0}/s over {report.SpanSeconds:0.0} s");
        Assert.Equal((0, count), (result.Code, report.Items.Succeeded));
        Assert.Contains("learned from its answers", result.Error, StringComparison.Ordinal);
        // Its first answer tells it, mostly: 0 of them were measured. Those in flight when the first refusal came may follow.
        Assert.InRange(report.Refused, 0, 5);
        var learned = arrivals[0].TUs + 2 * declared.Period.Ticks / 10;
        Assert.DoesNotContain(arrivals, arrival => arrival.TUs > learned && arrival.Status is 429 or 403);
        // A first window may go at once; it is the others that show the rate.
        var windows = (count - declared.Amount) / (double)declared.Amount;
        Assert.InRange(report.SpanSeconds, 0, (windows + 2) * declared.Period.TotalSeconds / (Measured.IsLong ? 0.9 : 0.75));
        Assert.Equal(0, (await cli.RunAsync("verify", "out.jsonl.ledger")).Code);
    }

    [Fact]
    public async Task A_limit_that_is_halved_on_the_way_costs_a_handful_of_refusals()
    {
        await using var api = await SimulatedApi.StartAsync(Options("100/s", AnswerStyle.Ietf));
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 500));
        await using var run = cli.Start("run", "in.jsonl", "-o", "out.jsonl", "--json");
        while (api.Report().Arrivals < 200)
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);

        Assert.Null(api.Change("50/s"));
        var result = await run.EndAsync(TimeSpan.FromMinutes(1));

        var report = api.Report();
        output.WriteLine($"{result.Error}\n{report.Refused} refused");
        Assert.Equal((0, 500), (result.Code, report.Items.Succeeded));
        Assert.InRange(report.Refused, 0, 20);
        Assert.Contains("50/s", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_two_window_counter_under_sliding_is_noticed_and_obeyed()
    {
        await using var api = await SimulatedApi.StartAsync(Options("50/s", AnswerStyle.Plain) with { Model = new ModelChoice(ModelKind.Counter) });
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 600));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "50/s", "--json");

        var (report, arrivals) = (api.Report(), api.Arrivals());
        output.WriteLine($"{result.Error}\n{report.Refused} refused of {report.Arrivals} in {report.SpanSeconds:0.0} s");
        Assert.Equal((0, 600), (result.Code, report.Items.Succeeded));
        Assert.Contains("50/s counter", result.Error, StringComparison.Ordinal);
        Assert.InRange(report.Refused, 2, 60);
        // The second half of the time is without one.
        var half = (arrivals[0].TUs + arrivals[^1].TUs) / 2;
        Assert.DoesNotContain(arrivals, arrival => arrival.TUs > half && arrival.Status == 429);
    }

    [Fact]
    public async Task An_api_that_refuses_without_a_word_is_searched_for_its_limit()
    {
        await using var api = await SimulatedApi.StartAsync(Options("100/s", AnswerStyle.None));
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 900));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--json");

        var report = api.Report();
        output.WriteLine($"{result.Error}\n{report.Refused} refused of {report.Arrivals} at {report.Rate:0.0}/s");
        Assert.Equal((0, 900), (result.Code, report.Items.Succeeded));
        Assert.Contains("does not say how much it allows", result.Error, StringComparison.Ordinal);
        Assert.InRange(report.Refused, 1, 150);
        Assert.InRange(report.Rate, 40, 101);
    }

    [Fact]
    public async Task A_thousand_who_were_told_to_wait_come_back_as_no_herd()
    {
        var arrivals = new System.Collections.Concurrent.ConcurrentQueue<(long Us, bool Refused)>();
        var opensAt = long.MaxValue;
        await using var server = await SmallServer.StartAsync(context =>
        {
            var now = (long)TimeProvider.System.GetElapsedTime(0).TotalMicroseconds;
            Interlocked.CompareExchange(ref opensAt, now + 500_000, long.MaxValue);
            var isRefused = now < Interlocked.Read(ref opensAt);
            arrivals.Enqueue((now, isRefused));
            if (isRefused)
                (context.Response.StatusCode, context.Response.Headers.RetryAfter) = (429, "1");
            return Task.CompletedTask;
        });
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(server.Url, 1500));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "500/s", "--concurrency", "1000", "--json");

        long[] after = [.. arrivals.Where(arrival => !arrival.Refused).Select(arrival => arrival.Us).Order()];
        var (herd, window) = (PaceTests.WorstWindow(after, 100_000), PaceTests.WorstWindow(after, 1_000_000));
        output.WriteLine($"{result.Error}\n{arrivals.Count(arrival => arrival.Refused)} refused, then at most {herd} in 100 ms and {window} in a second");
        Assert.Equal(0, result.Code);
        Assert.Equal(1500, after.Length);
        Assert.InRange(arrivals.Count(arrival => arrival.Refused), 100, 700);
        Assert.InRange(window, 100, 500);
        // At the allowed pace that is 50; on a busy machine some threads wake late and together.
        Assert.InRange(PaceTests.WorstWindow([.. after.Where(us => us < after[0] + 900_000)], 100_000), 10, Measured.IsLong ? 75 : 120);
    }

    private static SimulatorOptions Options(string limit, AnswerStyle style) => new()
    {
        Limits = [Limit.Parse(limit)],
        Latency = LatencyShape.TryParse("5ms")!,
        Style = style,
    };
}
