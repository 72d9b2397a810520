using System.Net;
using System.Text;
using Headgate.IntegrationTests.Connections;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Service;

namespace Headgate.IntegrationTests.Proxy;

/// <summary>What an API says before its answer comes to callers of HTTP/1.1, byte for byte: through gateway, whole port and forward proxy.</summary>
public sealed class InterimAnswerTests : IAsyncLifetime
{
    private const string Hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nlink: </b.js>\r\n\r\n";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private readonly Cli _cli = new();
    private readonly ByteServer _api;
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Func<ByteRequest, Task<bool>> _answer = null!;
    private ServiceProcess _service = null!;

    public InterimAnswerTests() => _api = new ByteServer(request => _answer(request));

    public async ValueTask InitializeAsync() =>
        _service = await ServiceProcess.StartAsync(_cli, "--proxy-listen", "127.0.0.1:0", "--up", $"api={_api.Url}", "--up-root", "api", "--retries", "0", "--timeout", "30");

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _cli.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Theory]
    [InlineData("/up/api/x")]
    [InlineData("/x")]
    [InlineData("proxy")]
    public async Task Early_hints_come_before_the_answer_does(string way)
    {
        Answer(async request =>
        {
            await request.SayAsync(Hints[..40]);
            await request.SayAsync(Hints[40..]);
            await _goOn.Task.WaitAsync(request.Stop);
            await request.SayAsync(Ok);
        });
        using var call = await OpenAsync(way);
        for (var i = 0; i < 2; i++)
        {
            await call.SayAsync($"GET {TargetOf(way)} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            var hints = await call.HeadAsync();
            Assert.StartsWith("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nlink: </b.js>\r\n", hints, StringComparison.Ordinal);
            Assert.Equal(way == "proxy", hints.Contains("Via: 1.1 headgate\r\n", StringComparison.Ordinal));
            _goOn.TrySetResult();
            await OkAsync(call);
        }
    }

    [Fact]
    public async Task All_of_them_come_in_their_order_and_nothing_of_one_connection_does()
    {
        Says("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Busy\r\nConnection: x-own, close\r\nX-Own: 1\r\nKeep-Alive: 5\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\nX-Note: \u00e9\u0001\r\n\r\nHTTP/1.1 199 What\r\nA: b\r\n\r\n" + Ok);
        using var call = await GetAsync("/up/api/x");

        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", await call.HeadAsync());
        Assert.Equal("HTTP/1.1 102 Busy\r\nX-Note: \u00e9 \r\n\r\n", await call.HeadAsync());
        Assert.Equal("HTTP/1.1 199 What\r\nA: b\r\n\r\n", await call.HeadAsync());
        await OkAsync(call);
    }

    [Fact]
    public async Task A_caller_who_asked_for_100_gets_it_once()
    {
        Answer(async request =>
        {
            await request.Stream.ReadExactlyAsync(new byte[4], request.Stop);
            await request.SayAsync($"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n{Ok}");
        });
        using var call = await OpenAsync("/up/api/x");
        await call.SayAsync("POST /up/api/x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 100 ", await call.HeadAsync(), StringComparison.Ordinal);
        await call.SayAsync("body");

        Assert.StartsWith("HTTP/1.1 103 ", await call.HeadAsync(), StringComparison.Ordinal);
        await OkAsync(call);
    }

    [Fact]
    public async Task A_caller_of_HTTP_1_0_gets_none()
    {
        Says(Hints + Ok);
        var answer = await RawCall.AskAsync(_service.Client.BaseAddress!.Port, "GET /up/api/x HTTP/1.0\r\nHost: localhost\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Link", answer, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Calls_on_one_connection_get_each_its_own()
    {
        Answer(request => request.SayAsync($"HTTP/1.1 103 Early Hints\r\nX-Of: {request.Path}\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 22\r\nX-Of: {request.Path}\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n").AsTask());
        using var call = await OpenAsync("/up/api/x");
        await call.SayAsync(string.Concat(Enumerable.Range(0, 20).Select(i => $"GET /up/api/{i} HTTP/1.1\r\nHost: localhost\r\n\r\n")));

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal($"HTTP/1.1 103 Early Hints\r\nX-Of: /{i}\r\n\r\n", await call.HeadAsync());
            var head = await call.HeadAsync();
            Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
            Assert.Contains($"X-Of: /{i}\r\n", head, StringComparison.Ordinal);
            await call.Stream.ReadExactlyAsync(new byte[22]);
        }
    }

    [Fact]
    public async Task Many_callers_at_once_get_each_their_own()
    {
        Answer(request => request.SayAsync($"HTTP/1.1 103 Early Hints\r\nX-Of: {request.Path}\r\n\r\n{Ok}").AsTask());
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async caller =>
        {
            using var call = await OpenAsync("/up/api/x");
            for (var i = 0; i < 25; i++)
            {
                await call.SayAsync($"GET /up/api/{caller}-{i} HTTP/1.1\r\nHost: localhost\r\n\r\n");
                Assert.Equal($"HTTP/1.1 103 Early Hints\r\nX-Of: /{caller}-{i}\r\n\r\n", await call.HeadAsync());
                await OkAsync(call);
            }
        }));
    }

    [Fact]
    public async Task Thousands_of_them_are_passed_on_as_far_as_a_head_may_be_long()
    {
        Says(string.Concat(Enumerable.Repeat("HTTP/1.1 102 P\r\n\r\n", 3000)) + Ok);
        using var call = await GetAsync("/up/api/x");
        for (var i = 0; i < 3000; i++)
            Assert.Equal("HTTP/1.1 102 P\r\n\r\n", await call.HeadAsync());
        await OkAsync(call);
    }

    [Fact]
    public async Task Of_one_that_never_stops_and_a_caller_who_does_not_read_nothing_is_left()
    {
        Answer(request => request.SayForeverAsync(Hints));
        using var deaf = await GetAsync("/up/api/x");
        using var call = await GetAsync("/up/api/y");
        var (interim, head) = (0, "");
        while ((head = await call.HeadAsync()).StartsWith("HTTP/1.1 103 ", StringComparison.Ordinal))
            interim++;

        Assert.StartsWith("HTTP/1.1 502 ", head, StringComparison.Ordinal);
        Assert.InRange(interim, 100, 2000);
        Says(Ok);
        using var next = await GetAsync("/up/api/z");
        await OkAsync(next);
    }

    [Theory]
    [InlineData("HTTP/1.1 103 Early\r\nno field\r\n\r\n")]
    [InlineData("HTTP/1.1 103 Early\r\nA: b\r\n\r\r\n\r\n")]
    [InlineData("HTTP/1.1 103 Early\r\nA: b\nContent-Length: 1\r\n\r\n")]
    [InlineData("HTTP/1.1 103 Early\r\nA: b\r\r\nX: HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 103\r\n\r\n")]
    [InlineData("HTTP/1.1 1\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")]
    public async Task A_broken_one_never_makes_an_answer_of_it(string interim)
    {
        Says(interim + Ok);
        using var call = await GetAsync("/up/api/x");
        string head;
        while (RawCall.StatusOf(head = await call.HeadAsync()) < 200)
            Assert.DoesNotContain(head.Replace("\r\n", "", StringComparison.Ordinal), letter => letter is '\r' or '\n');

        Assert.True(RawCall.StatusOf(head) is 200 or 502, head);
        Assert.DoesNotContain("A: b", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task They_come_from_a_server_with_TLS_too()
    {
        using var certificate = TestAuthority.SelfSigned("localhost");
        await using var secure = new ByteServer(async request =>
        {
            await request.SayAsync(Hints + Ok);
            return true;
        }, certificate);
        _cli.Write("ca.pem", certificate.ExportCertificatePem());
        _cli.Write("headgate.json", $$"""{ "upstreams": { "tls": { "base": ["{{secure.Url}}"], "tls": { "ca": "file:ca.pem" } } } }""");
        await using var service = await ServiceProcess.StartAsync(_cli, "--data", "other");
        using var call = await RawCall.OpenAsync(service.Client.BaseAddress!.Port);
        for (var i = 0; i < 3; i++)
        {
            // Found: over TLS the handler begins to read before it has written.
            await call.SayAsync("GET /up/tls/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 103 ", await call.HeadAsync(), StringComparison.Ordinal);
            await OkAsync(call);
        }
    }

    [Fact]
    public async Task A_client_that_reads_answers_only_does_not_notice()
    {
        Says(Hints + Ok);
        foreach (var version in (Version[])[HttpVersion.Version11, HttpVersion.Version20])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/up/api/x") { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var answer = await _service.Client.SendAsync(request);

            Assert.Equal("ok", await answer.Content.ReadAsStringAsync());
            Assert.False(answer.Headers.Contains("Link"));
        }
    }

    private void Says(string text) => Answer(request => request.SayAsync(text).AsTask());

    private void Answer(Func<ByteRequest, Task> answer) => _answer = async request =>
    {
        await answer(request);
        return true;
    };

    private string TargetOf(string way) => way == "proxy" ? $"{_api.Url}/x" : way;

    private async Task<RawCall> OpenAsync(string way) => await RawCall.OpenAsync(way == "proxy" ? (await _service.ProxyAsync()).Port : _service.Client.BaseAddress!.Port);

    private async Task<RawCall> GetAsync(string path)
    {
        var call = await OpenAsync(path);
        await call.SayAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        return call;
    }

    private static async Task OkAsync(RawCall call)
    {
        var head = await call.HeadAsync();
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Link", head, StringComparison.OrdinalIgnoreCase);
        var body = new byte[2];
        await call.Stream.ReadExactlyAsync(body);
        Assert.Equal("ok", Encoding.ASCII.GetString(body));
    }
}
