using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Microsoft.AspNetCore.Http;

namespace Headgate.IntegrationTests.Runs;

/// <summary>What becomes of a run when its API does badly, or is made to.</summary>
public sealed class ResilienceTests(ITestOutputHelper output)
{
    [Fact]
    public async Task An_api_that_fails_is_left_alone_and_asked_again_later()
    {
        var broken = true;
        await using var server = await SmallServer.StartAsync(context =>
        {
            context.Response.StatusCode = Volatile.Read(ref broken) ? 500 : 200;
            return Task.CompletedTask;
        });
        await using var cli = new Cli();
        cli.Write("headgate.json", Api(server.Url, "\"breaker\": { \"failureThreshold\": 5, \"recoveryTimeout\": 1, \"successThreshold\": 2 }"));
        cli.Write("in.jsonl", Requests.Items(server.Url, 60));
        await using var run = cli.Start("run", "in.jsonl", "-o", "out.jsonl", "--config", "headgate.json", "--concurrency", "5", "--retries", "6");
        await run.Error.WaitForAsync(text => text.Contains("its breaker is open", StringComparison.Ordinal), Cli.Patience);
        var askedWhenItOpened = server.Requests;
        Volatile.Write(ref broken, false);

        var result = await run.EndAsync(Cli.Patience);

        output.WriteLine($"{result}\n{askedWhenItOpened} asked when it opened, {server.Requests} in all");
        Assert.Equal(0, result.Code);
        Assert.Contains("answers again", result.Error, StringComparison.Ordinal);
        Assert.InRange(askedWhenItOpened, 5, 12);
        Assert.All(cli.Results(), line => Assert.True(line.Ok));
    }

