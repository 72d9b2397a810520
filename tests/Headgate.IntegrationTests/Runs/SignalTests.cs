using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Runs;

/// <summary>Ctrl-C and SIGTERM drain; the second ends at once; either way the same command goes on.</summary>
[Collection(Measured.Alone)]
public sealed class SignalTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(false, false, 130)]
    [InlineData(true, false, 143)]
    [InlineData(false, true, 130)]
    public async Task What_is_in_flight_is_finished_and_recorded(bool terminates, bool ordered, int code)
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-10ms", "300ms", "100/s"));
        await using var cli = new Cli();
        var input = cli.Write("in.jsonl", Requests.Items(api.Url, 250));
        string[] command = ["run", "in.jsonl", "-o", "out.jsonl", "--limit", "100/s", .. ordered ? (string[])["--ordered"] : []];
        await using var run = cli.Start(command);
        await SharingTests.UntilAsync(() => api.Report().Arrivals > 50);

        if (terminates)
            run.Terminate();
        else
            run.Interrupt();
        var result = await run.EndAsync();

        output.WriteLine(result.ToString());
        Assert.Equal(code, result.Code);
        var (report, results) = (api.Report(), cli.Results());
        Assert.Equal((0, report.Arrivals), (report.Abandoned, report.Answered));
        Assert.Equal(report.Arrivals, results.Count);
        Assert.All(results, line => Assert.True(line.Ok));
        Assert.All(cli.Ledger(), send => Assert.NotNull(send.End));
        Assert.Contains("run the same command again", result.Error, StringComparison.Ordinal);

        var rest = await cli.RunAsync(command);
        Assert.Equal(0, rest.Code);
        RunOutput.EachOnce(cli.Results(), await RunOutput.IdsAsync(input));
        Assert.DoesNotContain(cli.Results(), line => line.MaybeSent);
        Assert.Equal((250, 0, 0), (api.Report().Arrivals, api.Report().Refused, api.Report().Items.Doubled));
        if (ordered)
            Assert.Equal(cli.Results().Select(line => line.Line).Order(), cli.Results().Select(line => line.Line));
    }

    [Fact]
    public async Task A_request_that_was_sent_elsewhere_comes_before_others_and_is_finished()
    {
        await using var server = await SmallServer.StartAsync(context =>
        {
            if (context.Request.Method == "POST")
                context.Response.Redirect("/there");
            return Task.CompletedTask;
        });
        await using var cli = new Cli();
        cli.Write("in.jsonl", Enumerable.Range(1, 200).Select(n => $$"""{"id":"i{{n}}","url":"{{server.Url}}/","method":"POST","data":{"n": {{n}} } }"""));
        string[] command = ["run", "in.jsonl", "-o", "out.jsonl", "--limit", "100/s", "--concurrency", "2"];
        await using var run = cli.Start(command);
        await SharingTests.UntilAsync(() => server.Requests > 120);

        run.Interrupt();
        var result = await run.EndAsync();

        output.WriteLine(result.ToString());
        Assert.Equal(130, result.Code);
        Assert.Equal(server.Requests, 2 * cli.Results().Count);
        Assert.Equal(0, (await cli.RunAsync(command)).Code);
        Assert.Equal((400, 200), (server.Requests, cli.Results().Count(line => line.Ok)));
        Assert.DoesNotContain(cli.Results(), line => line.MaybeSent);
    }

    [Fact]
    public async Task A_second_Ctrl_C_ends_at_once_and_the_run_can_go_on()
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-10ms", "10ms"));
        await using var cli = new Cli();
        var input = cli.Write("in.jsonl", Enumerable.Range(1, 20).Select(n => Requests.Item(api.Url, n, "/delay/8000")));
        await using var run = cli.Start("run", "in.jsonl", "-o", "out.jsonl", "--limit", "none");
        await SharingTests.UntilAsync(() => api.Report().Arrivals == 20);

        run.Interrupt();
        run.Interrupt(); // within a quarter of a second it is the same one told twice
        await Task.Delay(1000);
        Assert.False(run.HasEnded, "the first Ctrl-C waits for what is in flight");
        run.Interrupt();
        var asked = TimeProvider.System.GetTimestamp();
        var result = await run.EndAsync();

        output.WriteLine($"exit {result.Code}, {TimeProvider.System.GetElapsedTime(asked).TotalSeconds:0.00} s after the second");
        Assert.Equal(130, result.Code);
        Assert.InRange(TimeProvider.System.GetElapsedTime(asked).TotalSeconds, 0, 3);
        var rest = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "none");
        Assert.Equal(0, rest.Code);
        RunOutput.EachOnce(cli.Results(), await RunOutput.IdsAsync(input));
        Assert.All(cli.Results(), line => Assert.True(line is { Ok: true, MaybeSent: true }, $"{line}"));
    }

    [Fact]
    public async Task Waiting_and_pausing_lines_do_not_hold_up_the_end()
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-1ms", "1ms"));
        await using var cli = new Cli();
        cli.Write("in.jsonl",
        [
            Requests.Line("later", $"{api.Url}/x", "\"not_before\":\"1h\""),
            Requests.Line("held", $"{api.Url}/status/503?retry_after=600"),
            Requests.Line("backing-off", $"{api.Url}/reset", "\"retry_delay\":600"),
            .. Requests.Items(api.Url, 10),
        ]);
        await using var run = cli.Start("run", "in.jsonl", "-o", "out.jsonl", "--limit", "5/min");
        await SharingTests.UntilAsync(() => api.Report().Arrivals >= 5);
        await Task.Delay(200);

        run.Interrupt();
        var asked = TimeProvider.System.GetTimestamp();
        Assert.Equal(130, (await run.EndAsync()).Code);
        Assert.InRange(TimeProvider.System.GetElapsedTime(asked).TotalSeconds, 0, 3);
    }
}
