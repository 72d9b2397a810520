using System.Net;
using System.Net.Sockets;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;

namespace Headgate.IntegrationTests.Proxies;

/// <summary>A run through six proxies, two of which are killed in the middle, and one stopped.</summary>
[Collection(Measured.Alone)]
public sealed class DyingProxiesTests(ITestOutputHelper output)
{
    private const int Limit = 20;

    [Theory]
    [InlineData("Microsocks")]
    [InlineData("Squid")]
    public async Task A_run_loses_nothing_to_dying_proxies_and_exceeds_no_exits_limit(string stoppedProgram)
    {
        var stopped = Enum.Parse<ProxyProgram>(stoppedProgram);
        var count = Measured.IsLong ? 3000 : 600;
        await using var api = await ExitServer.StartAsync(limit: Limit, period: TimeSpan.FromSeconds(1), takes: TimeSpan.FromMilliseconds(60));
        var proxies = new List<DebianProxy>();
        try
        {
            var exit = 51;
            foreach (var program in (ProxyProgram[])[ProxyProgram.Tinyproxy, ProxyProgram.Microsocks, ProxyProgram.Squid])
                for (var i = 0; i < 2; i++)
                    proxies.Add(await DebianProxy.StartAsync(program, exit++));
            await using var cli = new Cli();
            cli.Write("proxies.txt", proxies.Select(proxy => proxy.Url));
            cli.Write("headgate.json", """{ "defaults": { "connectTimeout": 2, "timeout": 5 } }""");
            cli.Write("in.jsonl", Enumerable.Range(1, count).Select(n => Requests.Line($"{n}", $"{api.Url}/{n}")));

            // No retry is allowed at all: what is charged for a proxy's fault fails its line.
            await using var run = cli.Start("run", "in.jsonl", "-o", "out.jsonl", "--proxies", "proxies.txt", "--proxy-limit", $"{Limit}/s", "--retries", "0");
            await UntilAsync(() => api.Arrived.Values.Sum() > count / 6);
            await proxies[0].KillAsync();
            // In its place somebody counts who still comes, and lets nobody in.
            using var grave = new TcpListener(IPAddress.Loopback, proxies[0].Port);
            grave.Start();
            var tries = 0;
            _ = Task.Run(async () =>
            {
                while (true)
                {
                    using var came = await grave.AcceptSocketAsync();
                    Interlocked.Increment(ref tries);
                }
            }, TestContext.Current.CancellationToken);
            proxies.Last(proxy => proxy.Program == (stopped == ProxyProgram.Squid ? ProxyProgram.Microsocks : ProxyProgram.Squid)).Kill();
            proxies.First(proxy => proxy.Program == stopped).Stop();
            var result = await run.EndAsync(TimeSpan.FromMinutes(3));
            var verified = await cli.RunAsync("verify", "out.jsonl.ledger");

            output.WriteLine($"{result}\n{verified}\n{string.Join(", ", api.Arrived)}\n{string.Join('\n', cli.Read("out.jsonl").Where(line => line.Contains("\"ok\":false", StringComparison.Ordinal)).Take(5))}");
            Assert.Equal(0, result.Code);
            RunOutput.EachOnce(cli.Results(), Enumerable.Range(1, count).Select(n => $"{n}"));
            Assert.All(cli.Results(), line => Assert.True(line.Ok, $"{line}"));
            Assert.Equal(0, api.Refused);
            Assert.Equal(6, api.Arrived.Keys.Intersect(proxies.Select(proxy => proxy.Exit)).Count());
            Assert.Empty(api.Arrived.Keys.Except(proxies.Select(proxy => proxy.Exit)));
            Assert.Equal(0, verified.Code);
            // Each try, and the question whether it is there: after 0, 1, 5 and 21 s, those that went together at first among them.
            output.WriteLine($"{tries} connections to a dead proxy");
            Assert.InRange(tries, 0, 30);
            // What was under way when its proxy died was sent once more, and little else: in all at most what six proxies hold at once.
            Assert.InRange(api.Arrived.Values.Sum(), count, count + 6 * Limit);
            Assert.All((string[])[result.Output, result.Error, verified.Output, .. Directory.GetFiles(cli.Folder, "out*", SearchOption.AllDirectories).Select(File.ReadAllText)], text =>
            {
                Assert.DoesNotContain(DebianProxy.Password, text, StringComparison.Ordinal);
                Assert.DoesNotContain("bWU6aHVudGVyMg", text, StringComparison.Ordinal);
            });
        }
        finally
        {
            foreach (var proxy in proxies)
                await proxy.DisposeAsync();
        }
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var i = 0; i < 1200 && !isSo(); i++)
            await Task.Delay(25, TestContext.Current.CancellationToken);
        Assert.True(isSo());
    }
}
