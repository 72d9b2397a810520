using System.Text.Json;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.Limits;

namespace Headgate.IntegrationTests.Service;

/// <summary>Records that are on disk before their sends: everything works as it does without, and can be proved.</summary>
[Collection(Measured.Alone)]
public sealed class PowerTests
{
    private const string Durable = """{ "jobs": { "durable": "power" } }""";

    [Fact]
    public async Task A_service_whose_sends_are_on_disk_first_does_its_jobs_within_their_limits()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("200/s")] });
        await using var cli = new Cli();
        cli.Write("headgate.json", Durable);
        await using (var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--up", $"gone=http://127.0.0.1:{Ports.Free()}", "--limit", "200/s", "--timing", "guaranteed", "--retries", "1"))
        {
            var ids = await service.SubmitAsync(Enumerable.Range(0, 300).Select(number => $$"""{"url":"{{api.Url}}/{{number}}"}"""));
            var results = await service.WaitAsync(ids);
            Assert.All(results, job => Assert.True(job.GetProperty("ok").GetBoolean(), job.ToString()));
            var gone = await service.CallAsync("GET", "/up/gone/x");
            Assert.Equal(502, gone.Status);
            service.Process.Terminate();
            Assert.Equal(0, (await service.Process.EndAsync()).Code);
        }
        Assert.Equal((300, 0), (api.Report().Accepted, api.Report().Refused));
        await VerifyAsync(cli, Assert.Single(Directory.GetFiles(cli.PathOf("data/ledgers"))));
    }

    [Fact]
    public async Task A_run_whose_sends_are_on_disk_first_ends_well_and_is_proved()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("200/s")] });
        await using var cli = new Cli();
        cli.Write("headgate.json", Durable);
        var input = cli.Write("in.txt", string.Join('\n', Enumerable.Range(0, 300).Select(number => $"{api.Url}/{number}")));

        var run = await cli.RunAsync("run", input, "-o", cli.PathOf("out.jsonl"), "--limit", "200/s", "--timing", "guaranteed");

        Assert.True(run.Code == 0, run.ToString());
        Assert.Equal((300, 0), (api.Report().Accepted, api.Report().Refused));
        await VerifyAsync(cli, Directory.GetFiles(cli.Folder, "*.ledger").Single());
    }

    private static async Task VerifyAsync(Cli cli, string ledger)
    {
        var verdict = await cli.RunAsync("verify", ledger);
        Assert.True(verdict.Code == 0, verdict.ToString());
    }
}
