using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Headgate.App.Service;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Proxy;

namespace Headgate.IntegrationTests.Service;

/// <summary>
/// Ten thousand connections that say nothing, or half of something. Each takes a file here and one in the service: both need a limit of open
/// files (<c>ulimit -Hn</c>) of 17,000 for that. With less there are as many as the service lets in, and it is said how many.
/// </summary>
[Collection(Measured.Alone)]
public sealed class IdleConnectionsTests(ITestOutputHelper output)
{
    private const int Wanted = 10_000;

    [Fact]
    public async Task Good_calls_go_on_beside_ten_thousand_connections_that_say_nothing()
    {
        var files = long.Parse(File.ReadLines("/proc/self/limits").Single(line => line.StartsWith("Max open files", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], CultureInfo.InvariantCulture);
        var count = (int)Math.Min(Wanted, CallerLimits.MostConnections(files, CallerLimits.OfService) - 10);
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");
        await GoodAsync(service, 50);
        var before = MemoryOf(service.Process.Id);
        var address = new IPEndPoint(IPAddress.Loopback, service.Client.BaseAddress!.Port);

        var idle = new List<Socket>(count);
        try
        {
            for (var n = 0; n < count; n++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                idle.Add(socket);
                await socket.ConnectAsync(address).WaitAsync(Cli.Patience);
                // Every fourth stops in the middle of its first line.
                if (n % 4 == 0)
                    await socket.SendAsync("PRI"u8.ToArray());
            }
            var worst = await GoodAsync(service, 500);
            var each = (MemoryOf(service.Process.Id) - before) / count;
            var closed = idle.Count(socket => socket.Poll(0, SelectMode.SelectRead));
            output.WriteLine($"{count} connections (open files: {files}), {closed} of them closed; the slowest of 500 good calls {worst.TotalMilliseconds:0} ms; {each} bytes each");
            Assert.Equal(0, closed);
            Assert.InRange(each, 0, 20_000);
        }
        finally
        {
            idle.ForEach(socket => socket.Dispose());
        }
        await GoodAsync(service, 50);
    }

    [Fact]
    public async Task More_connections_than_the_files_of_the_process_allow_are_closed_at_once_and_the_rest_goes_on()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        const int files = 700;
        var script = cli.Write("few-files.sh", $"ulimit -n {files}\nexec \"$@\"\n");
        await using var service = await ServiceProcess.StartThroughAsync(cli, ["bash", script], "--up", $"sim={api.Url}");
        await GoodAsync(service, 5);
        var idle = new List<RawCall>();
        try
        {
            for (var n = 0; n < 600; n++)
                idle.Add(await RawCall.OpenAsync(service.Client.BaseAddress!.Port));
            var refused = 0;
            // The client's own is one of those that were let in.
            var expected = 600 - (int)CallerLimits.MostConnections(files, CallerLimits.OfService) + 1;
            for (var round = 0; round < 200 && (refused = idle.Count(call => call.Socket.Poll(0, SelectMode.SelectRead))) < expected; round++)
                await Task.Delay(50);

            output.WriteLine($"{refused} of 600 connections refused with {files} files");
            Assert.InRange(refused, expected - 2, expected + 2);
            // Whoever is in stays in, and is served.
            await GoodAsync(service, 50);
            Assert.Equal(200, (await service.CallAsync("GET", $"/api/v1/get?url={api.Url}/job")).Status);
        }
        finally
        {
            idle.ForEach(call => call.Dispose());
        }
    }

    /// <summary>Calls, one after the other; how long the slowest took.</summary>
    private static async Task<TimeSpan> GoodAsync(ServiceProcess service, int count)
    {
        var worst = TimeSpan.Zero;
        for (var n = 0; n < count; n++)
        {
            var before = TimeProvider.System.GetTimestamp();
            using var answer = await service.Client.GetAsync($"/up/sim/{n}");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var took = TimeProvider.System.GetElapsedTime(before);
            worst = took > worst ? took : worst;
        }
        return worst;
    }

    private static long MemoryOf(int process) =>
        1024 * long.Parse(File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
