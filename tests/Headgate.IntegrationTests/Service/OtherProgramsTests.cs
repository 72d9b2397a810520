using System.Diagnostics;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>Programs that know nothing of limits get every answer of a real nginx through the gateway, told its limit or not.</summary>
[Collection(Measured.Alone)]
public sealed class OtherProgramsTests(ITestOutputHelper output)
{
    private const double Best = 19.8;

    /// <summary>Each takes 20 to 30 s.</summary>
    public static TheoryData<string, bool> Programs => Measured.IsLong ? new() { { "curl", true }, { "curl", false }, { "node", true }, { "node", false } } : new() { { "curl", true }, { "node", false } };

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Two_hundred_answers_of_two_hundred(string program, bool isTold)
    {
        await using var nginx = await Nginx.StartAsync("10r/s", burst: 1);
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, ["--up", $"nginx={nginx.Url.ToString().TrimEnd('/')}", .. isTold ? (string[])["--limit", "10/s burst=2"] : []]);
        List<string> urls = [.. Enumerable.Range(1, 200).Select(n => $"{service.Client.BaseAddress}up/nginx/item/{n}")];

        var statuses = await FetchAsync(cli, program, urls);

        Assert.Equal(200, statuses.Count);
        Assert.All(statuses, status => Assert.Equal("200", status));
        var log = nginx.ReadLog();
        var refused = log.Count(request => request.Status == 429);
        var took = log.Max(request => request.Arrived) - log.Min(request => request.Arrived);
        output.WriteLine($"{program}, {(isTold ? "told" : "not told")}: {log.Count} requests, {refused} refused, {took:0.00} s from the first to the last");
        Assert.Equal(200, log.Where(request => request.Status == 200).Select(request => request.Path).Distinct().Count());
        if (!isTold)
        {
            Assert.InRange(refused, 0, 100);
            return;
        }
        Assert.Equal(0, refused);
        Assert.InRange(took, Best - 0.2, 1.03 * Best + 1);
    }

    /// <summary>The statuses that the program has seen.</summary>
    private static async Task<List<string>> FetchAsync(Cli cli, string program, List<string> urls)
    {
        string[] arguments = ["-s", "-Z", "--parallel-max", "50", "--retry", "3", "-w", "%{http_code}\n", "-K", cli.Write("urls", urls.Select(url => $"url = \"{url}\"\noutput = \"/dev/null\""))];
        if (program == "node")
            arguments = ["-e", $"const urls = require('fs').readFileSync('{cli.Write("list", urls)}', 'utf8').trim().split('\\n');Promise.all(urls.map(async url => {{ const answer = await fetch(url); await answer.text(); console.log(answer.status); }}))"];
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        // Progress that nobody looks at.
        var shown = process.StandardError.ReadToEndAsync();
        var said = await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(3));
        await process.WaitForExitAsync().WaitAsync(Cli.Patience);
        await shown;
        return [.. said.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }
}
