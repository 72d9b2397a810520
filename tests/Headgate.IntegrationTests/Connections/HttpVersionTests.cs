using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;
using Headgate.IntegrationTests.Transport;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Headgate.IntegrationTests.Connections;

/// <summary>By which version of HTTP a server is spoken to, and what comes of one that speaks another.</summary>
public sealed class HttpVersionTests(ITestOutputHelper output) : IDisposable
{
    private readonly TestAuthority _authority = new("Headgate test authority");

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData("1.1,2", HttpProtocols.Http1AndHttp2, true, "HTTP/2")]
    [InlineData("1.1,2,3", HttpProtocols.Http1AndHttp2, true, "HTTP/2")]
    [InlineData("1.1", HttpProtocols.Http1AndHttp2, true, "HTTP/1.1")]
    [InlineData("2", HttpProtocols.Http1AndHttp2, true, "HTTP/2")]
    [InlineData("1.1,2", HttpProtocols.Http1, true, "HTTP/1.1")]
    [InlineData("1.1,2", HttpProtocols.Http1, false, "HTTP/1.1")]
    [InlineData("2", HttpProtocols.Http2, false, "HTTP/2")]
    [InlineData("2", HttpProtocols.Http1, true, null)]
    [InlineData("2", HttpProtocols.Http1, false, null)]
    [InlineData("1.1", HttpProtocols.Http2, true, null)]
    public async Task A_server_is_spoken_to_in_a_version_both_allow(string http, HttpProtocols server, bool hasTls, string? spoken)
    {
        await using var api = await SecureServer.StartAsync(server, hasTls ? _authority.Sign("localhost") : null);
        await using var cli = new Cli();
        cli.Write("ca.pem", _authority.Pem);
        cli.Write("headgate.json", TlsTests.Configuration(
            [("api", api.Url, $$""" "connections": { "http": "{{http}}" }, "retryDelay": 0.01, "timeout": 5{{(hasTls ? ", \"tls\": { \"ca\": \"file:ca.pem\" }" : "")}} """)]));
        cli.Write("in.jsonl", [.. Enumerable.Range(1, 20).Select(n => Requests.Line($"{n}", $"{api.Url}/{n}"))]);

        cli.Environment["HEADGATE_DEFAULTS__BREAKER"] = "off";
        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--retries", "1");

        output.WriteLine(result + string.Join('\n', cli.Results()));
        Assert.Equal(spoken is null ? 1 : 0, result.Code);
        if (spoken is null)
            Assert.All(cli.Results(), line => Assert.Equal("network", line.Class));
        else
            Assert.Equal(20, api.ByProtocol[spoken]);
        Assert.Equal(spoken is null ? 0 : 20, api.Requests);
    }

    [Fact]
    public async Task A_stream_that_ends_before_its_announced_length_broke_off()
    {
        await using var server = new FrameServer(_ => StreamReaction.ShortBody);
        await using var cli = new Cli();
        cli.Write("headgate.json", TlsTests.Configuration([("api", server.Uri.ToString(), """ "connections": { "http": "2" }, "retryDelay": 0.01 """)]));
        cli.Write("in.jsonl", [Requests.Line("x", server.Uri.ToString())]);

        cli.Environment["HEADGATE_DEFAULTS__BREAKER"] = "off";
        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--retries", "1");

        output.WriteLine(result + string.Join('\n', cli.Results()));
        var line = Assert.Single(cli.Results());
        Assert.Equal((1, "network", 2, 2), (result.Code, line.Class, line.Attempts, server.Requests));
    }
}
