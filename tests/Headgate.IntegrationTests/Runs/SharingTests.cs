using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Runs;

/// <summary>Two runs on one API or key never exceed its limits together.</summary>
[Collection(Measured.Alone)]
public sealed class SharingTests(ITestOutputHelper output)
{
    private const string Limit = "100/2s";

    [Theory]
    [InlineData("api")]
    [InlineData("key")]
    [InlineData("total")]
    public async Task A_run_right_after_another_counts_what_that_has_sent(string scope)
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-30ms", "5ms", Limit));
        await using var cli = new Cli();
        cli.Write("keys.txt", "only s3cret\n");
        string[] limits = scope switch
        {
            "key" => ["--keys", "keys.txt", "--key-limit", Limit],
            "total" => ["--total-limit", Limit],
            _ => ["--limit", Limit],
        };
        cli.Write("first.jsonl", Requests.Items(api.Url, 150));
        cli.Write("second.jsonl", Enumerable.Range(151, 150).Select(n => Requests.Item(api.Url, n)));

        Assert.Equal(0, (await cli.RunAsync(["run", "first.jsonl", "-o", "first.out", .. limits])).Code);
        Assert.Equal(0, (await cli.RunAsync(["run", "second.jsonl", "-o", "second.out", .. limits])).Code);

        Judge(api, 300);
    }

    [Fact]
    public async Task The_second_of_two_at_once_is_refused_and_told_who_is_in_the_way()
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-30ms", "5ms", Limit));
        await using var cli = new Cli();
        cli.Write("first.jsonl", Requests.Items(api.Url, 500));
        cli.Write("second.jsonl", Enumerable.Range(1001, 10).Select(n => Requests.Item(api.Url, n)));
        await using var first = cli.Start("run", "first.jsonl", "-o", "first.out", "--limit", Limit);
        await UntilAsync(() => api.Report().Arrivals > 0);

        var second = await cli.RunAsync("run", "second.jsonl", "-o", "second.out", "--limit", "10/s");
        var sameFiles = await cli.RunAsync("run", "first.jsonl", "-o", "first.out", "--limit", Limit, "--fresh");

        output.WriteLine(second.Error);
        output.WriteLine(sameFiles.Error);
        Assert.Equal(3, second.Code);
        Assert.Contains($"process {first.Id}", second.Error, StringComparison.Ordinal);
        Assert.Contains("--share 1/K", second.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(cli.PathOf("second.out.ledger")), "a run that is refused leaves no files");
        Assert.Equal(3, sameFiles.Code);
        Assert.Equal(0, (await first.EndAsync()).Code);
        Assert.Equal(500, cli.Results("first.out").Count);
        Judge(api, 500);
    }

    [Fact]
    public async Task Another_run_with_the_same_results_is_refused_even_without_limits()
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-1ms", "1000ms"));
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 30));
        await using var first = cli.Start("run", "in.jsonl", "-o", "out.jsonl", "--limit", "none", "--concurrency", "10");
        await UntilAsync(() => api.Report().Arrivals > 0);

        var second = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "none", "--fresh");

        output.WriteLine(second.Error);
        Assert.Equal(3, second.Code);
        Assert.Contains($"process {first.Id}", second.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await first.EndAsync()).Code);
        Assert.Equal(30, cli.Results().Count);
        Assert.Equal(30, api.Report().Arrivals);
    }

    [Fact]
    public async Task With_a_share_each_both_run_and_nothing_is_exceeded()
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-30ms", "5ms", "100/s"));
        await using var cli = new Cli();
        cli.Write("first.jsonl", Requests.Items(api.Url, 400));
        cli.Write("second.jsonl", Enumerable.Range(401, 400).Select(n => Requests.Item(api.Url, n)));
        await using var first = cli.Start("run", "first.jsonl", "-o", "first.out", "--limit", "100/s", "--share", "1/2", "--json");
        await using var second = cli.Start("run", "second.jsonl", "-o", "second.out", "--limit", "100/s", "--share", "1/2", "--json");
        await UntilAsync(() => api.Report().Arrivals > 100);

        var third = await cli.RunAsync("run", "first.jsonl", "-o", "third.out", "--limit", "100/s", "--share", "1/2");
        var whole = await cli.RunAsync("run", "first.jsonl", "-o", "whole.out", "--limit", "100/s");

        output.WriteLine(third.Error);
        output.WriteLine(whole.Error);
        Assert.Equal((3, 3), (third.Code, whole.Code));
        foreach (var run in new[] { first, second })
            Assert.Equal(0, (await run.EndAsync()).Code);
        Judge(api, 800);
    }

    [Fact]
    public async Task A_share_that_leaves_less_than_one_is_refused()
    {
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items("http://127.0.0.1:1", 1));
        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "1/s", "--share", "1/2");
        Assert.Equal(3, result.Code);
        Assert.Contains("cannot be divided by 2", result.Error, StringComparison.Ordinal);
    }

    internal static async Task UntilAsync(Func<bool> condition)
    {
        var until = DateTime.UtcNow + Cli.Patience;
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < until, "what was waited for did not come");
            await Task.Delay(5);
        }
    }

    private void Judge(SimulatedApi api, int count)
    {
        var report = api.Report();
        output.WriteLine($"judge: {report.Limits[0].Limit}: worst window {report.Limits[0].OfferedWorstWindow} of {report.Limits[0].Allowed}, {report.Arrivals} arrivals in {report.SpanSeconds:0.00} s");
        Assert.Equal((count, 0, 0), (report.Arrivals, report.Refused, report.Items.Doubled));
        Assert.InRange(report.Limits[0].OfferedWorstPercent, 90, 100);
    }
}
