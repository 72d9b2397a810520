using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>Dead letters that may have arrived are not done once more unless they are named, and whoever asks for all is told so beforehand.</summary>
public sealed class MaybeSentReplayTests
{
    [Fact]
    public async Task A_preview_says_how_many_would_be_left_and_why()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Latency = LatencyShape.TryParse("60s")! });
        await using var cli = new Cli();
        string[] apis = ["--up", $"sim={api.Url}", "--up", "gone=http://127.0.0.1:1"];
        await using (var first = await ServiceProcess.StartAsync(cli, apis))
        {
            await first.SubmitAsync(Enumerable.Range(0, 2).Select(n => $$"""{"url":"{{api.Url}}/{{n}}","method":"POST","data":{"n":{{n}}} }"""));
            for (var look = 0; look < 500 && api.Report().Arrivals < 2; look++)
                await Task.Delay(20);
            first.Process.Kill();
            await first.Process.EndAsync();
        }
        await using var service = await ServiceProcess.StartAsync(cli, apis);
        await service.WaitAsync(await service.SubmitAsync(["""{"url":"http://127.0.0.1:1/","retries":0}"""]));
        for (var look = 0; look < 500 && (await service.CallAsync("GET", "/api/v1/requests?status=open")).Json["requests"]!.AsArray().Count > 0; look++)
            await Task.Delay(20);
        cli.Environment["HEADGATE_SERVER"] = service.Client.BaseAddress!.ToString();

        var (_, preview) = await service.CallAsync("POST", "/api/v1/dlq:replay?all=true&dry_run=true");
        Assert.Equal("""{"matched":3,"submitted":0,"maybe_sent":2,"refused":0,"dry_run":true}""", preview.ToJsonString());
        Assert.StartsWith("1 would be submitted; 2 left, since they may have been sent", (await RunAsync(0, "--all", "--dry-run")).Output, StringComparison.Ordinal);
        Assert.StartsWith("3 matched: 1 submitted; 2 left, since they may have been sent", (await RunAsync(1, "--all", "--yes")).Output, StringComparison.Ordinal);
        Assert.Equal("2 would be submitted", (await RunAsync(0, "--filter", "class=maybe_sent", "--dry-run")).Output.Trim());
        Assert.Equal("2 matched: 2 submitted", (await RunAsync(0, "--filter", "class=maybe_sent", "--yes")).Output.Trim());

        async Task<CliResult> RunAsync(int code, params string[] arguments)
        {
            var result = await cli.RunAsync(["dlq", "replay", .. arguments]);
            Assert.True(result.Code == code, $"{result}");
            return result;
        }
    }
}
