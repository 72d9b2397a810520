using Headgate.IntegrationTests.Connections;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;
using Headgate.IntegrationTests.Service;

namespace Headgate.IntegrationTests.Proxy;

/// <summary>No notation, redirect or detour leads to an address that a caller may not have us connect to, by whichever way it asks.</summary>
public sealed class BlockedAddressTests
{
    private static readonly string[] Private =
    [
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "017700000001", "0177.0.0.1", "0x7f.0.0.1", "0", "0.0.0.0", "localhost", "LOCALHOST",
        "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "0xa9fea9fe", "168.63.129.16", "224.0.0.1", "255.255.255.255",
        "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::1]", "[2002:7f00:1::]",
        "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[2001:db8::1]",
    ];

    [Fact]
    public async Task Every_notation_of_a_private_address_is_refused_while_good_calls_go_on()
    {
        await using var server = new ByteServer(AnswerAsync);
        await using var api = new ByteServer(AnswerAsync);
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--proxy-listen", "127.0.0.1:0", "--up", $"api={api.Url}", "--retries", "0");
        var proxy = await service.ProxyAsync();
        var wrong = new List<string>();

        foreach (var host in Private)
        {
            var url = $"http://{host}:{server.Port}/";
            await ExpectAsync(403, $"GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", proxy.Port);
            await ExpectAsync(403, $"CONNECT {host}:{server.Port} HTTP/1.1\r\nHost: x\r\n\r\n", proxy.Port);
            await ExpectAsync(403, $"GET /api/v1/get?url={Uri.EscapeDataString(url)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", service.Client.BaseAddress!.Port);
            await ExpectAsync(200, $"GET {api.Url}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", proxy.Port);
        }
        // What is no host at all, or names a user, is no URL that could be asked for.
        foreach (var host in (string[])["public.example@127.0.0.1", "%31%32%37.0.0.1", "127.0.0.1%00.example", "127.0.0.1\\.example", "[::1", "127..1"])
        {
            await ExpectAsync(400, $"GET http://{host}:{server.Port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", proxy.Port);
            await ExpectAsync(400, $"CONNECT {host}:{server.Port} HTTP/1.1\r\nHost: x\r\n\r\n", proxy.Port);
        }
        // Whether there is a name with a final dot depends on who is asked for it; the server of HTTP takes [::] for no host.
        foreach (var host in (string[])["localhost.", "127.0.0.1.", "[::]"])
            foreach (var call in (string[])[$"GET http://{host}:{server.Port}/", $"CONNECT {host}:{server.Port}"])
                Assert.Contains(await RawCall.StatusAsync(proxy.Port, $"{call} HTTP/1.1\r\nHost: x\r\n\r\n"), (int[])[400, 403, 502]);

        Assert.Empty(wrong);
        Assert.Equal((0, 0, Private.Length), (server.Connections, server.Requests, api.Requests));

        async Task ExpectAsync(int status, string call, int port)
        {
            var got = RawCall.StatusOf(await RawCall.AskAsync(port, call));
            if (got != status)
                wrong.Add($"{got} {call.Split('\r')[0]}");
        }
    }

    [Fact]
    public async Task A_redirect_leads_nowhere_that_a_call_may_not_go_itself()
    {
        await using var secret = new ByteServer(AnswerAsync);
        await using var server = await SmallServer.StartAsync(context =>
        {
            (context.Response.StatusCode, context.Response.Headers.Location) = (307, $"http://127.1:{secret.Port}/secret");
            return Task.CompletedTask;
        });
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--proxy-listen", "127.0.0.1:0", "--up", $"api={server.Url}");
        var proxy = await service.ProxyAsync();

        Assert.Equal(403, (await service.CallAsync("GET", "/up/api/x")).Status);
        Assert.Equal(403, (await service.CallAsync("GET", $"/api/v1/get?url={server.Url}/x")).Status);
        // A proxy passes it back, and whoever follows it asks again.
        Assert.Equal(307, await RawCall.StatusAsync(proxy.Port, $"GET {server.Url}/x HTTP/1.1\r\nHost: x\r\n\r\n"));
        Assert.Equal(403, await RawCall.StatusAsync(proxy.Port, $"GET http://127.1:{secret.Port}/secret HTTP/1.1\r\nHost: x\r\n\r\n"));
        Assert.Equal(0, secret.Connections);
    }

    [Fact]
    public async Task That_some_paths_of_a_server_are_an_API_opens_no_tunnel_to_the_others()
    {
        await using var server = new ByteServer(AnswerAsync);
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--proxy-listen", "127.0.0.1:0", "--up", $"api={server.Url}/v1");
        var proxy = await service.ProxyAsync();

        Assert.Equal(200, await RawCall.StatusAsync(proxy.Port, $"GET {server.Url}/v1/x HTTP/1.1\r\nHost: x\r\n\r\n"));
        foreach (var call in (string[])[$"GET {server.Url}/admin", $"GET {server.Url}/v1/../admin", $"GET {server.Url}/v1/%2e%2e/admin", $"CONNECT 127.0.0.1:{server.Port}"])
            Assert.Equal(403, await RawCall.StatusAsync(proxy.Port, $"{call} HTTP/1.1\r\nHost: x\r\n\r\n"));
        Assert.Equal(400, await RawCall.StatusAsync(proxy.Port, $"GET {server.Url}/v1/..%2fadmin HTTP/1.1\r\nHost: x\r\n\r\n"));
        Assert.Equal(["/v1/x"], server.ByPath.Keys);
    }

    private static async Task<bool> AnswerAsync(ByteRequest request)
    {
        await request.SayAsync(HostileAnswers.Ok);
        return true;
    }
}
