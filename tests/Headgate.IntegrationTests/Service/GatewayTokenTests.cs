using System.Net;
using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>Tokens of callers of the gateway, and the keys that they bring themselves.</summary>
public sealed class GatewayTokenTests
{
    [Fact]
    public async Task A_token_goes_no_further_and_other_credentials_go_on()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        var token = await cli.AddTokenAsync("ci", "submit");
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");

        // An SDK whose key is the token; a caller with credentials of its own for the API; one that says so in a header of ours.
        Assert.Null(await EchoAsync(service, ("Authorization", $"Bearer {token}")));
        Assert.Equal("Bearer own", await EchoAsync(service, ("Authorization", "Bearer own"), ("Headgate-Token", token)));
        Assert.Null(await EchoAsync(service, ("Headgate-Token", token)));
        Assert.Null(await EchoAsync(service, ("Authorization", $"Bearer {token}"), ("Headgate-Token", token)));

        using var wrong = await service.SendAsync("GET", "/up/sim/echo", null, null, ("Authorization", "Bearer hg_wrong"));
        using var none = await service.SendAsync("GET", "/up/sim/echo", null, null, ("Authorization", "Bearer own"));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (wrong.StatusCode, none.StatusCode));
        Assert.Equal(4, api.Report().Arrivals);
    }

    [Fact]
    public async Task Nothing_that_begins_as_a_token_goes_to_an_API_even_where_none_is_needed()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");

        Assert.Null(await EchoAsync(service, ("Authorization", "Bearer hg_any")));
        Assert.Null(await EchoAsync(service, ("Headgate-Token", "hg_any")));
    }

    [Fact]
    public async Task A_key_of_the_pool_takes_the_place_of_a_token_wherever_the_API_has_its_keys()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var other = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        var token = await cli.AddTokenAsync("ci", "submit");
        cli.Environment["POOLED"] = "pooled";
        cli.Write("headgate.json", $$"""
            { "upstreams": {
                "bearer": { "base": ["{{api.Url}}"], "keys": { "from": ["env:POOLED"] } },
                "header": { "base": ["{{other.Url}}"], "keys": { "from": ["env:POOLED"], "as": "X-Api-Key: {key}" } } } }
            """);
        await using var service = await ServiceProcess.StartAsync(cli);

        var bearer = await HeadersAsync(service, "/up/bearer/x", ("Authorization", $"Bearer {token}"));
        Assert.Equal("Bearer pooled", (string?)bearer["authorization"]);
        bearer = await HeadersAsync(service, "/up/bearer/x", ("Authorization", "Bearer own"), ("Headgate-Token", token));
        Assert.Equal("Bearer own", (string?)bearer["authorization"]);
        var header = await HeadersAsync(service, "/up/header/x", ("X-Api-Key", token));
        Assert.Equal(("pooled", null), ((string?)header["x-api-key"], (string?)header["authorization"]));
        header = await HeadersAsync(service, "/up/header/x", ("X-Api-Key", "own"), ("Authorization", $"Bearer {token}"));
        Assert.Equal(("pooled", null), ((string?)header["x-api-key"], (string?)header["authorization"]));
    }

    [Fact]
    public async Task Credentials_of_a_callers_own_have_the_limits_of_a_key_and_the_ledger_proves_it()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Environment["POOLED"] = "pooled";
        cli.Write("headgate.json", $$"""{ "upstreams": { "sim": { "base": ["{{api.Url}}"], "limits": "none", "keys": { "from": ["env:POOLED"], "limits": ["5/s"] } } } }""");
        await using (var service = await ServiceProcess.StartAsync(cli))
        {
            await Task.WhenAll(Enumerable.Range(0, 30).Select(async number =>
            {
                using var answer = await service.SendAsync("GET", "/up/sim/x", null, null, ("Authorization", (number % 3) switch { 0 => "Bearer hg_", 1 => "Bearer mine", _ => "Bearer yours" }));
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }));
            service.Process.Terminate();
            Assert.Equal(0, (await service.Process.EndAsync()).Code);
        }

        var ledger = Assert.Single(Directory.GetFiles(cli.PathOf("data/ledgers")));
        var verdict = await cli.RunAsync("verify", ledger);
        Assert.True(verdict.Code == 0, $"{verdict}");
        // Three keys, each with ten sends in windows of five.
        Assert.Equal(2, verdict.Output.Split('\n').Count(line => line.Contains("own-", StringComparison.Ordinal) && line.Contains("5 of 5", StringComparison.Ordinal)));
        var written = await File.ReadAllTextAsync(ledger);
        Assert.DoesNotContain("mine", written, StringComparison.Ordinal);
    }

    private static async Task<string?> EchoAsync(ServiceProcess service, params (string Name, string Value)[] headers) => (string?)(await HeadersAsync(service, "/up/sim/x", headers))["authorization"];

    private static async Task<JsonObject> HeadersAsync(ServiceProcess service, string path, params (string Name, string Value)[] headers)
    {
        using var answer = await service.SendAsync("GET", $"{path[..^1]}echo", null, null, headers);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        var echo = JsonNode.Parse(text)!["headers"]!.AsObject();
        Assert.DoesNotContain("hg_", echo.ToJsonString(), StringComparison.Ordinal);
        return echo;
    }
}
