using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Headgate.IntegrationTests.Connections;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Service;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Headgate.IntegrationTests.Proxy;

/// <summary>CONNECT: bytes pass both ways until both sides are through, within what may be open at once.</summary>
public sealed class TunnelTests : IAsyncDisposable
{
    private readonly Cli _cli = new();

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Fact]
    public async Task A_client_speaks_TLS_with_the_server_itself()
    {
        using var authority = new TestAuthority("Tunnel test authority");
        await using var server = await SecureServer.StartAsync(HttpProtocols.Http1AndHttp2, authority.Sign("localhost"));
        await using var service = await StartAsync("--allow-private");
        string? subject = null;
        using var handler = new SocketsHttpHandler { Proxy = new WebProxy(await service.ProxyAsync()) };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => (subject = certificate!.Issuer) is not null;
        using var client = new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version20, Timeout = Cli.Patience };

        foreach (var n in Enumerable.Range(1, 3))
            Assert.Equal("ok", await client.GetStringAsync($"{server.Url}/{n}"));

        Assert.Equal((3, "CN=Tunnel test authority"), (server.ByProtocol["HTTP/2"], subject));
        var metrics = await service.Client.GetStringAsync("/metrics");
        Assert.Contains("headgate_tunnels_total 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("headgate_tunnels_open 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_comes_right_behind_the_head_is_passed_on_and_an_end_of_one_direction_leaves_the_other()
    {
        // Reads to the end before it says a word, and then says how much it was.
        await using var server = new Loopback(async (socket, _) =>
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            using var heard = new MemoryStream();
            await stream.CopyToAsync(heard);
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{heard.Length} bytes: {Encoding.ASCII.GetString(heard.ToArray(), 0, 5)}"));
        });
        await using var service = await StartAsync("--allow-private");
        using var call = await RawCall.OpenAsync((await service.ProxyAsync()).Port);

        await call.SayAsync($"CONNECT 127.0.0.1:{server.Port} HTTP/1.1\r\nHost: x\r\n\r\nfirst");
        Assert.StartsWith("HTTP/1.1 200 ", await call.HeadAsync(), StringComparison.Ordinal);
        await call.Stream.WriteAsync(new byte[100_000]);
        call.EndSending();

        Assert.Equal("100005 bytes: first", await call.ToEndAsync());
    }

    [Fact]
    public async Task A_server_that_has_said_all_can_go_on_listening()
    {
        var heard = new TaskCompletionSource<string>();
        await using var server = new Loopback(async (socket, _) =>
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.WriteAsync("all"u8.ToArray());
            socket.Shutdown(SocketShutdown.Send);
            using var reader = new StreamReader(stream);
            heard.SetResult(await reader.ReadToEndAsync());
        });
        await using var service = await StartAsync("--allow-private");
        using var call = await RawCall.ConnectAsync(await service.ProxyAsync(), server.Port);

        Assert.Equal("all", await call.ToEndAsync());
        foreach (var word in (string[])["one ", "two ", "three"])
        {
            await call.SayAsync(word);
            await Task.Delay(50);
        }
        call.EndSending();

        Assert.Equal("one two three", await heard.Task.WaitAsync(Cli.Patience));
    }

    [Fact]
    public async Task A_broken_connection_is_a_broken_connection_on_the_other_side()
    {
        await using var server = new Loopback(async (socket, _) =>
        {
            await socket.SendAsync("part"u8.ToArray());
            await socket.ReceiveAsync(new byte[1]);
            socket.Close(0);
        });
        await using var service = await StartAsync("--allow-private");
        using var call = await RawCall.ConnectAsync(await service.ProxyAsync(), server.Port);
        var part = new byte[4];
        await call.Stream.ReadExactlyAsync(part);

        await call.SayAsync("x");

        var broken = await Assert.ThrowsAsync<IOException>(() => call.ToEndAsync());
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(broken.InnerException).SocketErrorCode);
    }

    [Fact]
    public async Task However_much_passes_little_is_held()
    {
        var bytes = new byte[48 << 20];
        new Random(1).NextBytes(bytes);
        // Does not read while it has something to say: what comes meanwhile has to wait at its sender.
        await using var server = new Loopback(async (socket, _) =>
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.WriteAsync(bytes);
            var hash = await SHA256.HashDataAsync(stream);
            await stream.WriteAsync(hash);
        });
        await using var service = await StartAsync("--allow-private");
        using var call = await RawCall.ConnectAsync(await service.ProxyAsync(), server.Port);

        var sending = Task.Run(async () =>
        {
            await call.Stream.WriteAsync(bytes);
            call.EndSending();
        });
        var received = new byte[bytes.Length];
        await call.Stream.ReadExactlyAsync(received);
        await sending.WaitAsync(Cli.Patience);
        var theirs = new byte[32];
        await call.Stream.ReadExactlyAsync(theirs);

        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(received));
        Assert.Equal(SHA256.HashData(bytes), theirs);
        Assert.InRange(PeakOf(service.Process.Id), 0, 140L << 20);
    }

    [Theory]
    [InlineData("""{ "upstreams": { "api": { "base": ["http://127.0.0.1:PORT"], "limits": ["2 concurrent", "1/h"] } } }""")]
    [InlineData("""{ "upstreams": { "api": { "base": ["https://127.0.0.1:PORT/v1"], "connections": { "perHost": 2 } } } }""")]
    [InlineData("""{ "total": { "limits": ["2 concurrent"] } }""")]
    [InlineData("""{ "defaults": { "concurrency": 2 } }""")]
    public async Task No_more_are_open_at_once_than_may_be(string configuration)
    {
        await using var server = new Loopback(async (socket, _) =>
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.CopyToAsync(stream);
        });
        _cli.Write("headgate.json", configuration.Replace("PORT", server.Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        await using var service = await StartAsync("--config", "headgate.json", "--allow-private");
        var proxy = await service.ProxyAsync();
        using var first = await RawCall.ConnectAsync(proxy, server.Port);
        using var second = await RawCall.ConnectAsync(proxy, server.Port);

        // One waits, and one has no time for that.
        using var third = await RawCall.OpenAsync(proxy.Port);
        await third.SayAsync($"CONNECT 127.0.0.1:{server.Port} HTTP/1.1\r\nHost: x\r\nHeadgate-Priority: low\r\n\r\n");
        var refused = await RawCall.AskAsync(proxy.Port, $"CONNECT 127.0.0.1:{server.Port} HTTP/1.1\r\nHost: x\r\nHeadgate-Deadline: 500ms\r\n\r\n");
        Assert.Equal(429, RawCall.StatusOf(refused));
        Assert.Contains("Proxy-Status: headgate;error=connection_limit_reached\r\n", refused, StringComparison.Ordinal);
        Assert.Contains("\r\nRetry-After: 1\r\n", refused, StringComparison.Ordinal);
        Assert.Equal((0, 2), (third.Socket.Available, server.Connections));

        first.EndSending();
        Assert.Equal("", await first.ToEndAsync());
        Assert.Contains("\r\nHeadgate-Wait: ", await third.HeadAsync(), StringComparison.Ordinal);
        await third.SayAsync("hello");
        var echo = new byte[5];
        await third.Stream.ReadExactlyAsync(echo);
        Assert.Equal("hello", Encoding.ASCII.GetString(echo));
        Assert.Equal(3, server.Connections);
    }

    [Fact]
    public async Task Where_no_connection_comes_about_it_says_why()
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var closed = ((IPEndPoint)silent.LocalEndPoint!).Port;
        _cli.Write("headgate.json", """{ "defaults": { "connectTimeout": 0.5 } }""");
        await using var service = await StartAsync("--allow-private", "--config", "headgate.json");
        var proxy = await service.ProxyAsync();

        Assert.Equal("502 connection_refused", await AskAsync($"127.0.0.1:{closed}"));
        Assert.Equal("502 dns_error", await AskAsync("no-such-host.invalid:443"));
        Assert.Equal(400, RawCall.StatusOf(await RawCall.AskAsync(proxy.Port, "CONNECT nothing HTTP/1.1\r\nHost: x\r\n\r\n")));

        async Task<string> AskAsync(string target)
        {
            var answer = await RawCall.AskAsync(proxy.Port, $"CONNECT {target} HTTP/1.1\r\nHost: x\r\n\r\n");
            Assert.Contains("\r\nConnection: close\r\n", answer, StringComparison.Ordinal);
            return $"{RawCall.StatusOf(answer)} {answer.Split("Proxy-Status: headgate;error=")[1].Split('\r')[0]}";
        }
    }

    [Fact]
    public async Task It_is_the_first_request_of_its_connection()
    {
        await using var service = await StartAsync("--allow-private");
        using var call = await RawCall.OpenAsync((await service.ProxyAsync()).Port);

        await call.SayAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\nCONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n");

        Assert.Equal(2, (await call.ToEndAsync()).Split("HTTP/1.1 400 ").Length - 1);
    }

    [Fact]
    public async Task One_through_which_nothing_passes_is_closed_and_one_that_is_used_stays()
    {
        await using var server = new Loopback(async (socket, _) =>
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.CopyToAsync(stream);
        });
        _cli.Write("headgate.json", """{ "serve": { "proxyIdle": 3 } }""");
        await using var service = await StartAsync("--allow-private", "--config", "headgate.json");
        var proxy = await service.ProxyAsync();
        using var idle = await RawCall.ConnectAsync(proxy, server.Port);
        using var used = await RawCall.ConnectAsync(proxy, server.Port);

        var closing = idle.ToEndAsync();
        var echo = new byte[1];
        for (var round = 0; round < 200 && !closing.IsCompleted; round++)
        {
            await used.SayAsync("x");
            await used.Stream.ReadExactlyAsync(echo);
            await Task.Delay(100);
        }

        Assert.Equal("", await closing);
        await used.SayAsync("y");
        await used.Stream.ReadExactlyAsync(echo);
        Assert.Equal((byte)'y', echo[0]);
    }

    [Fact]
    public async Task A_service_that_stops_waits_for_what_passes_and_not_for_what_is_only_open()
    {
        await using var server = new Loopback(async (socket, _) =>
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.CopyToAsync(stream);
        });
        await using var service = await StartAsync("--allow-private");
        var proxy = await service.ProxyAsync();
        using var idle = await RawCall.ConnectAsync(proxy, server.Port);
        using var busy = await RawCall.ConnectAsync(proxy, server.Port);

        service.Process.Terminate();
        var idleEnds = idle.ToEndAsync();
        var echo = new byte[1];
        for (var round = 0; round < 200 && !idleEnds.IsCompleted; round++)
        {
            await busy.SayAsync("x");
            await busy.Stream.ReadExactlyAsync(echo);
            await Task.Delay(100);
        }
        Assert.Equal("", await idleEnds);
        await busy.SayAsync("y");
        await busy.Stream.ReadExactlyAsync(echo);
        busy.EndSending();
        Assert.Equal("", await busy.ToEndAsync());

        var ended = await service.Process.EndAsync();
        Assert.Equal(0, ended.Code);
    }

    private Task<ServiceProcess> StartAsync(params string[] options) => ServiceProcess.StartAsync(_cli, ["--proxy-listen", "127.0.0.1:0", .. options]);

    private static long PeakOf(int process) =>
        1024 * long.Parse(File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
