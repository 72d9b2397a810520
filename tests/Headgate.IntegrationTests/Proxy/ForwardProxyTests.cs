using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Connections;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;
using Headgate.IntegrationTests.Service;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Headgate.IntegrationTests.Proxy;

/// <summary>A forward proxy sends whole URLs on as they are, and gives back what was answered, within the limits.</summary>
public sealed class ForwardProxyTests : IAsyncDisposable
{
    private readonly Cli _cli = new();

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Fact]
    public async Task A_whole_URL_goes_on_as_it_is_and_its_answer_comes_back_as_it_is()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var service = await StartAsync("--up", $"sim={api.Url}");
        using var client = await ClientAsync(service);

        using var request = new HttpRequestMessage(HttpMethod.Patch, $"{api.Url}/echo?a=%20b&c=%C3%BC") { Content = new StringContent("{\"n\":1}", Encoding.UTF8, "application/json") };
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)[("Authorization", "Bearer mine"), ("X-A", "1"), ("Connection", "X-Hop"), ("X-Hop", "no"), ("Headgate-Priority", "high"), ("Proxy-Authorization", "Basic eDp5"), ("Proxy-Connection", "keep-alive"), ("TE", "trailers")])
            request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await client.SendAsync(request);

        var echo = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal(("PATCH", "/echo", "?a=%20b&c=%C3%BC", "{\"n\":1}"), ((string?)echo["method"], (string?)echo["path"], (string?)echo["query"], (string?)echo["body"]));
        var headers = echo["headers"]!.AsObject();
        Assert.Equal(("Bearer mine", "1", "1.1 headgate"), ((string?)headers["authorization"], (string?)headers["x-a"], (string?)headers["via"]));
        Assert.DoesNotContain(headers, header => header.Key is "x-hop" or "headgate-priority" or "te" or "proxy-authorization" or "proxy-connection" or "accept-encoding");
        Assert.Equal(("headgate;received-status=200", "1.1 headgate"), (answer.Headers.GetValues("Proxy-Status").Single(), answer.Headers.Via.ToString()));
        Assert.True(answer.Headers.Contains("Headgate-Wait"));
    }

    [Fact]
    public async Task The_URL_says_where_to_whatever_Host_says_and_a_path_is_not_written_anew()
    {
        await using var server = new ByteServer(AnswerAsync);
        await using var service = await StartAsync("--allow-private");

        var proxy = await service.ProxyAsync();
        Assert.Equal(200, await RawCall.StatusAsync(proxy.Port, $"GET {server.Url}/a%7Eb%2fc//d?e=\"f\"|%zz HTTP/1.1\r\nHost: other.example\r\n\r\n"));
        Assert.Equal(200, await RawCall.StatusAsync(proxy.Port, $"GET {server.Url}?g HTTP/1.0\r\n\r\n"));

        Assert.Equal(["/?g", "/a%7Eb%2fc//d?e=\"f\"|%zz"], server.ByPath.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_redirect_is_passed_back_with_all_it_says()
    {
        await using var server = await SmallServer.StartAsync(context =>
        {
            (context.Response.StatusCode, context.Response.Headers.Location, context.Response.Headers.SetCookie) = (302, "/next", "session=1");
            return Task.CompletedTask;
        });
        await using var service = await StartAsync("--allow-private");
        using var client = await ClientAsync(service);

        using var answer = await client.GetAsync($"{server.Url}/first");

        Assert.Equal((HttpStatusCode.Redirect, "/next", "session=1"), (answer.StatusCode, answer.Headers.Location!.ToString(), answer.Headers.GetValues("Set-Cookie").Single()));
        Assert.Equal(1, server.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_packed_stays_packed_and_nobody_asks_for_it_unasked(bool throughGateway)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            await gzip.WriteAsync(Encoding.ASCII.GetBytes(new string('a', 10_000)));
        await using var server = await SmallServer.StartAsync(async context =>
        {
            context.Response.Headers["X-Asked"] = context.Request.Headers.AcceptEncoding is [var asked, ..] ? asked : "nothing";
            (context.Response.Headers.ContentEncoding, context.Response.ContentLength) = ("gzip", packed.Length);
            await context.Response.Body.WriteAsync(packed.ToArray());
        });
        await using var service = await StartAsync("--up", $"api={server.Url}");
        using var client = throughGateway ? null : await ClientAsync(service);

        using var answer = await (client ?? service.Client).GetAsync(throughGateway ? "/up/api/x" : $"{server.Url}/x");

        Assert.Equal(("nothing", "gzip"), (answer.Headers.GetValues("X-Asked").Single(), answer.Content.Headers.ContentEncoding.Single()));
        Assert.Equal(packed.ToArray(), await answer.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task What_the_server_says_piece_by_piece_is_heard_piece_by_piece()
    {
        var more = new TaskCompletionSource();
        await using var server = await SmallServer.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: 1\n\n");
            await context.Response.Body.FlushAsync();
            await more.Task.WaitAsync(Cli.Patience);
            await context.Response.WriteAsync("data: 2\n\n");
        });
        await using var service = await StartAsync("--allow-private");
        using var client = await ClientAsync(service);

        using var answer = await client.GetAsync($"{server.Url}/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        Assert.Equal("data: 1", await reader.ReadLineAsync().WaitAsync(Cli.Patience));
        more.SetResult();
        Assert.Equal("\ndata: 2\n\n", await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task Who_would_have_to_wait_for_longer_than_anybody_does_is_told_at_once_how_long()
    {
        await using var server = await SmallServer.StartAsync(context =>
        {
            (context.Response.StatusCode, context.Response.Headers.RetryAfter) = (429, "600");
            return Task.CompletedTask;
        });
        await using var service = await StartAsync("--allow-private");
        using var client = await ClientAsync(service);

        // The first hears what the server says itself, the others what is known by then.
        using var first = await client.GetAsync($"{server.Url}/1");
        using var second = await client.GetAsync($"{server.Url}/2");

        Assert.Equal((429, "600", "headgate;received-status=429"), ((int)first.StatusCode, first.Headers.GetValues("Retry-After").Single(), first.Headers.GetValues("Proxy-Status").Single()));
        Assert.Equal((429, "headgate;error=http_request_denied"), ((int)second.StatusCode, second.Headers.GetValues("Proxy-Status").Single()));
        Assert.InRange(second.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 500, 600);
        Assert.Contains("a pause the server asked for", await second.Content.ReadAsStringAsync());
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task A_call_says_by_when_and_for_how_much()
    {
        await using var server = await SmallServer.StartAsync(async context =>
        {
            if (context.Request.Path == "/slow")
                await Task.Delay(TimeSpan.FromSeconds(20), context.RequestAborted);
        });
        await using var service = await StartAsync("--up", $"api={server.Url}", "--limit", "1000 tokens/h");
        using var client = await ClientAsync(service);

        Assert.Equal((200, 0), await AskAsync("/1", "Headgate-Cost", "tokens=600"));
        var (status, after) = await AskAsync("/2", "Headgate-Cost", "tokens=600", "Headgate-Deadline", "1");
        Assert.Equal(429, status);
        Assert.InRange(after, 3500, 3610);
        Assert.Equal((200, 0), await AskAsync("/3", "Headgate-Cost", "tokens=400", "Headgate-Deadline", "30"));
        Assert.Equal((400, 0), await AskAsync("/4", "Headgate-Cost", "tokens=1001"));
        Assert.Equal((400, 0), await AskAsync("/5", "Headgate-Deadline", "soon"));
        Assert.Equal((504, 0), await AskAsync("/slow", "Headgate-Deadline", "1"));
        Assert.Equal(["/1", "/3", "/slow"], server.ByPath.Keys.Order(StringComparer.Ordinal));

        async Task<(int Status, int After)> AskAsync(string path, params string[] headers)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, server.Url + path);
            foreach (var header in headers.Chunk(2))
                request.Headers.Add(header[0], header[1]);
            using var answer = await client.SendAsync(request);
            return ((int)answer.StatusCode, (int)(answer.Headers.RetryAfter?.Delta?.TotalSeconds ?? 0));
        }
    }

    [Fact]
    public async Task A_host_that_is_named_for_it_is_spoken_to_by_TLS_and_its_limits_hold()
    {
        using var authority = new TestAuthority("Proxy test authority");
        await using var server = await SecureServer.StartAsync(HttpProtocols.Http1AndHttp2, authority.Sign("localhost"));
        _cli.Write("ca.pem", authority.Pem);
        _cli.Write("headgate.json", TlsTests.Configuration([("api", server.Url, """ "tls": { "ca": "file:ca.pem" }, "limits": ["1/s spaced"] """)]));
        var host = server.Url["https://".Length..];
        await using var service = await StartAsync("--proxy-upgrade", host, "--config", "headgate.json");
        using var client = await ClientAsync(service);

        using var first = await client.GetAsync($"http://{host}/1");
        using var second = await client.GetAsync("http://localhost/2");
        var third = await RawCall.StatusAsync((await service.ProxyAsync()).Port, $"GET {server.Url}/3 HTTP/1.1\r\nHost: {host}\r\n\r\n");

        Assert.Equal((200, 200, 200), ((int)first.StatusCode, (int)second.StatusCode, third));
        Assert.Equal(3, server.ByProtocol["HTTP/2"]);
        Assert.InRange(double.Parse(second.Headers.GetValues("Headgate-Wait").Single(), CultureInfo.InvariantCulture), 0.2, 30);
    }

    [Fact]
    public async Task While_its_breaker_is_open_an_API_is_not_waited_for()
    {
        await using var server = await SmallServer.StartAsync(context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        _cli.Write("headgate.json", TlsTests.Configuration([("api", server.Url, """ "retries": 0, "breaker": { "failureThreshold": 2 } """)]));
        await using var service = await StartAsync("--config", "headgate.json");
        using var client = await ClientAsync(service);

        foreach (var n in Enumerable.Range(1, 2))
            Assert.Equal(500, (int)(await client.GetAsync($"{server.Url}/{n}")).StatusCode);
        using var answer = await client.GetAsync($"{server.Url}/3");

        Assert.Equal((503, "headgate;error=destination_unavailable"), ((int)answer.StatusCode, answer.Headers.GetValues("Proxy-Status").Single()));
        Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 30, 60);
        Assert.Equal(2, server.Requests);
    }

    [Fact]
    public async Task What_becomes_of_a_call_has_its_status_and_its_word()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var service = await StartAsync("--up", $"sim={api.Url}", "--up", $"gone=http://127.0.0.1:{Ports.Free()}", "--retries", "0", "--timeout", "2");
        using var client = await ClientAsync(service);

        Assert.Equal((502, "headgate;error=connection_terminated"), await AskAsync($"{api.Url}/fin"));
        Assert.Equal((504, "headgate;error=http_response_timeout"), await AskAsync($"{api.Url}/hang"));
        Assert.Equal((404, "headgate;received-status=404"), await AskAsync($"{api.Url}/status/404"));
        Assert.Equal((502, "headgate;error=dns_error"), await AskAsync("http://no-such-host.invalid/"));
        Assert.Equal((502, "headgate;error=connection_refused"), await AskAsync("/up/gone/x", service.Client));

        async Task<(int, string)> AskAsync(string url, HttpClient? by = null)
        {
            using var answer = await (by ?? client).GetAsync(url);
            return ((int)answer.StatusCode, answer.Headers.GetValues("Proxy-Status").Single());
        }
    }

    private Task<ServiceProcess> StartAsync(params string[] options) => ServiceProcess.StartAsync(_cli, ["--proxy-listen", "127.0.0.1:0", .. options]);

    private static async Task<HttpClient> ClientAsync(ServiceProcess service) => new(new SocketsHttpHandler
    {
        Proxy = new WebProxy(await service.ProxyAsync()),
        AllowAutoRedirect = false,
    })
    { Timeout = Cli.Patience };

    private static async Task<bool> AnswerAsync(ByteRequest request)
    {
        await request.SayAsync(HostileAnswers.Ok);
        return true;
    }
}
