using System.Net;
using System.Text;
using System.Text.Json;
using Headgate.App.Service;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Proxy;

namespace Headgate.IntegrationTests.Service;

/// <summary>Whatever is sent to the ports of the service gets the status it deserves, reaches no API, and is in nobody's way.</summary>
public sealed class HostileCallsTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly Cli _cli = new();
    private SimulatedApi _api = null!;
    private ServiceProcess _service = null!;
    private int _port;
    private int _proxy;

    public async ValueTask InitializeAsync()
    {
        _api = await SimulatedApi.StartAsync(new());
        _service = await ServiceProcess.StartAsync(_cli, "--proxy-listen", "127.0.0.1:0", "--up", $"sim={_api.Url}");
        (_port, _proxy) = (_service.Client.BaseAddress!.Port, (await _service.ProxyAsync()).Port);
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _cli.DisposeAsync();
        await _api.DisposeAsync();
    }

    /// <summary>What follows the first line and Host of a call that is passed on; what two servers in a row could read in two ways.</summary>
    public static readonly (int Status, string Headers)[] Doubtful =
    [
        (400, "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        (400, "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
        (400, "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        (400, "Content-Length: 3, 3\r\n\r\nabc"),
        (400, "Content-Length: -1\r\n\r\n"),
        (400, "Content-Length: 0x3\r\n\r\nabc"),
        (400, "Content-Length: +3\r\n\r\nabc"),
        (400, "Content-Length: +0\r\n\r\n"),
        (501, "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        (501, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        (400, "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        (400, "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        (400, "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        (400, "Transfer-Encoding:\vchunked\r\n\r\n0\r\n\r\n"),
        (400, "Transfer-Encoding: chunked\r\n\r\nx\r\nabc\r\n0\r\n\r\n"),
        (400, "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"),
        (400, "Transfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n"),
        (400, "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nabc\r\n0\r\n\r\n"),
        (400, "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n"),
        (400, "X: a\r\n b\r\n\r\n"),
        (400, "X: a\nY: b\r\n\r\n"),
        (400, "X: a\rY: b\r\n\r\n"),
        (400, "X: a\0b\r\n\r\n"),
        (400, "X: a\u0001b\r\n\r\n"),
        (400, "X : a\r\n\r\n"),
        (400, "X\r\n\r\n"),
        (400, ": a\r\n\r\n"),
        (400, "X y: a\r\n\r\n"),
        (400, "Host: other\r\n\r\n"),
        (400, "Headgate-Priority: 9\r\n\r\n"),
        (400, "Headgate-Cost: tokens=a\r\n\r\n"),
    ];

    [Fact]
    public async Task What_is_as_deep_as_may_be_is_told_done_once_more_and_scheduled_like_all_else_after_a_restart_too()
    {
        var nested = new string('[', 250) + new string(']', 250);
        var deep = $$"""{"url":"{{_api.Url}}/deep","not_before":"1h","context":{{nested}} }""";
        var id = (await _service.SubmitAsync([deep])).Single();

        Assert.Equal(200, (await _service.CallAsync("DELETE", $"/api/v1/request/{id}")).Status);
        var listed = (await _service.CallAsync("GET", "/api/v1/requests")).Json["requests"]!.AsArray();
        Assert.Equal(nested, listed.Single()!["context"]!.ToJsonString());
        Assert.Equal(202, (await _service.CallAsync("POST", $"/api/v1/request/{id}:retry", """{"tags":["again"]}""")).Status);
        Assert.Equal(400, (await _service.CallAsync("POST", $"/api/v1/requests/wait", $$"""{"request_ids":{{nested}} }""")).Status);
        Assert.Equal(201, (await _service.CallAsync("PUT", "/api/v1/schedules/deep", $$"""{"cron":"0 0 1 1 *","request":{{deep}} }""")).Status);
        await _service.DisposeAsync();
        _service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={_api.Url}");
        Assert.Equal(200, (await _service.CallAsync("GET", "/api/v1/schedules/deep")).Status);
        Assert.Contains("deep", (await _cli.RunAsync("jobs", "ls", "--json", "--server", _service.Client.BaseAddress!.ToString())).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"tags":["a"],"tags":["b"]}""")]
    [InlineData("""{"headers":{"\ud800":"b"}}""")]
    [InlineData("[]")]
    public async Task A_change_that_cannot_be_read_is_told_and_nothing_is_done(string change)
    {
        var id = (await _service.SubmitAsync([$$"""{"url":"{{_api.Url}}/later","not_before":"1h"}"""])).Single();
        await _service.CallAsync("DELETE", $"/api/v1/request/{id}");

        Assert.Equal(400, (await _service.CallAsync("POST", $"/api/v1/request/{id}:retry", change)).Status);
        Assert.Single((await _service.CallAsync("GET", "/api/v1/requests")).Json["requests"]!.AsArray());
    }

    [Fact]
    public async Task What_could_be_read_in_two_ways_reaches_no_API_while_good_calls_do()
    {
        var wrong = new List<string>();
        foreach (var (status, rest) in Doubtful)
        {
            await ExpectAsync(status, _port, $"POST /up/sim/echo HTTP/1.1\r\nHost: localhost\r\n{rest}", wrong);
            await ExpectAsync(status, _proxy, $"POST {_api.Url}/echo HTTP/1.1\r\nHost: localhost\r\n{rest}", wrong);
            await GoodAsync(wrong);
        }
        Assert.Empty(wrong);
        Assert.Equal(2 * Doubtful.Length, _api.Report().Arrivals);
    }

    [Fact]
    public async Task First_lines_that_are_none_are_refused_as_what_they_are()
    {
        var wrong = new List<string>();
        foreach (var (status, line) in ((int, string)[])
        [
            (400, "GET /up/sim/a b HTTP/1.1"), (400, "GET /up/sim/a\tb HTTP/1.1"), (400, "GET /up/sim/a\rb HTTP/1.1"), (400, "GET /up/sim/a\u0001b HTTP/1.1"), (400, "GET /up/sim/ü HTTP/1.1"),
            (400, "GET /up/sim/a\nX: y HTTP/1.1"), (400, "GET  /up/sim/a HTTP/1.1"), (400, "GET /up/sim/a"), (400, "GET /up/sim/a HTTP/1.1 "), (505, "GET /up/sim/a HTTP/3.0"), (505, "GET /up/sim/a http/1.1"),
            (400, "G(T /up/sim/a HTTP/1.1"), (400, "CONNECT example.com:443 HTTP/1.1"), (400, "GET /up/sim/a#b HTTP/1.1"), (414, $"GET /up/sim/{new string('a', 9000)} HTTP/1.1"),
            (400, "\u0016\u0003\u0001\u0002\0\u0001"), (400, "GET /up/sim/a HTTP/1.1\r\nHost: a\r\nHost: b"), (400, "GET http://localhost/up/sim/a HTTP/1.1\r\nHost: evil.example"),
        ])
            await ExpectAsync(status, _port, $"{line}\r\nHost: localhost\r\n\r\n", wrong);
        foreach (var (status, line) in ((int, string)[])
        [
            (400, "GET /up/sim/a HTTP/1.1"), (400, "OPTIONS * HTTP/1.1"), (400, "GET ftp://127.0.0.1/ HTTP/1.1"), (400, "GET http:///x HTTP/1.1"), (400, $"GET {_api.Url}/a b HTTP/1.1"), (400, $"GET {_api.Url}/a\rb HTTP/1.1"),
            (400, $"GET {_api.Url}/a\u0001b HTTP/1.1"), (400, $"GET {_api.Url}/a#b HTTP/1.1"), (400, $"GET {_api.Url}\\..\\b HTTP/1.1"), (400, $"GET {_api.Url.Replace("//", "//user:pw@", StringComparison.Ordinal)}/ HTTP/1.1"),
            (414, $"GET {_api.Url}/{new string('a', 9000)} HTTP/1.1"), (400, "CONNECT 127.0.0.1 HTTP/1.1"), (400, "CONNECT 127.0.0.1:80\nX: y HTTP/1.1"), (505, "CONNECT 127.0.0.1:80 HTTP/2.0"), (405, "connect 127.0.0.1:80 HTTP/1.1"),
        ])
            await ExpectAsync(status, _proxy, $"{line}\r\nHost: localhost\r\n\r\n", wrong);
        await GoodAsync(wrong);
        Assert.Empty(wrong);
        Assert.Equal(2, _api.Report().Arrivals);
    }

    [Fact]
    public async Task Floods_are_refused_at_the_door()
    {
        var wrong = new List<string>();
        var many = string.Concat(Enumerable.Range(0, 200).Select(n => $"X-{n}: y\r\n"));
        var large = $"X: {new string('a', 40_000)}\r\n";
        foreach (var flood in (string[])[many, large])
        {
            await ExpectAsync(431, _port, $"GET /up/sim/a HTTP/1.1\r\nHost: localhost\r\n{flood}\r\n", wrong);
            await ExpectAsync(431, _proxy, $"GET {_api.Url}/a HTTP/1.1\r\nHost: localhost\r\n{flood}\r\n", wrong);
            await ExpectAsync(431, _proxy, $"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: localhost\r\n{flood}\r\n", wrong);
        }
        await ExpectAsync(413, _port, $"POST /api/v1/request HTTP/1.1\r\nHost: localhost\r\nContent-Length: {ServiceSite.LargestBody + 1}\r\n\r\n", wrong);
        using (var chunks = await RawCall.OpenAsync(_port))
        {
            await chunks.SayAsync("POST /api/v1/requests/bulk HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
            var chunk = $"100000\r\n{new string(' ', 1 << 20)}\r\n";
            var sending = Task.Run(async () =>
            {
                for (var sent = 0L; sent <= ServiceSite.LargestBody + (4 << 20); sent += 1 << 20)
                    await chunks.SayAsync(chunk);
            });
            Assert.Equal(413, RawCall.StatusOf(await chunks.HeadAsync()));
            // Nobody reads what is still on its way.
            await sending.ContinueWith(static _ => { }, TaskScheduler.Default).WaitAsync(Cli.Patience);
        }
        await GoodAsync(wrong);
        Assert.Empty(wrong);
        Assert.Equal(2, _api.Report().Arrivals);
    }

    [Fact]
    public async Task Who_sends_slowly_is_not_waited_for_and_keeps_nobody_waiting()
    {
        // More than may be in flight to one API (100), each with a body that comes a byte at a time; and heads that never end.
        using var stop = new CancellationTokenSource();
        var slow = new List<Task<(string What, int Status)>>();
        for (var n = 0; n < 60; n++)
        {
            slow.Add(SlowlyAsync("body", _port, "POST /up/sim/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n", stop.Token));
            slow.Add(SlowlyAsync("body", _proxy, $"POST {_api.Url}/echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n186A0\r\n", stop.Token));
            slow.Add(SlowlyAsync("head", _port, "GET /up/sim/echo HTTP/1.1\r\nHost: localhost\r\nX: ", stop.Token));
            slow.Add(SlowlyAsync("head", _proxy, "CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: localhost\r\nX: ", stop.Token));
        }
        var (wrong, good) = (new List<string>(), 0);
        var all = Task.WhenAll(slow);
        while (!all.IsCompleted)
        {
            await GoodAsync(wrong);
            good += 2;
            await Task.WhenAny(all, Task.Delay(200));
        }

        Assert.Empty(wrong);
        Assert.All(await all, caller => Assert.Equal((caller.What, 408), caller));
        output.WriteLine($"{good} good calls meanwhile");
        Assert.InRange(good, 10, int.MaxValue);
        // None of the slow ones has ever had a place in the limits of the API.
        Assert.Equal(good, _api.Report().Arrivals);
    }

    [Fact]
    public async Task Control_characters_in_a_request_lead_nowhere()
    {
        var good = new Dictionary<string, object?> { ["url"] = $"{_api.Url}/x" };
        var wrong = new List<string>();
        foreach (var (member, value) in ((string, object)[])
        [
            ("url", $"{_api.Url}/x\r\nX: y"), ("url", $"{_api.Url}/\0"), ("url", "http://127.0.0.1\r\n/"), ("method", "GET\r\nX: y"), ("method", "GET /y HTTP/1.1\r\nX:"), ("method", "G T"), ("method", "CONNECT"),
            ("headers", new Dictionary<string, string> { ["X"] = "a\r\nY: b" }), ("headers", new Dictionary<string, string> { ["X"] = "a\nY: b" }), ("headers", new Dictionary<string, string> { ["X"] = "a\rb" }), ("headers", new Dictionary<string, string> { ["X"] = "a\0b" }),
            ("headers", new Dictionary<string, string> { ["X\r\nY"] = "a" }), ("headers", new Dictionary<string, string> { ["X: a\r\nY"] = "b" }), ("headers", new Dictionary<string, string> { [""] = "b" }),
            ("headers", new Dictionary<string, string> { ["Transfer-Encoding"] = "chunked" }), ("headers", new Dictionary<string, string> { ["Content-Length"] = "3" }), ("headers", new Dictionary<string, string> { ["Host"] = "a\r\nX: y" }),
            ("id", "a\r\nb"), ("tenant", "a\r\nb"), ("queue", "a\nb"), ("idempotency_key", "a\r\nX: y"), ("country", "D\n"), ("priority", "1\r\n"), ("deadline", "5\r\nX"), ("tags", (string[])["a\r\nb"]), ("cost", new Dictionary<string, int> { ["tokens\r\n"] = 1 }),
        ])
        {
            var request = JsonSerializer.Serialize(new Dictionary<string, object?>(good) { [member] = value });
            var (status, json) = await _service.CallAsync("POST", "/api/v1/request", request);
            if (status != 400)
                wrong.Add($"{status} {request} {json}");
        }
        // In the query they are data, and are sent as such.
        var (accepted, waited) = await _service.CallAsync("POST", "/api/v1/post", JsonSerializer.Serialize(new { url = $"{_api.Url}/echo", @params = new Dictionary<string, string> { ["a\r\n"] = "b\r\nX: y" } }));
        Assert.Equal(200, accepted);
        Assert.Contains("?a%0D%0A=b%0D%0AX%3A%20y", waited.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("\"x\":", waited.ToString(), StringComparison.Ordinal);
        await GoodAsync(wrong);
        Assert.Empty(wrong);
    }

    private static async Task ExpectAsync(int status, int port, string call, List<string> wrong)
    {
        using var raw = await RawCall.OpenAsync(port);
        await raw.SayAsync(call);
        var got = RawCall.StatusOf(await raw.HeadAsync());
        if (got != status)
            wrong.Add($"{got} instead of {status}: {call[..Math.Min(call.Length, 200)]}");
    }

    /// <summary>One call through the gateway and one through the proxy, which go well.</summary>
    private async Task GoodAsync(List<string> wrong)
    {
        await ExpectAsync(200, _port, "GET /up/sim/good HTTP/1.1\r\nHost: localhost\r\n\r\n", wrong);
        await ExpectAsync(200, _proxy, $"GET {_api.Url}/good HTTP/1.1\r\nHost: localhost\r\n\r\n", wrong);
    }

    /// <summary>Begins a call, goes on with it a byte at a time, and tells how it was answered.</summary>
    private static async Task<(string What, int Status)> SlowlyAsync(string what, int port, string begin, CancellationToken stop)
    {
        using var call = await RawCall.OpenAsync(port);
        await call.SayAsync(begin);
        var answer = call.HeadAsync();
        try
        {
            while (!answer.IsCompleted)
            {
                await Task.WhenAny(answer, Task.Delay(1000, stop));
                await call.SayAsync("a");
            }
        }
        catch (IOException)
        {
            // It was answered, and nobody listens any more.
        }
        return (what, RawCall.StatusOf(await answer));
    }
}
