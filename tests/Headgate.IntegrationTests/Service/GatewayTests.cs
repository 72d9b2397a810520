using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Headgate.IntegrationTests.Service;

/// <summary><c>/up/{api}/…</c> passes on what was asked, and gives back what was answered, within the limits.</summary>
public sealed class GatewayTests
{
    [Fact]
    public async Task A_call_goes_on_as_it_is_and_its_answer_comes_back_as_it_is()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");

        using var request = new HttpRequestMessage(HttpMethod.Patch, "/up/sim/echo?a=%20b&c=ü") { Content = new StringContent("{\"n\":1}", Encoding.UTF8, "application/json") };
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)[("Authorization", "Bearer mine"), ("X-A", "1"), ("Connection", "X-Hop"), ("X-Hop", "no"), ("Headgate-Priority", "high"), ("TE", "trailers")])
            request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await service.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(answer.Headers.Contains("Headgate-Wait"));
        var echo = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal(("PATCH", "/echo", "?a=%20b&c=%C3%BC", "{\"n\":1}"), ((string?)echo["method"], (string?)echo["path"], (string?)echo["query"], (string?)echo["body"]));
        var headers = echo["headers"]!.AsObject();
        Assert.Equal(("Bearer mine", "1", "application/json; charset=utf-8"), ((string?)headers["authorization"], (string?)headers["x-a"], (string?)headers["content-type"]));
        Assert.DoesNotContain(headers, header => header.Key is "x-hop" or "headgate-priority" or "te");
    }

    [Theory]
    [InlineData("/up/nobody/x", 404)]
    [InlineData("/up/sim/a/%2e%2e/%2e%2e/x", 400)]
    [InlineData("/up/sim/a\\..\\b", 400)]
    [InlineData("/up/sim/..%2f..%2fx", 400)]
    [InlineData("/up/sim/%2e%2e%2fx", 400)]
    [InlineData("/up/sim/%2e.%5cx", 400)]
    [InlineData("/%75p/sim/x", 400)]
    [InlineData("/a/../up/sim/x", 400)]
    public async Task A_path_leads_nowhere_else(string path, int expected)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}/base");

        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, service.Client.BaseAddress!.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        var answer = await new StreamReader(stream).ReadToEndAsync().WaitAsync(Cli.Patience);

        Assert.StartsWith($"HTTP/1.1 {expected} ", answer, StringComparison.Ordinal);
        Assert.Equal(0, api.Report().Arrivals);
    }

    [Fact]
    public async Task Bodies_pass_through_in_both_ways_however_large_they_are()
    {
        var bytes = new byte[80 << 20];
        new Random(1).NextBytes(bytes);
        var hash = Convert.ToHexString(SHA256.HashData(bytes));
        await using var server = await SmallServer.StartAsync(async context =>
        {
            context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
            context.Response.Headers["X-Hash"] = Convert.ToHexString(await SHA256.HashDataAsync(context.Request.Body));
            await context.Response.Body.WriteAsync(bytes);
        });
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={server.Url}");

        using var request = new HttpRequestMessage(HttpMethod.Post, "/up/sim/x") { Content = new ByteArrayContent(bytes) };
        using var answer = await service.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(hash, answer.Headers.GetValues("X-Hash").Single());
        Assert.Equal(hash, Convert.ToHexString(SHA256.HashData(await answer.Content.ReadAsByteArrayAsync())));
        // Of neither body more is held than a piece.
        Assert.InRange(PeakOf(service.Process.Id), 0, 140L << 20);
    }

    private static long PeakOf(int process) =>
        1024 * long.Parse(File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public async Task What_the_API_says_piece_by_piece_is_heard_piece_by_piece()
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
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={server.Url}");

        using var answer = await service.Client.GetAsync("/up/sim/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        Assert.Equal("data: 1", await reader.ReadLineAsync().WaitAsync(Cli.Patience));
        more.SetResult();
        Assert.Equal("\ndata: 2\n\n", await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task An_answer_that_breaks_off_breaks_off_for_the_caller_and_is_not_asked_for_again()
    {
        var heard = new TaskCompletionSource();
        await using var server = await SmallServer.StartAsync(async context =>
        {
            context.Response.ContentLength = 1000;
            await context.Response.WriteAsync("part");
            await context.Response.Body.FlushAsync();
            await heard.Task.WaitAsync(Cli.Patience);
            context.Abort();
        });
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={server.Url}");

        using var answer = await service.Client.GetAsync("/up/sim/x", HttpCompletionOption.ResponseHeadersRead);
        var body = await answer.Content.ReadAsStreamAsync();
        Assert.Equal(4, await body.ReadAtLeastAsync(new byte[4], 4));
        heard.SetResult();

        await Assert.ThrowsAnyAsync<IOException>(async () => Assert.Equal(10, await body.ReadAtLeastAsync(new byte[10], 10)));
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task A_status_without_a_body_is_the_APIs_own()
    {
        await using var server = await SmallServer.StartAsync(context =>
        {
            context.Response.StatusCode = int.Parse(context.Request.Path.Value![1..], System.Globalization.CultureInfo.InvariantCulture);
            return Task.CompletedTask;
        });
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={server.Url}");

        foreach (var status in (int[])[204, 304, 404, 405])
        {
            using var answer = await service.Client.GetAsync($"/up/sim/{status}");
            Assert.Equal((status, ""), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        }
    }

    [Fact]
    public async Task Whoever_knows_that_HTTP_2_is_spoken_here_speaks_it_without_TLS_and_hears_trailers()
    {
        await using var server = await SmallServer.StartAsync(async context =>
        {
            await context.Response.WriteAsync($"{context.Request.Method} {await new StreamReader(context.Request.Body).ReadToEndAsync()}");
        });
        await using var trailing = new RawAnswer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 17\r\n\r\n");
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"api={server.Url}", "--up", $"trailing={trailing.Url}");
        using var client = new HttpClient { BaseAddress = service.Client.BaseAddress, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact, Timeout = Cli.Patience };

        var calls = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => client.PostAsync("/up/api/x", new StringContent($"call {n}"))));
        foreach (var (n, answer) in calls.Index())
            Assert.Equal((HttpVersion.Version20, $"POST call {n}"), (answer.Version, await answer.Content.ReadAsStringAsync()));
        using var summed = await client.GetAsync("/up/trailing/x");
        Assert.Equal("ok", await summed.Content.ReadAsStringAsync());
        Assert.Equal("17", summed.TrailingHeaders.GetValues("X-Sum").Single());
        // The same port speaks HTTP/1.1, and the API of the service is there in both.
        Assert.Equal("healthy", (string?)JsonNode.Parse(await client.GetStringAsync("/health"))!["status"]);
        Assert.Equal(HttpVersion.Version11, (await service.Client.GetAsync("/up/api/x")).Version);
    }

    [Fact]
    public async Task A_caller_of_HTTP_1_1_hears_trailers_if_it_says_that_it_takes_them_and_the_connection_goes_on()
    {
        await using var trailing = new RawAnswer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\nX-Sum: 17\r\nX-B: b\r\n\r\n");
        await using var empty = new RawAnswer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\nX-Sum: 18\r\n\r\n");
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"trailing={trailing.Url}", "--up", $"empty={empty.Url}");
        foreach (var (path, takes, body, sum) in ((string, bool, string, string?)[])[("trailing", true, "ok!", "17"), ("empty", true, "", "18"), ("trailing", false, "ok!", null)])
        {
            using var call = new HttpRequestMessage(HttpMethod.Get, $"/up/{path}/x");
            if (takes)
                call.Headers.TE.ParseAdd("trailers");
            using var answer = await service.Client.SendAsync(call);
            Assert.Equal((HttpVersion.Version11, body), (answer.Version, await answer.Content.ReadAsStringAsync()));
            Assert.Equal(sum, answer.TrailingHeaders.TryGetValues("X-Sum", out var sums) ? sums.Single() : null);
        }
        var said = $"GET /up/trailing/x HTTP/1.1\r\nHost: localhost\r\nTE: trailers\r\nConnection: TE\r\n\r\n";
        using var raw = await Proxy.RawCall.OpenAsync(service.Client.BaseAddress!.Port);
        await raw.SayAsync(said + said + "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        var all = await raw.ToEndAsync();
        Assert.Equal(3, System.Text.RegularExpressions.Regex.Count(all, "HTTP/1.1 200"));
        Assert.Equal(2, System.Text.RegularExpressions.Regex.Count(all, "0\r\nX-Sum: 17\r\nX-B: b\r\n\r\n"));
    }

    [Fact]
    public async Task Headers_come_back_once_and_byte_for_byte_although_an_attempt_broke_off_behind_them()
    {
        var tries = 0;
        await using var server = await SmallServer.StartAsync(async context =>
        {
            context.Response.Headers.SetCookie = "a=1";
            context.Response.ContentLength = 4;
            if (++tries == 1)
            {
                await context.Response.Body.FlushAsync();
                context.Abort();
            }
            else
                await context.Response.WriteAsync("done");
        });
        await using var raw = new RawAnswer("HTTP/1.1 200 OK\r\nX-Name: caf\u00c3\u00a9\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={server.Url}", "--up", $"raw={raw.Url}");

        using var answer = await service.Client.GetAsync("/up/sim/x");
        Assert.Equal(("done", 2), (await answer.Content.ReadAsStringAsync(), tries));
        Assert.Equal(["a=1"], answer.Headers.GetValues("Set-Cookie"));
        using var named = await service.Client.GetAsync("/up/raw/x");
        Assert.Equal("caf\u00c3\u00a9", named.Headers.GetValues("X-Name").Single());
    }

    [Fact]
    public async Task The_whole_port_can_belong_to_one_API_but_for_the_services_own_paths()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--up-root", "sim");

        Assert.Equal("/any/where", (string?)(await service.CallAsync("GET", "/any/where?x=1")).Json["path"]);
        Assert.Equal("/", (string?)(await service.CallAsync("POST", "/", "{}")).Json["path"]);
        Assert.Equal("healthy", (string?)(await service.CallAsync("GET", "/health")).Json["status"]);
    }

    [Theory]
    [InlineData("/fin", 502)]
    [InlineData("/status/404", 404)]
    [InlineData("/status/503", 503)]
    public async Task A_failure_has_its_status(string path, int expected)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--retries", "0");

        using var answer = await service.Client.GetAsync($"/up/sim{path}");

        Assert.Equal(expected, (int)answer.StatusCode);
    }

    /// <summary>A server that says the same to everybody, to the byte.</summary>
    private sealed class RawAnswer : IAsyncDisposable
    {
        private readonly System.Net.Sockets.TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task _serving;
        private volatile bool _isStopped;

        public RawAnswer(string answer)
        {
            _listener.Start();
            _serving = ServeAsync(Encoding.Latin1.GetBytes(answer));
        }

        public string Url => $"http://{_listener.LocalEndpoint}";

        public async ValueTask DisposeAsync()
        {
            _isStopped = true;
            _listener.Stop();
            await _serving;
        }

        private async Task ServeAsync(byte[] answer)
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    var asked = new byte[4096];
                    _ = await client.GetStream().ReadAsync(asked);
                    await client.GetStream().WriteAsync(answer);
                }
            }
            catch (Exception) when (_isStopped)
            {
                // Nobody is answered any more.
            }
        }
    }
}
