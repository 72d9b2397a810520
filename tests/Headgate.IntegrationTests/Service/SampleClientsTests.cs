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

        var lines = await LinesOfAsync(program, sample, service, $"{api.Url}/x", "20");

        Assert.Equal("20 completed, 0 failed", lines[^1]);
        Assert.Equal(Enumerable.Range(0, 20).Select(n => $"completed 200 {api.Url}/x?n={n}"), lines[..^1]);
    }

    [Theory]
    [InlineData("/usr/bin/python3", "submit_and_wait.py")]
    [InlineData("node", "submit-and-wait.mjs")]
    public async Task A_client_says_why_there_is_no_answer(string program, string sample)
    {
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli);

        var lines = await LinesOfAsync(program, sample, service, "http://10.0.0.1/");

        Assert.Equal("0 completed, 1 failed", lines[^1]);
        Assert.Matches(@"^failed its address is private, .* http://10\.0\.0\.1/\?n=0$", lines[0]);
    }

    private static async Task<string[]> LinesOfAsync(string program, string sample, ServiceProcess service, params string[] arguments)
    {
        using var client = Process.Start(new ProcessStartInfo(program, [Path.Combine(Document.Root, "samples", "service", sample), service.Client.BaseAddress!.ToString().TrimEnd('/'), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, error) = (client.StandardOutput.ReadToEndAsync(), client.StandardError.ReadToEndAsync());
        await client.WaitForExitAsync().WaitAsync(Cli.Patience);

        Assert.True(client.ExitCode == 0, await error);
        return (await output).TrimEnd().Split('\n');
    }
}
