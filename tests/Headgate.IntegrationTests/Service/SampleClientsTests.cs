using System.Diagnostics;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Docs;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>The clients among the samples do what they say; that in Python is written for the original service.</summary>
public sealed class SampleClientsTests
{
    [Theory]
    [InlineData("/usr/bin/python3", "submit_and_wait.py")]
    [InlineData("node", "submit-and-wait.mjs")]
    public async Task A_client_submits_and_waits(string program, string sample)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");

        using var client = Process.Start(new ProcessStartInfo(program, [Path.Combine(Document.Root, "samples", "service", sample), service.Client.BaseAddress!.ToString().TrimEnd('/'), $"{api.Url}/x", "20"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, error) = (client.StandardOutput.ReadToEndAsync(), client.StandardError.ReadToEndAsync());
        await client.WaitForExitAsync().WaitAsync(Cli.Patience);

        Assert.True(client.ExitCode == 0, await error);
        var lines = (await output).TrimEnd().Split('\n');
        Assert.Equal("20 completed, 0 failed", lines[^1]);
        Assert.Equal(Enumerable.Range(0, 20).Select(n => $"completed 200 {api.Url}/x?n={n}"), lines[..^1]);
    }
}
