using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Runs;

/// <summary>Keys: spread, dead, all dead, never shown.</summary>
public sealed class KeyTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_dead_key_is_left_and_the_others_take_over()
    {
        await using var server = await SmallServer.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Headers.Authorization == "Bearer s3cret-dead" ? 401 : 200;
            return Task.CompletedTask;
        });
        await using var cli = new Cli();
        cli.Write("keys.txt", "one s3cret-1\ndead s3cret-dead\ntwo s3cret-2\n");
        var input = cli.Write("in.jsonl", Requests.Items(server.Url, 120));

        var result = await cli.RunAsync("run", input, "-o", "out.jsonl", "--keys", "keys.txt", "--key-limit", "60/s", "--json");

        output.WriteLine(result.ToString());
        Assert.Equal(0, result.Code);
        RunOutput.EachOnce(cli.Results(), await RunOutput.IdsAsync(input));
        Assert.Equal(server.Requests, cli.Ledger().Count);
        Assert.InRange(server.ByKey["Bearer s3cret-dead"], 1, 60);
        Assert.InRange(server.ByKey["Bearer s3cret-1"], 20, 100);
        Assert.InRange(server.ByKey["Bearer s3cret-2"], 20, 100);
        Assert.Single(result.Error.Split('\n'), line => line.Contains("key dead of", StringComparison.Ordinal));
        foreach (var file in Directory.EnumerateFiles(cli.Folder, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith("keys.txt", StringComparison.Ordinal)))
            Assert.DoesNotContain("s3cret", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", result.Error + result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_all_keys_are_dead_every_line_is_recorded_and_the_code_says_so()
    {
        await using var server = await SmallServer.StartAsync(context =>
        {
            context.Response.StatusCode = 401;
            return Task.CompletedTask;
        });
        await using var cli = new Cli();
        cli.Write("keys.txt", "a s3cret-1\nb s3cret-2\n");
        var input = cli.Write("in.jsonl", Requests.Items(server.Url, 300));
        string[] command = ["run", input, "-o", "out.jsonl", "--keys", "keys.txt", "--key-limit", "50/s", "--json"];

        var result = await cli.RunAsync(command);

        output.WriteLine(result.ToString());
        Assert.Equal(6, result.Code);
        RunOutput.EachOnce(cli.Results(), await RunOutput.IdsAsync(input));
        Assert.All(cli.Results(), line => Assert.Equal("auth", line.Class));
        Assert.Equal(server.Requests, cli.Ledger().Count);
        var (before, results) = (server.Requests, cli.Read("out.jsonl"));
        Assert.Equal(6, (await cli.RunAsync(command)).Code);
        Assert.Equal(before, server.Requests);
        Assert.Equal(results, cli.Read("out.jsonl"));
    }

    [Fact]
    public async Task Each_key_keeps_its_own_limit_and_together_they_are_as_fast_as_all()
    {
        await using var api = await SimulatedApi.StartAsync(PaceTests.Options("0-10ms", "5ms", "30/s"));
        await using var cli = new Cli();
        cli.Write("keys.txt", "s3cret-1\ns3cret-2\ns3cret-3\n");
        cli.Write("in.jsonl", Requests.Items(api.Url, 270));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--keys", "keys.txt", "--key-limit", "30/s", "--json");

        var report = api.Report();
        output.WriteLine($"{string.Join(", ", report.Keys)}; wall {result.Summary().Seconds("wall"):0.00} s, best possible {result.Summary().Seconds("bound"):0.00} s");
        Assert.Equal((0, 270, 0), (result.Code, report.Arrivals, report.Refused));
        Assert.All(report.Keys, key => Assert.Equal(90, key.Arrivals));
        Assert.InRange(report.Limits[0].OfferedWorstPercent, 90, 100);
    }
}
