using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Proxies;
using Headgate.IntegrationTests.Service;

namespace Headgate.IntegrationTests.Secrets;

/// <summary>Proxies in the encrypted store, by the program itself.</summary>
public sealed class StoredProxiesTests : IAsyncDisposable
{
    private readonly Cli _cli = new();

    public StoredProxiesTests()
    {
        _cli.Environment["HEADGATE_KEYS"] = _cli.PathOf("keys");
        _cli.Environment["HEADGATE_SECRET"] = "a secret of some length";
    }

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Fact]
    public async Task A_proxy_is_added_shown_sent_through_and_taken_out()
    {
        await using var api = await ExitServer.StartAsync();
        await using var proxy = await DebianProxy.StartAsync(ProxyProgram.Tinyproxy, 61);
        var name = $"{proxy.Name}#2744cc";

        var added = await AddAsync(proxy.Url + "\n", "pool-a", "-", "--country", "de", "--exit", proxy.Exit, "--weight", "3", "--limit", "50/s");
        Assert.Equal((0, "", $"headgate: pool-a: proxy \"{name}\" is kept, encrypted\n"), (added.Code, added.Output, added.Error));
        var shown = await _cli.RunAsync("proxies", "ls");
        Assert.Matches($@"(?m)^pool-a +{name} +\S.* +DE +{proxy.Exit} +50/s +3\s*$", shown.Output);
        var json = JsonNode.Parse((await _cli.RunAsync("proxies", "ls", "--json")).Output)!["proxies"]!.AsArray().Single()!;
        Assert.Equal(("pool-a", name, "DE", proxy.Exit, "50/s", 3), ((string?)json["pool"], (string?)json["proxy"], (string?)json["country"], (string?)json["exit"], (string?)json["limits"]![0], (int)json["weight"]!));
        Assert.DoesNotContain(DebianProxy.Password, $"{shown}{json}{File.ReadAllText(_cli.PathOf("keys/keys.json"))}", StringComparison.Ordinal);

        var sent = await _cli.RunAsync("send", api.Url, "--proxies", "store:pool-a", "--limit", "none");
        Assert.True(sent.Code == 0, $"{sent}");
        Assert.Equal([proxy.Exit], api.Arrived.Keys);

        Assert.Equal(0, (await _cli.RunAsync("proxies", "rm", "pool-a", name)).Code);
        Assert.Equal(3, (await _cli.RunAsync("proxies", "rm", "pool-a", name)).Code);
        var empty = await _cli.RunAsync("send", api.Url, "--proxies", "store:pool-a", "--limit", "none");
        Assert.Equal(3, empty.Code);
        Assert.Contains("headgate proxies add pool-a", empty.Error, StringComparison.Ordinal);
        Assert.Equal(1, api.Arrived.Values.Sum());
    }

    [Fact]
    public async Task A_service_follows_its_pool_of_the_store_without_a_restart_and_keeps_the_last_proxies()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        // What answers to whole URLs is a proxy.
        await using var one = await SimulatedApi.StartAsync(new());
        await using var two = await SimulatedApi.StartAsync(new());
        var (first, second) = (one.Url.ToString().TrimEnd('/'), two.Url.ToString().TrimEnd('/'));
        await AddAsync(first, "p");
        _cli.Write("headgate.json", $$"""{ "proxies": { "pool-a": { "from": ["store:p"] } }, "upstreams": { "sim": { "base": ["{{api.Url}}"], "proxies": "pool-a" } } }""");
        await using var service = await ServiceProcess.StartAsync(_cli);
        Assert.Equal(200, (int)(await service.Client.GetAsync("/up/sim/a")).StatusCode);
        Assert.Equal((1L, 0L), (one.Report().Arrivals, api.Report().Arrivals));

        Assert.Equal(0, (await AddAsync(second, "p")).Code);
        await UntilAsync(service, names => names.SequenceEqual([first, second]));
        Assert.Equal(0, (await _cli.RunAsync("proxies", "rm", "p", first)).Code);
        await UntilAsync(service, names => names.SequenceEqual([second]));
        var last = await _cli.RunAsync("proxies", "rm", "p", second);
        Assert.Contains("keeps its last proxies", last.Error, StringComparison.Ordinal);
        await service.Process.Error.WaitForAsync(text => text.Contains("the list of pool-a stays as it is: store:p: ", StringComparison.Ordinal) && text.Contains("headgate proxies add p", StringComparison.Ordinal), Cli.Patience);

        Assert.Equal(200, (int)(await service.Client.GetAsync("/up/sim/b")).StatusCode);
        Assert.Equal(0L, api.Report().Arrivals);
    }

    [Theory]
    [InlineData("ftp://me:hunter2@a.example:1", "the proxy does not begin with http://", "p")]
    [InlineData("http://me:hunter2@a.example:99999", "has a port", "p")]
    [InlineData("", "the proxy is empty", "p")]
    [InlineData("http://a.example:1\nhttp://me:hunter2@b.example:1\n", "several lines", "p")]
    [InlineData("http://a.example:1", "is no name of a pool", "p q")]
    [InlineData("http://a.example:1", "--country: must be a country", "p", "--country", "Germany")]
    [InlineData("http://a.example:1", "--exit: must be", "p", "--exit", "x y")]
    [InlineData("http://a.example:1", "--limit: ", "p", "--limit", "5/s", "--limit", "5 tokens/s")]
    [InlineData("http://a.example:1", "--weight 0", "p", "--weight", "0")]
    [InlineData("http://me:other@used.example:1", "give --replace", "used")]
    [InlineData("http://other.example:1", "the same exit", "used", "--exit", "x", "--limit", "1/s")]
    public async Task What_is_no_proxy_or_there_already_is_refused_and_not_repeated(string value, string says, params string[] arguments)
    {
        await AddAsync("http://me:hunter2@used.example:1", "used", "--exit", "x");

        var result = await AddAsync(value, arguments);

        Assert.True(result.Code == 3, $"{result}");
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", $"{result}", StringComparison.Ordinal);
        Assert.Single(JsonNode.Parse((await _cli.RunAsync("proxies", "ls", "--json")).Output)!["proxies"]!.AsArray());
    }

    [Fact]
    public async Task A_URL_among_the_arguments_is_taken_and_told_of_where_it_has_a_password()
    {
        var open = await _cli.RunAsync("proxies", "add", "p", "http://a.example:1");
        var told = await _cli.RunAsync("proxies", "add", "p", "http://me:hunter2@a.example:1");
        var twice = await _cli.RunAsync("proxies", "add", "p", "http://b.example:1", "--from", "file");

        Assert.Equal((0, 0, 2), (open.Code, told.Code, twice.Code));
        Assert.DoesNotContain("arguments", open.Error, StringComparison.Ordinal);
        Assert.Contains("every user of this machine can see", told.Error, StringComparison.Ordinal);
        // By its URL as well, which has the name in it.
        Assert.Equal(0, (await _cli.RunAsync("proxies", "rm", "p", "a.example:1")).Code);
    }

    [Fact]
    public async Task A_store_is_not_made_that_nothing_protects()
    {
        _cli.Environment["HEADGATE_SECRET"] = null;

        var refused = await AddAsync("http://a.example:1", "p");
        var taken = await AddAsync("http://a.example:1", "p", "--unprotected");

        Assert.Equal((3, 0), (refused.Code, taken.Code));
        Assert.Contains("--unprotected", refused.Error, StringComparison.Ordinal);
        Assert.Contains("nothing but the rights of its files", taken.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HEADGATE_SECRET", null, "set HEADGATE_SECRET")]
    [InlineData("HEADGATE_SECRET", "another secret of that length", "HEADGATE_SECRET is another")]
    [InlineData("HEADGATE_KEYS", "/nowhere/keys", "headgate proxies add p")]
    public async Task What_cannot_be_used_is_told_by_a_dry_run_a_check_and_the_doctor(string variable, string? value, string says)
    {
        await AddAsync("http://a.example:1", "p");
        _cli.Write("in.jsonl", """{"url":"http://api.example/1"}""" + "\n");
        _cli.Write("headgate.json", """{ "proxies": { "pool-a": { "from": ["store:p"] } }, "upstreams": { "api": { "base": ["http://api.example"], "proxies": "pool-a" } } }""");
        var good = await _cli.RunAsync("config", "check");
        Assert.Equal((0, true), (good.Code, good.Output.Contains("proxies pool-a (1)", StringComparison.Ordinal)));
        Assert.Contains("; 1 proxies", (await _cli.RunAsync("run", "in.jsonl", "--proxies", "store:p", "--dry-run")).Output, StringComparison.Ordinal);
        Assert.Contains("store:p", (await _cli.RunAsync("config", "show")).Output, StringComparison.Ordinal);
        _cli.Environment[variable] = value;

        var check = await _cli.RunAsync("config", "check");
        var dry = await _cli.RunAsync("run", "in.jsonl", "--proxies", "store:p", "--dry-run");
        var doctor = await _cli.RunAsync("doctor");

        Assert.Equal((3, 3, 3), (check.Code, dry.Code, doctor.Code));
        Assert.Contains("(proxies of \"pool-a\")", check.Error, StringComparison.Ordinal);
        Assert.All((string[])[check.Error, dry.Error, doctor.Output], told => Assert.Contains(says, told, StringComparison.Ordinal));
    }

    private Task<CliResult> AddAsync(string value, params string[] arguments) => _cli.RunAsync(value, Cli.Patience, ["proxies", "add", .. arguments]);

    private static async Task UntilAsync(ServiceProcess service, Func<IEnumerable<string>, bool> isSo)
    {
        for (var look = 0; ; look++)
        {
            var names = (await service.CallAsync("GET", "/api/v1/proxies")).Json["proxies"]!.AsArray().Select(proxy => (string)proxy!["proxy"]!).ToList();
            if (isSo(names))
                return;
            Assert.True(look < 300, $"there are {string.Join(", ", names)}");
            await Task.Delay(100);
        }
    }
}
