using System.Diagnostics;
using System.Net;
using Headgate.App.Simulator;

namespace Headgate.IntegrationTests.Simulator;

public sealed class WireTests
{
    [Fact]
    public async Task Fin_closes_in_good_order_without_a_byte()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        using var client = new RawClient(api.Url);
        client.SendGet("/fin");
        Assert.Equal(("", "fin"), await client.ReadToEndAsync());
        using var poster = new RawClient(api.Url);
        poster.Send($"POST /fin HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n{new string('x', 100_000)}");
        Assert.Equal(("", "fin"), await poster.ReadToEndAsync());
        Assert.Equal(2, api.Report().Arrivals);
    }

    [Fact]
    public async Task Reset_is_a_reset_on_the_wire()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        using var client = new RawClient(api.Url);
        client.SendGet("/reset");
        Assert.Equal(("", "reset"), await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Shares_of_errors_break_connections_the_same_way()
    {
        foreach (var kind in (string[])["fin", "reset"])
        {
            await using var api = await SimulatedApi.StartAsync(new() { Errors = Errors($"{kind}=100%") });
            using var client = new RawClient(api.Url);
            client.SendGet("/x");
            Assert.Equal(("", kind), await client.ReadToEndAsync());
            Assert.Equal(1, api.Report().Errors[kind]);
        }
    }

    [Fact]
    public async Task A_connection_can_break_after_answers_went_over_it()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        using var client = new RawClient(api.Url);
        client.SendGet("/x");
        await Task.Delay(100);
        client.SendGet("/fin");
        var (received, end) = await client.ReadToEndAsync();
        Assert.Equal("fin", end);
        Assert.EndsWith("""{"ok":true,"path":"/x","n":1}""", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Close_answers_and_then_closes()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        using var client = new RawClient(api.Url);
        client.SendGet("/close");
        var (received, end) = await client.ReadToEndAsync();
        Assert.Equal("fin", end);
        Assert.Contains("Connection: close", received, StringComparison.Ordinal);
        Assert.EndsWith("""{"ok":true,"path":"/close","n":1}""", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_bare_http_client_sends_four_times_what_is_closed_with_a_fin()
    {
        // The fault that Headgate's guard against repeats is made for (measured, see the design); the simulator must show it.
        await using var api = await SimulatedApi.StartAsync(new());
        using var client = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(api.Url + "/fin?item=1"));
        Assert.Equal(4, api.Report().Arrivals);
        Assert.Equal((1, 0, 1), (api.Report().Items.Distinct, api.Report().Items.Succeeded, api.Report().Items.Lost));
    }

    [Fact]
    public async Task A_hang_lasts_until_the_client_leaves()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        using (var client = new RawClient(api.Url))
        {
            client.SendGet("/hang");
            await UntilAsync(() => api.Report().InFlight == 1);
            await Task.Delay(300);
            Assert.Equal((1, 0), (api.Report().InFlight, api.Report().Abandoned));
        }
        await UntilAsync(() => api.Report().InFlight == 0);
        Assert.Equal(1, api.Report().Abandoned);
    }

    [Fact]
    public async Task What_is_on_its_way_arrives_although_its_client_has_gone()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Uplink = UplinkDelay.TryParse("1s")! });
        var clients = new[] { new RawClient(api.Url), new RawClient(api.Url) };
        foreach (var client in clients)
            client.SendGet("/x?item=1");
        // A reset makes the system drop what the server has not read yet, so it gets the time to.
        await Task.Delay(500);
        clients[0].Dispose();
        clients[1].Vanish();
        Assert.Equal(0, api.Report().Arrivals);
        await UntilAsync(() => api.Report() is { Arrivals: 2, InFlight: 0 });
        Assert.Equal(2, api.Report().Accepted);
    }

    [Fact]
    public async Task A_server_goes_on_working_when_its_client_has_gone_and_keeps_its_place()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limits.Limit.Parse("1 concurrent")], Latency = new(TimeSpan.FromMilliseconds(400)) });
        using (var client = new RawClient(api.Url))
        {
            client.SendGet("/x");
            await UntilAsync(() => api.Report().InFlight == 1);
        }
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.TooManyRequests, (await http.GetAsync(api.Url)).StatusCode);
        await UntilAsync(() => api.Report().InFlight == 0);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(api.Url)).StatusCode);
    }

    [Fact]
    public async Task It_stops_at_once_whatever_hangs()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Uplink = UplinkDelay.TryParse("0-5ms")! });
        using var hanging = new RawClient(api.Url);
        hanging.SendGet("/hang");
        using var slow = new RawClient(api.Url);
        slow.SendGet("/delay/60000");
        await UntilAsync(() => api.Report().InFlight == 2);
        var stop = Stopwatch.StartNew();
        await api.DisposeAsync();
        Assert.InRange(stop.ElapsedMilliseconds, 0, 5000);
    }

    internal static FaultShares Errors(string text)
    {
        Assert.True(FaultShares.TryParse(text, out var shares, out var error), error);
        return shares;
    }

    internal static async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 1000 && !condition(); i++)
            await Task.Delay(10);
        Assert.True(condition(), "not within 10 s");
    }
}
