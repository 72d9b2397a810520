using System.Net;
using Headgate.App.Security;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>Who may call, from where and how often, while the configuration becomes another.</summary>
public sealed class LiveAccessTests
{
    private const string First = "hg_first-of-all-tokens-of-this-test";
    private const string Second = "hg_second-of-all-tokens-of-this-test";

    [Fact]
    public async Task Tokens_of_the_configuration_come_and_go_and_once_there_was_one_each_call_needs_one()
    {
        await using var cli = new Cli();
        cli.Write("headgate.json", """{ "serve": {} }""");
        await using var service = await ServiceProcess.StartAsync(cli);
        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("GET", "/health", null));

        cli.Write("headgate.json", Tokens(("ci", First)));
        await service.UntilStatusAsync(null, HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("GET", "/health", First));

        cli.Write("headgate.json", Tokens(("other", Second)));
        await service.UntilStatusAsync(First, HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("GET", "/health", Second));

        // Two of one name: nothing of it holds.
        var stored = await cli.AddTokenAsync("ci", "read");
        await service.UntilStatusAsync(stored, HttpStatusCode.OK);
        cli.Write("headgate.json", Tokens(("ci", First)));
        await service.Process.Error.WaitForAsync("what held before holds on");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (await service.StatusAsync("GET", "/health", Second), await service.StatusAsync("GET", "/health", First)));

        cli.Write("headgate.json", """{ "serve": {} }""");
        await service.UntilStatusAsync(Second, HttpStatusCode.Unauthorized);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (await service.StatusAsync("GET", "/health", stored), await service.StatusAsync("GET", "/health", null)));
        Assert.DoesNotContain("from the next start on", service.Process.Error.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(First, service.Process.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_of_other_origins_and_rates_of_callers_change_too()
    {
        await using var cli = new Cli();
        cli.Write("headgate.json", """{ "serve": { "cors": ["https://old.example"], "rateLimits": ["1000/h"] } }""");
        await using var service = await ServiceProcess.StartAsync(cli);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden), (await FromAsync("https://old.example"), await FromAsync("https://new.example")));

        cli.Write("headgate.json", """{ "serve": { "cors": ["https://new.example"], "rateLimits": ["1000/h"] } }""");
        for (var look = 0; await FromAsync("https://new.example") != HttpStatusCode.OK; look++)
        {
            Assert.True(look < 100, "it is not read");
            await Task.Delay(100);
        }
        Assert.Equal(HttpStatusCode.Forbidden, await FromAsync("https://old.example"));
        using (var before = await service.SendAsync("GET", "/status", null))
            // What was used before is used still: other origins are no other rates.
            Assert.DoesNotContain("r=999", before.Headers.GetValues("RateLimit").Single(), StringComparison.Ordinal);

        cli.Write("headgate.json", """{ "serve": { "cors": ["https://new.example"], "rateLimits": ["2/h"] } }""");
        await service.UntilStatusAsync(null, HttpStatusCode.TooManyRequests);

        async Task<HttpStatusCode> FromAsync(string origin)
        {
            using var answer = await service.SendAsync("GET", "/status", null, null, ("Origin", origin));
            return answer.StatusCode;
        }
    }

    private static string Tokens(params (string Name, string Token)[] tokens) =>
        $$"""{ "serve": { "tokens": [{{string.Join(",", tokens.Select(token => $$"""{ "name": "{{token.Name}}", "hash": "{{TokenText.HashOf(token.Token)}}", "scopes": ["read"] }"""))}}] } }""";
}
