using System.Diagnostics;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Runs;

/// <summary>How a run ends is told to whoever watches, and what it wrote stands where it was told to.</summary>
public sealed class SummaryTests
{
    [Fact]
    public async Task A_deadline_is_told_with_what_is_left_and_how_to_go_on()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 40));

        var stopped = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "10/s", "--deadline", "0.5");

        Assert.Equal(5, stopped.Code);
        Assert.Contains("stopped       the deadline was reached, 30 left", stopped.Error, StringComparison.Ordinal);
        Assert.Contains("to go on      run the same command again", stopped.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_was_refused_until_it_was_stopped_says_so_and_how_long_that_took()
    {
        await using var server = await SmallServer.StartAsync(context =>
        {
            (context.Response.StatusCode, context.Response.Headers.RetryAfter) = (429, "60");
            return Task.CompletedTask;
        });
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(server.Url, 3));

        var stopped = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--deadline", "1.5", "--json");

        var summary = stopped.Summary();
        Assert.Equal((5, 0), (stopped.Code, summary.Number("finished")));
        Assert.Equal((server.Requests, server.Requests), (summary.Number("sent"), summary.Number("refused")));
        Assert.InRange(summary.Seconds("wall"), 1, 10);
        Assert.InRange(summary.Seconds("held"), 0.5, summary.Seconds("wall"));
    }

    [Fact]
    public async Task A_percentage_of_failures_holds_for_a_short_run_too_and_one_that_is_over_cannot_go_on()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 6, "/status/404"));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "none", "--max-failures", "20%");

        Assert.Equal(5, result.Code);
        Assert.Contains("stopped       more than 20% failed\n", result.Error.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.DoesNotContain("to go on", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_summary_as_JSON_is_written_once()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 3));

        var toFile = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "none", "--json");
        var toOutput = await cli.RunAsync("run", "in.jsonl", "--limit", "none", "--json");

        Assert.Equal(3, toFile.Summary().Number("ok"));
        Assert.DoesNotContain("{", toFile.Error, StringComparison.Ordinal);
        Assert.Equal(3, toOutput.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("{\"total\":3,", toOutput.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Results_in_a_file_that_others_write_too_are_not_written_over()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 3));
        const string Twice = "(echo first; for n in 1 2; do dotnet \"$0\" run in.jsonl --limit none --state state || exit; done; echo last) > all 2> talk";
        var start = new ProcessStartInfo("sh", ["-c", Twice, Path.Combine(AppContext.BaseDirectory, "headgate-cli.dll")]) { WorkingDirectory = cli.Folder };

        using var shell = Process.Start(start)!;
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, shell.ExitCode);
        var lines = cli.Read("all");
        Assert.Equal(("first", "last", 8), (lines[0], lines[^1], lines.Length));
        Assert.Equal(["i1", "i1", "i2", "i2", "i3", "i3"], lines[1..^1].Select(Outcome.Read).Select(result => result.Id!).Order());
    }
}
