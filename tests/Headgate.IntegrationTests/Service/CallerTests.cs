using System.Net;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;
using Microsoft.AspNetCore.Http;

namespace Headgate.IntegrationTests.Service;

/// <summary>Pages of other origins, and how often each caller may call.</summary>
public sealed class CallerTests
{
    [Fact]
    public async Task Pages_of_configured_origins_may_call_and_read_whatever_is_answered()
    {
        // An API that has words of its own for browsers.
        await using var api = await SmallServer.StartAsync(context =>
        {
            context.Response.Headers.AccessControlAllowOrigin = "*";
            context.Response.Headers["Access-Control-Allow-Credentials"] = "true";
            return context.Response.WriteAsync("ok");
        });
        await using var cli = new Cli();
        cli.Write("headgate.json", """{ "serve": { "cors": ["https://app.example"] } }""");
        var token = await cli.AddTokenAsync("web", "read,submit");
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");

        foreach (var (path, shown, status) in ((string, string?, HttpStatusCode)[])[("/health", token, HttpStatusCode.OK), ("/health", null, HttpStatusCode.Unauthorized), ("/nowhere", token, HttpStatusCode.NotFound), ("/up/sim/x", token, HttpStatusCode.OK)])
        {
            using var answer = await service.SendAsync("GET", path, shown, null, ("Origin", "https://app.example"));
            Assert.Equal(status, answer.StatusCode);
            Assert.Equal(["https://app.example"], answer.Headers.GetValues("Access-Control-Allow-Origin"));
            Assert.Equal("Origin", answer.Headers.Vary.ToString());
            Assert.False(answer.Headers.Contains("Access-Control-Allow-Credentials"));
        }
        // A browser asks first, without a token.
        using var asked = await service.SendAsync("OPTIONS", "/api/v1/request", null, null, ("Origin", "https://app.example"), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "headgate-token"));
        Assert.Equal((HttpStatusCode.NoContent, "headgate-token"), (asked.StatusCode, asked.Headers.GetValues("Access-Control-Allow-Headers").Single()));
        foreach (var origin in (string[])["https://evil.example", "null"])
        {
            using var other = await service.SendAsync("GET", "/health", token, null, ("Origin", origin));
            using var preflight = await service.SendAsync("OPTIONS", "/health", null, null, ("Origin", origin), ("Access-Control-Request-Method", "GET"));
            Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (other.StatusCode, preflight.StatusCode));
            Assert.False(other.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    [Fact]
    public async Task Each_caller_has_its_own_rate_and_every_answer_tells_what_is_left()
    {
        await using var api = await SmallServer.StartAsync(context =>
        {
            context.Response.Headers["RateLimit"] = "\"theirs\";r=7";
            return context.Response.WriteAsync("ok");
        });
        await using var cli = new Cli();
        cli.Write("headgate.json", """{ "serve": { "rateLimits": ["4/h"] } }""");
        var (one, other) = (await cli.AddTokenAsync("one", "read,submit"), await cli.AddTokenAsync("other", "read"));
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");

        for (var left = 3; left >= 1; left--)
        {
            using var answer = await service.SendAsync("GET", left == 2 ? "/nowhere" : "/health", one);
            Assert.Equal(("\"4/h\";q=4;w=3600", $"\"4/h\";r={left};t=3600"), (answer.Headers.GetValues("RateLimit-Policy").Single(), answer.Headers.GetValues("RateLimit").Single()));
        }
        // What an API says of its own limits stays what it says.
        using var passed = await service.SendAsync("GET", "/up/sim/x", one);
        Assert.Equal((HttpStatusCode.OK, "\"theirs\";r=7"), (passed.StatusCode, passed.Headers.GetValues("RateLimit").Single()));

        using var refused = await service.SendAsync("GET", "/up/sim/x", one);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 3000, 3601);
        Assert.StartsWith("\"4/h\";r=0;t=", refused.Headers.GetValues("RateLimit").Single(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("GET", "/health", other));
        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("GET", "/livez", null));
        Assert.Equal(HttpStatusCode.Unauthorized, await service.StatusAsync("GET", "/health", null));
    }
}
