using System.Text;
using Headgate.App.CommandLine;
using Headgate.App.Demo;
using Headgate.IntegrationTests.CommandLine;
using Headgate.Limits;

namespace Headgate.IntegrationTests.Demo;

public sealed class DemoTests
{
    [Fact]
    public async Task The_whole_of_it_ends_with_no_refusal_and_leaves_nothing_behind()
    {
        await using var program = new ProgramRun();
        var (code, output, error) = await program.RunAsync("demo");
        var told = Encoding.UTF8.GetString(output);

        Assert.Equal((0, ""), (code, code == 0 ? "" : error));
        Assert.Contains("3,000 requests arrived, 0 refused; 0 items lost, 0 doubled", told, StringComparison.Ordinal);
        Assert.Contains("worst second of a key: 100 of 100", told, StringComparison.Ordinal);
        Assert.Contains("No placement of the arrivals exceeds a limit.", told, StringComparison.Ordinal);
        Assert.Contains("3,000 lines: 3,000 ok, 0 failed", error, StringComparison.Ordinal);
        Assert.Matches("best possible [0-9.]+ s: [0-9.]+ %", error);
        Assert.Empty(Directory.EnumerateFileSystemEntries(program.Temporary, "headgate-*"));
        Assert.False(Directory.Exists(Path.Combine(program.Folder, "state")));
    }

    [Fact]
    public async Task Ctrl_C_ends_it_in_good_order_with_130()
    {
        await using var program = new ProgramRun();
        var (code, _, error) = await program.RunAsync(
            said =>
            {
                if (said.Error.EndsWith("each key 100/s\n", StringComparison.Ordinal))
                    ProgramRun.Interrupt(said.Process);
            },
            "demo");

        Assert.Equal(130, code);
        Assert.EndsWith("headgate: the demo was stopped, and its files are deleted\n", error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(program.Temporary, "headgate-*"));
    }

    [Fact]
    public async Task What_is_kept_can_be_verified_again()
    {
        await using var program = new ProgramRun();
        var folder = Path.Combine(program.Folder, "kept");
        var (output, talk) = (new StringWriter(), new StringWriter());
        var demonstration = new Demonstration(output, talk, TimeProvider.System) { Requests = 60, Limit = Limit.Parse("10/s") };

        Assert.Equal(ExitCode.Ok, await demonstration.ExecuteAsync(folder, TestContext.Current.CancellationToken));
        Assert.Contains($"Its files are in {folder}.", output.ToString(), StringComparison.Ordinal);
        Assert.Equal(60, (await File.ReadAllLinesAsync(Path.Combine(folder, "results.jsonl"), TestContext.Current.CancellationToken)).Length);
        var (code, audit, _) = await program.RunAsync("verify", Path.Combine(folder, "results.jsonl.ledger"));
        Assert.Equal(0, code);
        Assert.Contains("60 lines of ", Encoding.UTF8.GetString(audit), StringComparison.Ordinal);

        var again = await Assert.ThrowsAsync<CommandException>(() => demonstration.ExecuteAsync(folder, TestContext.Current.CancellationToken));
        Assert.Equal((ExitCode.Usage, $"--keep {folder}: something is there already; name a folder that is new or empty"), (again.Code, again.Message));
    }
}
