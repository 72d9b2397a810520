using System.Text.Json;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary><c>headgate doctor</c> finds what is wrong before the service does, and changes nothing.</summary>
public sealed class DoctorTests
{
    [Fact]
    public async Task Where_all_is_well_it_says_so_and_leaves_no_trace()
    {
        await using var cli = new Cli();

        var (code, findings) = await LookAsync(cli, "--listen", "127.0.0.1:0");

        Assert.Equal(0, code);
        Assert.All((string[])["config", "data", "disk", "port", "files", "memory", "boot"], what => Assert.Contains(findings, finding => finding.What == what && finding.Health == "ok"));
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(cli.Folder), entry => !entry.EndsWith("state", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Beside_a_service_it_tells_of_it_and_harms_nothing()
    {
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli);

        var (code, findings) = await LookAsync(cli, "--listen", service.Client.BaseAddress!.Authority);

        Assert.Equal(0, code);
        Assert.Contains(findings, finding => finding is { What: "jobs", Health: "ok" } && finding.Text.Contains("in use by a service", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding is { What: "port", Health: "warn" });
        Assert.Equal(200, (await service.CallAsync("GET", "/readyz")).Status);
    }

    [Fact]
    public async Task What_is_wrong_is_told_all_at_once_with_what_to_do()
    {
        await using var cli = new Cli();
        Directory.CreateDirectory(cli.PathOf("data"));
        cli.Write("data/headgate.db", "this is no database at all, but long enough to be looked at as if it were one");
        cli.Write("headgate.json", """{ "upstreams": { "a": { "base": ["http://a"], "keys": { "from": ["env:NOT_SET"] } } }, "log": { "level": "loud" } }""");

        var (code, findings) = await LookAsync(cli, "--listen", "127.0.0.1:0");

        Assert.Equal(3, code);
        Assert.Equal(["config", "jobs", "keys"], findings.Where(finding => finding.Health == "fail").Select(finding => finding.What).Order());
        Assert.All(findings.Where(finding => finding.Health != "ok"), finding => Assert.NotEmpty(finding.Cure));
    }

    [Fact]
    public async Task A_full_disk_and_too_few_files_are_seen()
    {
        Assert.SkipUnless(Environment.UserName == "root", "a small disk needs root to be mounted");
        await using var disk = await Tmpfs.MountAsync("64k");
        await using var cli = new Cli();
        try
        {
            await File.WriteAllBytesAsync(Path.Combine(disk.Folder, "ballast"), new byte[1 << 20]);
        }
        catch (IOException)
        {
            // That was all the room there is.
        }
        cli.Write("headgate.json", """{ "defaults": { "concurrency": 1000000 } }""");

        var (code, findings) = await LookAsync(cli, "--data", disk.Folder, "--listen", "127.0.0.1:0");

        Assert.Equal(3, code);
        Assert.All(findings.Where(finding => finding.What is "data" or "disk"), finding => Assert.True(finding.Health == "fail" && finding.Cure.Contains("make room", StringComparison.Ordinal), $"{finding}"));
        Assert.Contains(findings, finding => finding is { What: "files", Health: "warn" } && finding.Cure.Contains("LimitNOFILE", StringComparison.Ordinal));
    }

    private static async Task<(int Code, List<Found> Findings)> LookAsync(Cli cli, params string[] options)
    {
        var result = await cli.RunAsync(["doctor", "--json", .. options]);
        return (result.Code, [.. JsonDocument.Parse(result.Output).RootElement.EnumerateArray().Select(finding => new Found(finding.GetProperty("what").GetString()!, finding.GetProperty("health").GetString()!, finding.GetProperty("text").GetString()!, finding.GetProperty("cure").GetString() ?? ""))]);
    }

    private sealed record Found(string What, string Health, string Text, string Cure);
}
