using System.Text;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Proxy;

namespace Headgate.IntegrationTests.Service;

/// <summary>Answers that no server should give reach callers as what they are worth, and break nothing: through gateway and forward proxy.</summary>
public sealed class HostileAnswersTests : IAsyncLifetime
{
    private readonly Cli _cli = new();
    private readonly Loopback _api;
    private string _answer = "";
    private ServiceProcess _service = null!;

    public HostileAnswersTests() => _api = new Loopback(async (socket, _) =>
    {
        using (socket)
        {
            await socket.ReceiveAsync(new byte[4096]);
            await socket.SendAsync(Encoding.Latin1.GetBytes(_answer));
        }
    });

    public async ValueTask InitializeAsync() => _service = await ServiceProcess.StartAsync(_cli, "--proxy-listen", "127.0.0.1:0", "--up", $"odd=http://127.0.0.1:{_api.Port}", "--retries", "0");

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _cli.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\u0001b\u007fc\r\nContent-Length: 2\r\n\r\nok", 200, "X: a b c\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=\u0002\r\nContent-Length: 2\r\n\r\nok", 200, "ok")]
    [InlineData("HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nok", 204, "")]
    [InlineData("HTTP/1.1 205 Reset\r\nContent-Length: 2\r\n\r\nok", 205, "Content-Length: 0\r\n")]
    [InlineData("HTTP/1.1 304 Same\r\nContent-Length: 2\r\n\r\n", 304, "")]
    [InlineData("HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok", 999, "ok")]
    [InlineData("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 502, "http_protocol_error")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, "hello")]
    [InlineData("HTTP/1.1 000 Nothing\r\nContent-Length: 2\r\n\r\nok", 502, "http_protocol_error")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk", 502, "")]
    public async Task An_odd_answer_is_passed_on_if_it_can_be_and_is_a_bad_gateway_else(string answer, int status, string shown)
    {
        // Found: control characters and bodies where none may be were answered 500, and a 101 that nobody had asked for was passed on.
        _answer = answer;
        foreach (var (port, target) in ((int, string)[])[(_service.Client.BaseAddress!.Port, "/up/odd/x"), ((await _service.ProxyAsync()).Port, $"http://127.0.0.1:{_api.Port}/x")])
        {
            using var call = await RawCall.OpenAsync(port);
            await call.SayAsync($"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            var (head, body) = (await call.HeadAsync(), await call.ToEndAsync());

            Assert.Equal(status, RawCall.StatusOf(head));
            Assert.Contains(shown, head + body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_server_of_HTTP_1_0_which_closes_after_each_answer_loses_nothing()
    {
        // Found: its connections were used again, and a fifth of what had no right to be sent twice was answered 502.
        _answer = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok";
        var statuses = new System.Collections.Concurrent.ConcurrentBag<int>();

        await Parallel.ForEachAsync(Enumerable.Range(0, 200), new ParallelOptions { MaxDegreeOfParallelism = 20 }, async (number, stop) =>
        {
            using var answer = await _service.Client.PostAsync($"/up/odd/{number}", null, stop);
            statuses.Add((int)answer.StatusCode);
        });
        var jobs = await _service.WaitAsync(await _service.SubmitAsync(Enumerable.Range(0, 100).Select(number => $$"""{"url":"http://127.0.0.1:{{_api.Port}}/{{number}}","method":"POST"}""")));

        Assert.Equal([200], statuses.Distinct());
        Assert.All(jobs, job => Assert.Equal("completed", job.GetProperty("status").GetString()));
        Assert.Equal(300, _api.Connections);
    }

    [Fact]
    public async Task Whoever_waits_for_an_answer_that_is_larger_than_is_kept_is_told_so()
    {
        // Found: he was given 200 and an empty body.
        _answer = "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nx";

        var (status, problem) = await _service.CallAsync("GET", $"/api/v1/get?url=http://127.0.0.1:{_api.Port}/x");

        Assert.Equal(502, status);
        Assert.Contains("maxBody", (string?)problem["error"], StringComparison.Ordinal);
    }
}