    [Fact]
    public async Task A_run_ends_although_its_api_stays_down()
    {
        await using var server = await SmallServer.StartAsync(context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
        await using var cli = new Cli();
        cli.Write("headgate.json", Api(server.Url, "\"breaker\": { \"recoveryTimeout\": 1 }, \"patience\": 2"));
        cli.Write("in.jsonl", Requests.Items(server.Url, 200));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--config", "headgate.json", "--concurrency", "10");

        output.WriteLine($"{result}\n{server.Requests} asked");
        Assert.Equal(1, result.Code);
        var results = cli.Results();
        Assert.Equal(200, results.Count);
        Assert.All(results, line => Assert.True(line.Class is "circuit_open" or "server", line.Class));
        Assert.Contains(results, line => line.Class == "circuit_open" && line.Detail!.Contains("breaker", StringComparison.Ordinal));
        Assert.InRange(server.Requests, 5, 60);
    }

    [Fact]
    public async Task Requests_go_to_another_base_while_theirs_is_down()
    {
        await using var down = await SmallServer.StartAsync(context =>
        {
            context.Response.StatusCode = 502;
            return Task.CompletedTask;
        });
        await using var up = await SmallServer.StartAsync(_ => Task.CompletedTask);
        await using var cli = new Cli();
        cli.Write("headgate.json", $$"""{ "upstreams": { "shop": { "base": ["{{down.Url}}/eu", "{{up.Url}}/us"], "limits": ["none"], "retryDelay": 0.01 } } }""".Replace("[\"none\"]", "\"none\"", StringComparison.Ordinal));
        cli.Write("in.jsonl", Requests.Items(down.Url, 100, "/eu/items"));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--config", "headgate.json", "--concurrency", "2");

        output.WriteLine($"{result}\n{down.Requests} at the one that is down, {up.Requests} at the other");
        Assert.Equal(0, result.Code);
        Assert.InRange(down.Requests, 3, 10);
        Assert.Equal(100, up.Requests);
        Assert.Contains("/us/items?item=i1", up.ByPath.Keys);
        Assert.Contains("is down", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_attempt_overtakes_one_that_hangs_and_both_are_in_the_ledger()
    {
        var count = 0;
        await using var server = await SmallServer.StartAsync(async context =>
        {
            if (Interlocked.Increment(ref count) % 20 == 0)
                await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, context.RequestAborted);
        });
        await using var cli = new Cli();
        cli.Write("headgate.json", Api(server.Url, "\"hedge\": { \"after\": \"200ms\" }"));
        cli.Write("in.jsonl", Requests.Items(server.Url, 100));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--config", "headgate.json", "--concurrency", "20", "--limit", "1000/s");

        output.WriteLine($"{result}\n{server.Requests} arrived");
        Assert.Equal(0, result.Code);
        Assert.InRange(server.Requests, 104, 107);
        Assert.Equal(server.Requests, cli.Ledger().Count);
        Assert.All(cli.Ledger(), send => Assert.NotNull(send.End));
        Assert.Equal(server.Requests, cli.Results().Sum(line => line.Attempts));
        Assert.InRange(result.Elapsed.TotalSeconds, 0, 8);
        Assert.Equal(0, (await cli.RunAsync("verify", "out.jsonl.ledger")).Code);
    }

    [Fact]
    public async Task Chaos_is_marked_in_the_results_and_what_it_answers_never_reaches_the_api()
    {
        await using var api = await SimulatedApi.StartAsync(new SimulatorOptions());
        await using var cli = new Cli();
        cli.Write("headgate.json", Api(api.Url, "\"chaos\": { \"errors\": \"500 30%\", \"resets\": \"10%\", \"latency\": \"5ms 20%\" }, \"breaker\": \"off\", \"retries\": 0"));
        cli.Write("in.jsonl", Requests.Items(api.Url, 300));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--config", "headgate.json");

        output.WriteLine(result.ToString());
        var results = cli.Results();
        var marked = File.ReadLines(cli.PathOf("out.jsonl")).Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement)
            .GroupBy(line => line.TryGetProperty("chaos", out var chaos) ? chaos.GetString() : "none").ToDictionary(group => group.Key!, group => group.Count());
        Assert.Equal(1, result.Code);
        Assert.InRange(marked["error"], 50, 130);
        Assert.InRange(marked["reset"], 8, 60);
        Assert.Equal(results.Count(line => line.Ok), api.Report().Arrivals);
        Assert.Equal(300 - marked["error"] - marked["reset"], results.Count(line => line.Ok));
    }

    [Fact]
    public async Task An_answer_of_200_that_says_it_is_throttled_is_a_refusal()
    {
        var refusals = 3;
        await using var server = await SmallServer.StartAsync(context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(Interlocked.Decrement(ref refusals) >= 0 ? """{"errors":[{"code":"SLOW"}]}""" : """{"data":1}""");
        });
        await using var cli = new Cli();
        cli.Write("headgate.json", Api(server.Url, "\"throttled\": { \"status\": 200, \"pointer\": \"/errors/0/code\", \"equals\": \"SLOW\" }"));
        cli.Write("in.jsonl", Requests.Items(server.Url, 20));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--config", "headgate.json", "--concurrency", "1", "--json");

        output.WriteLine(result.ToString());
        Assert.Equal(0, result.Code);
        Assert.Equal(3, result.Summary().Number("refused"));
        Assert.Equal(23, server.Requests);
        Assert.All(File.ReadLines(cli.PathOf("out.jsonl")), line => Assert.Contains("""\"data\":1""", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refusal_whose_body_breaks_off_is_a_refusal_all_the_same()
    {
        var refusals = 2;
        await using var server = await SmallServer.StartAsync(async context =>
        {
            if (Interlocked.Decrement(ref refusals) < 0)
                return;
            (context.Response.StatusCode, context.Response.ContentType, context.Response.ContentLength) = (429, "application/json", 1000);
            await context.Response.WriteAsync("{\"error\":");
            await context.Response.Body.FlushAsync();
            // A reset overtakes what was written before it.
            await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System);
            context.Abort();
        });
        await using var cli = new Cli();
        cli.Write("in.jsonl", Enumerable.Range(1, 10).Select(n => Requests.Line($"{n}", $"{server.Url}/{n}", "\"method\":\"POST\",\"data\":\"x\"")));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--concurrency", "1", "--json");

        output.WriteLine(result.ToString());
        Assert.Equal((0, 2, 12), (result.Code, result.Summary().Number("refused"), server.Requests));
        Assert.DoesNotContain(cli.Results(), line => line.MaybeSent);
    }

    private static string Api(string url, string settings) => $$"""{ "upstreams": { "api": { "base": ["{{url}}"], "limits": "none", "retryDelay": 0.01, {{settings}} } } }""";
}
