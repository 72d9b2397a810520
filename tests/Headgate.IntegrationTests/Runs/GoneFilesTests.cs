using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Runs;

/// <summary>A file that is deleted while a run writes it takes every write and keeps none: the run must not go on as if it were written down.</summary>
public sealed class GoneFilesTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("out.jsonl")]
    [InlineData("out.jsonl.ledger")]
    [InlineData("state")]
    public async Task A_run_whose_file_is_deleted_ends_with_7_and_names_it(string what)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 2000));
        var run = cli.Start("run", "in.jsonl", "-o", "out.jsonl", "--limit", "100/s");
        await run.Error.WaitForAsync(text => text.Contains("100/s", StringComparison.Ordinal), Cli.Patience);
        while (api.Report().Arrivals < 10)
            await Task.Delay(20, TestContext.Current.CancellationToken);

        if (what == "state")
            Directory.Delete(cli.State, recursive: true);
        else
            File.Delete(cli.PathOf(what));
        var result = await run.EndAsync(Cli.Patience);

        output.WriteLine(result.ToString());
        Assert.Equal(7, result.Code);
        Assert.Contains("it was deleted", result.Error, StringComparison.Ordinal);
        Assert.Contains(what, result.Error, StringComparison.Ordinal);
        Assert.InRange(api.Report().Arrivals, 10, 1000);
    }
}
