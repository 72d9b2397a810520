using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Runs;

/// <summary>The same command again, and what may have changed in between.</summary>
public sealed class ResumeTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_deadline_ends_the_run_with_5_and_the_same_command_goes_on()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        var input = cli.Write("in.jsonl", Requests.Items(api.Url, 60));
        string[] command = ["run", input, "-o", "out.jsonl", "--limit", "20/s"];

        var result = await cli.RunAsync([.. command, "--deadline", "1500ms"]);

        output.WriteLine(result.Error);
        Assert.Equal(5, result.Code);
        Assert.InRange(cli.Results().Count, 20, 45);
        Assert.Equal(cli.Results().Count, api.Report().Arrivals);
        Assert.Equal(0, (await cli.RunAsync(command)).Code);
        RunOutput.EachOnce(cli.Results(), await RunOutput.IdsAsync(input));
        Assert.Equal(60, api.Report().Arrivals);
    }

    [Theory]
    [InlineData("--limit", "none")]
    [InlineData("--total-limit", "1000/s")]
    [InlineData("--limit", "60/4s", "--state", "none")]
    public async Task A_limit_of_which_only_the_ledger_knows_what_was_sent_before_counts_that_when_it_goes_on(string option, string other, params string[] both)
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-1ms", "20ms", "60/4s"));
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 100));
        await using (var first = cli.Start(["run", "in.jsonl", "-o", "out.jsonl", option, other, "--concurrency", "1", .. both]))
        {
            await SharingTests.UntilAsync(() => api.Report().Arrivals > 20);
            first.Kill();
            await first.EndAsync();
        }

        var rest = await cli.RunAsync(["run", "in.jsonl", "-o", "out.jsonl", "--limit", "60/4s", .. both]);

        output.WriteLine(rest.Error);
        Assert.Equal(0, rest.Code);
        Assert.Equal((0, 100), (api.Report().Refused, cli.Results().Count));
        Assert.InRange(api.Report().Limits[0].OfferedWorstPercent, 0, 100);
        Assert.Equal(0, (await cli.RunAsync("verify", "out.jsonl.ledger")).Code);
    }

    [Fact]
    public async Task A_line_that_was_killed_after_its_answer_was_cut_goes_on_and_is_not_said_to_be_sent_again()
    {
        var isCut = true;
        await using var server = new Connections.ByteServer(async request =>
        {
            await request.SayAsync($"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{(isCut ? "12345" : "1234567890")}");
            return !isCut;
        });
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Line("x", server.Url + "/x"));
        // Its second attempt waits for a minute.
        await using (var first = cli.Start("run", "in.jsonl", "-o", "out.jsonl", "--limit", "1/min"))
        {
            await SharingTests.UntilAsync(() => File.Exists(cli.PathOf("out.jsonl.ledger")) && cli.Ledger().Any(send => send.End is { Class: "network" }));
            first.Kill();
            await first.EndAsync();
        }
        isCut = false;

        var rest = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "none");

        output.WriteLine(rest.Error);
        Assert.Equal((0, 2), (rest.Code, server.Requests));
        Assert.True(Assert.Single(cli.Results()) is { Ok: true, MaybeSent: false });
    }

    [Fact]
    public async Task A_POST_that_may_have_arrived_is_not_sent_again_by_retry_failed_without_a_word()
    {
        await using var server = await SmallServer.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var cli = new Cli();
        cli.Write("in.jsonl", $$"""{"url":"{{server.Url}}/","method":"POST","data":"x","timeout":0.2}""");
        string[] command = ["run", "in.jsonl", "-o", "out.jsonl", "--limit", "none"];
        Assert.Equal(1, (await cli.RunAsync(command)).Code);

        Assert.Equal(1, (await cli.RunAsync([.. command, "--retry-failed"])).Code);

        Assert.Equal(1, server.Requests);
        Assert.Equal("maybe_sent", Assert.Single(cli.Results()).Class);
        await cli.RunAsync([.. command, "--retry-failed", "--resend-maybe"]);
        Assert.Equal(2, server.Requests);
    }

    [Theory]
    [InlineData("10")]
    [InlineData("5%")]
    public async Task Too_many_failures_end_the_run_with_5(string most)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 400, "/status/404"));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "200/s", "--concurrency", "5", "--max-failures", most, "--json");

        Assert.Equal(5, result.Code);
        Assert.InRange(cli.Results().Count, 11, 180);
        Assert.Equal(5, result.Summary().Number("exit_code"));
    }

    [Fact]
    public async Task Retry_failed_sends_what_is_not_ok_and_replaces_its_result()
    {
        var isWell = false;
        await using var server = await SmallServer.StartAsync(context =>
        {
            context.Response.StatusCode = isWell || !context.Request.Query["item"].ToString().EndsWith('3') ? 200 : 500;
            return Task.CompletedTask;
        });
        await using var cli = new Cli();
        var input = cli.Write("in.jsonl", Requests.Items(server.Url, 40));
        string[] command = ["run", input, "-o", "out.jsonl", "--retries", "0", "--limit", "none"];

        Assert.Equal(1, (await cli.RunAsync(command)).Code);
        Assert.Equal((40, 4), (server.Requests, cli.Results().Count(line => !line.Ok)));
        Assert.Equal(1, (await cli.RunAsync(command)).Code);
        Assert.Equal(40, server.Requests);
        Assert.Equal(1, (await cli.RunAsync([.. command, "--retry-failed"])).Code);
        Assert.Equal((44, 4), (server.Requests, cli.Results().Count(line => !line.Ok)));
        isWell = true;
        Assert.Equal(0, (await cli.RunAsync([.. command, "--retry-failed"])).Code);

        Assert.Equal(48, server.Requests);
        RunOutput.EachOnce(cli.Results(), await RunOutput.IdsAsync(input));
        Assert.All(cli.Results(), line => Assert.True(line is { Ok: true, MaybeSent: false }));
    }

    [Fact]
    public async Task New_lines_run_and_those_that_are_done_do_not()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        var input = cli.Write("in.jsonl", Requests.Items(api.Url, 10));
        Assert.Equal(0, (await cli.RunAsync("run", input, "-o", "out.jsonl")).Code);

        cli.Write("in.jsonl", Requests.Items(api.Url, 15));
        Assert.Equal(0, (await cli.RunAsync("run", input, "-o", "out.jsonl")).Code);

        Assert.Equal((15, 0), (api.Report().Arrivals, api.Report().Items.Doubled));
        RunOutput.EachOnce(cli.Results(), await RunOutput.IdsAsync(input));
    }

    [Theory]
    [InlineData("a changed line with an id", "line 3 of")]
    [InlineData("a line taken out", "line 3 of")]
    [InlineData("lines without ids that moved", "line 1 of")]
    public async Task A_line_that_changed_is_refused_with_its_number_before_anything_is_sent(string change, string named)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        var hasIds = !change.Contains("without ids", StringComparison.Ordinal);
        List<string> lines = [.. Enumerable.Range(1, 10).Select(n => hasIds ? Requests.Item(api.Url, n) : $$"""{"url":"{{api.Url}}/x?item={{n}}"}""")];
        var input = cli.Write("in.jsonl", lines);
        Assert.Equal(0, (await cli.RunAsync("run", input, "-o", "out.jsonl")).Code);
        var results = cli.Read("out.jsonl");

        if (!hasIds)
            lines.Insert(0, $$"""{"url":"{{api.Url}}/x?item=new"}""");
        else if (change.Contains("taken out", StringComparison.Ordinal))
            lines.RemoveAt(2);
        else
            lines[2] = Requests.Item(api.Url, 3, "/other");
        lines.Insert(hasIds ? 0 : 1, Requests.Item(api.Url, 99));
        cli.Write("in.jsonl", lines);
        var refused = await cli.RunAsync("run", input, "-o", "out.jsonl");

        output.WriteLine(refused.Error);
        Assert.Equal(3, refused.Code);
        Assert.Contains(change.StartsWith("a changed", StringComparison.Ordinal) ? "line 4 of" : named, refused.Error, StringComparison.Ordinal);
        Assert.Contains("--fresh", refused.Error, StringComparison.Ordinal);
        Assert.Equal(10, api.Report().Arrivals);
        Assert.Equal(results, cli.Read("out.jsonl"));
        Assert.Equal(0, (await cli.RunAsync("run", input, "-o", "out.jsonl", "--fresh")).Code);
        Assert.Equal(lines.Count, cli.Results().Count);
    }

    [Fact]
    public async Task Results_without_a_ledger_and_results_of_another_input_are_refused()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 3));
        cli.Write("other.jsonl", Requests.Items(api.Url, 3));
        cli.Write("out.jsonl", "something of mine\n");

        var alone = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl");
        Assert.Equal(3, alone.Code);
        Assert.Contains("out.jsonl.ledger", alone.Error, StringComparison.Ordinal);
        Assert.Equal("something of mine\n", await File.ReadAllTextAsync(cli.PathOf("out.jsonl")));

        Assert.Equal(0, (await cli.RunAsync("run", "in.jsonl", "-o", "mine.jsonl")).Code);
        var other = await cli.RunAsync("run", "other.jsonl", "-o", "mine.jsonl");
        Assert.Equal(3, other.Code);
        Assert.Contains("in.jsonl", other.Error, StringComparison.Ordinal);
        Assert.Equal(3, api.Report().Arrivals);
    }

    [Fact]
    public async Task Other_limits_than_before_are_allowed_and_count_what_was_sent()
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-10ms", "5ms", "40/2s"));
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 40));
        Assert.Equal(0, (await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "1000/s")).Code);
        cli.Write("in.jsonl", Requests.Items(api.Url, 80));

        Assert.Equal(0, (await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "40/2s")).Code);

        Assert.Equal((80, 0), (api.Report().Arrivals, api.Report().Refused));
        Assert.Equal(0, (await cli.RunAsync("verify", "out.jsonl.ledger")).Code);
    }
}
