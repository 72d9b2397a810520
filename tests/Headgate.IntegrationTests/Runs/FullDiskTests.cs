using System.Diagnostics;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Runs;

/// <summary>A full disk stops the run with 7, and loses nothing.</summary>
public sealed class FullDiskTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("results")]
    [InlineData("ledger")]
    [InlineData("state")]
    [InlineData("bodies")]
    public async Task A_full_disk_is_named_and_with_more_room_the_same_command_goes_on(string what)
    {
        Assert.SkipUnless(Environment.UserName == "root", "a small disk needs root to be mounted");
        await using var disk = await Tmpfs.MountAsync("96k");
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        var path = what == "bodies" ? "/bytes/3000" : "/x";
        var input = cli.Write("in.jsonl", Enumerable.Range(1, 3000).Select(n => Requests.Item(api.Url, n, path, n % 5 == 0 && what != "bodies" ? ",\"method\":\"POST\"" : "")));
        var results = what is "results" or "ledger" ? Path.Combine(disk.Folder, "out.jsonl") : cli.PathOf("out.jsonl");
        // Results and ledger lie side by side: a link leads the results elsewhere, and only the ledger is on the small disk.
        if (what == "ledger")
            File.CreateSymbolicLink(results, cli.Write("elsewhere.jsonl", ""));
        string[] command = ["run", input, "-o", results, "--limit", "2000/s", .. what == "state" ? (string[])["--state", disk.Folder] : [], .. what == "bodies" ? (string[])["--max-body", "1KiB", "--body-dir", disk.Folder] : []];

        var result = await cli.RunAsync(command);

        output.WriteLine(result.ToString());
        Assert.Equal(7, result.Code);
        Assert.Contains(disk.Folder, result.Error, StringComparison.Ordinal);
        Assert.Contains("No space left", result.Error, StringComparison.Ordinal);
        Assert.InRange(api.Report().Arrivals, 20, 2500);

        await RemountAsync(disk.Folder);
        var rest = await cli.RunAsync(command);

        output.WriteLine(rest.ToString());
        var lines = cli.Results(results);
        RunOutput.EachOnce(lines, await RunOutput.IdsAsync(input));
        Assert.All(lines, line => Assert.True(line.Ok || line.Class == "maybe_sent", $"{line}"));
        // Where results can still be written, what is in flight is finished and recorded before the end.
        Assert.InRange(lines.Count(line => line.MaybeSent), 0, what is "ledger" or "state" ? 0 : 200);
        var posts = api.Arrivals().Where(arrival => int.Parse(arrival.Item.AsSpan(1)) % 5 == 0).GroupBy(arrival => arrival.Item).ToList();
        if (what != "bodies")
            Assert.All(posts, post => Assert.Single(post));
        var verdict = await cli.RunAsync("verify", results + ".ledger");
        output.WriteLine(verdict.ToString());
        Assert.Equal(0, verdict.Code);
    }

    [Fact]
    public async Task Standard_output_that_is_closed_or_full_ends_the_run_with_7()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 500));
        var program = Path.Combine(AppContext.BaseDirectory, "headgate-cli.dll");

        foreach (var target in (string[])["> /dev/full", "| head -n 1 > /dev/null"])
        {
            using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", $"set -o pipefail; dotnet '{program}' run in.jsonl --limit 300/s {target}"]) { UseShellExecute = false, WorkingDirectory = cli.Folder, RedirectStandardError = true, Environment = { ["HEADGATE_STATE"] = cli.State } })!;
            var error = await shell.StandardError.ReadToEndAsync();
            await shell.WaitForExitAsync();
            output.WriteLine(error);
            Assert.Equal(7, shell.ExitCode);
            Assert.Contains("standard output cannot be written", error, StringComparison.Ordinal);
        }
    }

    private static async Task RemountAsync(string folder)
    {
        using var mount = Process.Start("mount", ["-o", "remount,size=64m", folder]);
        await mount.WaitForExitAsync();
        Assert.Equal(0, mount.ExitCode);
    }
}
