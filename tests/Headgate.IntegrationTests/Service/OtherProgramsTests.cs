using System.Diagnostics;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>
/// Programs that know nothing of limits get every answer of a real nginx through gateway or forward proxy, told its limit or not. All at once, each
/// from an nginx of its own.
/// </summary>
[Collection(Measured.Alone)]
public sealed class OtherProgramsTests(ITestOutputHelper output)
{
    private const double Best = 19.8;
    private const int Urls = 200;

    private static readonly string[] Programs = ["curl-gateway", "curl-proxy", "node-gateway", "aria2c-proxy", "scrapy-proxy"];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_hundred_answers_of_two_hundred(bool isTold)
    {
        await using var cli = new Cli();
        var servers = new Dictionary<string, Nginx>();
        try
        {
            foreach (var program in Programs)
                servers[program] = await Nginx.StartAsync("10r/s", burst: 1);
            // What is told by no name is told by nothing at all: through the gateway an API has a name at least.
            var ups = servers.Where(server => isTold || server.Key.EndsWith("gateway", StringComparison.Ordinal)).SelectMany(server => (string[])["--up", $"{server.Key}={Base(server.Value)}"]);
            await using var service = await ServiceProcess.StartAsync(cli, ["--proxy-listen", "127.0.0.1:0", .. ups, .. isTold ? (string[])["--limit", "10/s burst=2"] : ["--allow-private"]]);
            var proxy = await service.ProxyAsync();

            var fetched = await Task.WhenAll(Programs.Select(program => FetchAsync(cli, program, proxy, program.EndsWith("gateway", StringComparison.Ordinal)
                ? $"{service.Client.BaseAddress}up/{program}"
                : Base(servers[program]))));

            Assert.All(Programs.Zip(fetched), each => Judge(each.First, each.Second, servers[each.First].ReadLog(), isTold));
        }
        finally
        {
            foreach (var server in servers.Values)
                await server.DisposeAsync();
        }
    }

    private void Judge(string program, List<string> statuses, IReadOnlyList<NginxRequest> log, bool isTold)
    {
        var refused = log.Count(request => request.Status == 429);
        var took = log.Max(request => request.Arrived) - log.Min(request => request.Arrived);
        output.WriteLine($"{program}, {(isTold ? "told" : "not told")}: {statuses.Count(status => status == "200")} answers, {log.Count} requests, {refused} refused, {took:0.00} s from the first to the last");
        Assert.Equal(Urls, statuses.Count);
        Assert.All(statuses, status => Assert.Equal("200", status));
        Assert.Equal(Urls, log.Where(request => request.Status == 200).Select(request => request.Path).Distinct().Count());
        if (!isTold)
        {
            // A handful before the first refusal is heard, and one for each time that it tries whether more is allowed.
            Assert.InRange(refused, 0, 40);
            return;
        }
        Assert.Equal((0, Urls), (refused, log.Count));
        Assert.InRange(took, Best - 0.2, 1.03 * Best + 1);
    }

    private static string Base(Nginx server) => server.Url.ToString().TrimEnd('/');

    /// <summary>Has a program fetch all URLs of a server at once, as it does by itself; the statuses that it has seen.</summary>
    private static async Task<List<string>> FetchAsync(Cli cli, string program, Uri proxy, string server)
    {
        List<string> urls = [.. Enumerable.Range(1, Urls).Select(n => $"{server}/item/{n}")];
        var list = cli.Write($"{program}.txt", urls);
        switch (program)
        {
            case "curl-gateway" or "curl-proxy":
                string[] by = program == "curl-proxy" ? ["-x", proxy.ToString()] : [];
                return await RunAsync("curl", [.. by, "-s", "-Z", "--parallel-max", "50", "--retry", "3", "-w", "%{http_code}\n", "-K", cli.Write($"{program}.curl", urls.Select(url => $"url = \"{url}\"\noutput = \"/dev/null\""))]);
            case "node-gateway":
                return await RunAsync("node", ["-e", $"const urls = require('fs').readFileSync('{list}', 'utf8').trim().split('\\n');Promise.all(urls.map(async url => {{ const answer = await fetch(url); await answer.text(); console.log(answer.status); }}))"]);
            case "scrapy-proxy":
                return await RunAsync("scrapy", ["runspider", "-L", "ERROR", "-s", "CONCURRENT_REQUESTS=50", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=50", "-s", "TELNETCONSOLE_ENABLED=False", "-a", $"urls={list}", cli.Write("statuses.py", [Spider])], ("http_proxy", proxy.ToString()));
            default:
                var files = Path.Combine(cli.Folder, "aria2c");
                await RunAsync("aria2c", ["-q", "-j", "50", "--no-conf", "--all-proxy", proxy.ToString(), "-d", files, "-i", list]);
                // It says nothing of statuses: what it has got is what it has written, whole.
                return [.. Directory.EnumerateFiles(files).Select(file => File.ReadAllText(file) == "ok\n" ? "200" : file)];
        }
    }

    private const string Spider = """
        import scrapy

        class Statuses(scrapy.Spider):
            name = "statuses"

            def start_requests(self):
                for url in open(self.urls):
                    yield scrapy.Request(url.strip(), errback=self.failed)

            def parse(self, response):
                print(response.status, flush=True)

            def failed(self, failure):
                print(failure.value, flush=True)
        """;

    private static async Task<List<string>> RunAsync(string program, string[] arguments, (string Name, string Value)? setting = null)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Where(name => name.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        if (setting is { } given)
            start.Environment[given.Name] = given.Value;
        using var process = Process.Start(start)!;
        try
        {
            var shown = process.StandardError.ReadToEndAsync();
            var said = await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(3));
            await process.WaitForExitAsync().WaitAsync(Cli.Patience);
            Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {await shown}");
            return [.. said.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }
}
