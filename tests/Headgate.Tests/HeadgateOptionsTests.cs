using System.Reflection;
using Headgate.Configuration;
using Headgate.Limits;
using Microsoft.Extensions.Configuration;

namespace Headgate.Tests;

public sealed class HeadgateOptionsTests
{
    [Fact]
    public void What_is_set_holds()
    {
        var options = new HeadgateOptions { Limits = ["100/s", "5000/h"], TotalLimits = ["500 concurrent"], Timeout = TimeSpan.FromSeconds(1.5), Concurrency = 7, MaxBody = 1 << 20 };
        options.Upstreams["github"] = new UpstreamOptions { Base = ["https://api.github.com"], Retries = 5, Shares = { Low = 0.6 }, Retry = { IdempotencyKey = true, Budget = { Floor = "3/s" } } };
        options.Upstreams["github"].Cost["tokens"].Estimate = 1200;

        var frozen = options.Freeze();

        var github = frozen.Upstreams.Single();
        Assert.Equal([Limit.Parse("100/s"), Limit.Parse("5000/h")], frozen.Defaults.Limits);
        Assert.Equal([Limit.Parse("500 concurrent")], frozen.TotalLimits);
        Assert.Equal((TimeSpan.FromSeconds(1.5), 7, 1 << 20), (frozen.Defaults.Timeout, frozen.Concurrency, frozen.Defaults.MaxBody));
        Assert.Equal(("github", 5, TimeSpan.FromSeconds(1.5), new Percentage(6000)), (github.Name, github.Policy.Retries, github.Policy.Timeout, github.Shares.Low));
        Assert.Equal((true, Limit.Parse("3/s"), new CostConfiguration("tokens", 1200, null)), (github.Retry.IdempotencyKey, github.Retry.BudgetFloor, github.Costs.Single()));
    }

    [Fact]
    public void Nothing_set_is_the_default() => Assert.Equal(HeadgateConfiguration.Default, new HeadgateOptions().Freeze());

    [Fact]
    public void None_is_no_limit_and_no_learning() => Assert.False(new HeadgateOptions { Limits = ["none"] }.Freeze().Defaults.Learns);

    [Fact]
    public void All_that_is_wrong_is_told_at_once_each_with_its_path()
    {
        var options = new HeadgateOptions { Limits = ["100/m", "5/s"], Timeout = TimeSpan.FromSeconds(-1), Retries = 101 };
        options.Upstreams["shop"].Keys.From = ["sk-secret"];

        var wrong = Assert.Throws<ArgumentException>(() => options.Freeze());

        foreach (var path in (string[])["/defaults/limits/0: ", "/defaults/timeout: ", "/defaults/retries: ", "/upstreams/shop/keys/from/0: ", "/upstreams/shop: \"base\" is missing"])
            Assert.Contains(path, wrong.Message);
        Assert.DoesNotContain("sk-secret", wrong.Message);
        Assert.Equal(5, options.FindFaults().Count);
    }

    [Fact]
    public void A_key_that_is_not_there_is_told_with_the_rest()
    {
        var options = new HeadgateOptions();
        options.Upstreams["shop"] = new UpstreamOptions { Base = ["https://shop.test"], Keys = { From = ["env:NO_SUCH_KEY_ANYWHERE"] } };

        Assert.Contains("NO_SUCH_KEY_ANYWHERE", Assert.Single(options.FindFaults()));
    }

    [Fact]
    public void A_key_that_is_not_there_is_told_beside_what_else_is_wrong()
    {
        var options = new HeadgateOptions { Limits = ["100/fortnight"] };
        options.Upstreams["api"].Base = ["https://api.example.com"];
        options.Upstreams["api"].Keys = new KeysOptions { From = ["env:NO_SUCH_VARIABLE_OF_OURS"], As = "X-Key: {key}" };
        var faults = options.FindFaults();
        Assert.Equal(2, faults.Count);
        Assert.Contains("/defaults/limits", faults[0], StringComparison.Ordinal);
        Assert.StartsWith("/upstreams/api/keys: ", faults[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_section_that_is_not_there_is_told()
    {
        Assert.Contains("\"Headgate\"", Assert.Single(Section().Notices), StringComparison.Ordinal);
        Assert.Empty(Section(("Headgate:Defaults:Timeout", "30")).Notices);
    }

    [Fact]
    public void Keys_by_value_are_numbered_and_their_values_stand_in_no_configuration()
    {
        var options = new HeadgateOptions();
        options.Upstreams["shop"] = new UpstreamOptions { Base = ["https://shop.test"], Keys = { Values = ["sk-1111", "sk-2222"], Limits = ["5/s"] } };

        var shop = options.Freeze().Upstreams.Single();

        Assert.Equal([("key-1", "sk-1111"), ("key-2", "sk-2222")], options.KeysOf(shop).Select(key => (key.Secret.Name, key.Secret.Reveal())));
        Assert.DoesNotContain("sk-", shop.ToString());
    }

    [Fact]
    public void Keys_of_a_source_are_asked_for_by_the_name_of_the_api()
    {
        var options = new HeadgateOptions();
        options.Upstreams["shop"] = new UpstreamOptions { Base = ["https://shop.test"], Keys = { Source = new Vault() } };

        Assert.Equal([("for-shop", "secret")], options.KeysOf(options.Freeze().Upstreams.Single()).Select(key => (key.Secret.Name, key.Secret.Reveal())));
    }

    [Fact]
    public void A_section_is_read_as_the_file_is()
    {
        var options = Section(
            ("Headgate:Defaults:Timeout", "30"), ("Headgate:defaults:retries", "5"), ("Headgate:Total:Limits:0", "500 concurrent"), ("Headgate:StatePath", "/var/lib/x"),
            ("Headgate:Upstreams:GitHub:Base:0", "https://api.github.com"), ("Headgate:Upstreams:GitHub:Limits:0", "100/s"), ("Headgate:Upstreams:GitHub:Limits:1", "5000/h"),
            ("Headgate:Upstreams:GitHub:Retry:IdempotencyKey", "true"), ("Headgate:Upstreams:GitHub:Keys", null), ("Headgate:Upstreams:GitHub:Timing", ""));

        var frozen = options.Freeze();

        Assert.Equal((TimeSpan.FromSeconds(30), 5, "/var/lib/x"), (frozen.Defaults.Timeout, frozen.Defaults.Retries, options.StatePath));
        Assert.Equal([Limit.Parse("100/s"), Limit.Parse("5000/h")], frozen.Upstreams.Single().Policy.Limits);
        Assert.True(frozen.Upstreams.Single().Retry.IdempotencyKey);
    }

    [Fact]
    public void What_is_wrong_in_a_section_is_told_with_its_path_there()
    {
        var faults = Section(("Headgate:Defaults:Timeout", "soon"), ("Headgate:Defaults:Tiemout", "3"), ("Headgate:Upstreams:x:Retries", "2")).FindFaults();

        Assert.Contains(faults, fault => fault.StartsWith("Headgate:Defaults:Timeout: \"soon\" is not a duration", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("Headgate:Defaults:Tiemout: unknown member", StringComparison.Ordinal) && fault.Contains("\"timeout\""));
        Assert.Contains(faults, fault => fault.StartsWith("/upstreams/x: \"base\" is missing", StringComparison.Ordinal));
        Assert.Equal(3, faults.Count);
    }

    [Fact]
    public void What_is_set_in_code_is_stronger_than_the_section()
    {
        var options = Section(("Headgate:Defaults:Timeout", "30"), ("Headgate:Defaults:Limits:0", "1/s"));
        (options.Timeout, options.Limits) = (TimeSpan.FromSeconds(5), ["2/s", "3/min"]);

        var frozen = options.Freeze();

        Assert.Equal(TimeSpan.FromSeconds(5), frozen.Defaults.Timeout);
        Assert.Equal([Limit.Parse("2/s"), Limit.Parse("3/min")], frozen.Defaults.Limits);
    }

    [Fact]
    public void The_variables_of_the_original_programs_are_understood()
    {
        var options = FromEnvironment("https://api.test", ("MAX_CONCURRENCY", "1000"), ("GLOBAL_LIMIT", "1000"), ("GLOBAL_WINDOW", "30"), ("PER_HOST_LIMIT", "100"), ("BURST_LIMIT", "50"),
            ("MAX_CONNECTIONS", "200"), ("MAX_CONNECTIONS_PER_HOST", "20"), ("IDLE_TIMEOUT", "300"), ("REQUEST_TIMEOUT", "30.0"), ("CONNECTION_TIMEOUT", "5"), ("RETRY_ATTEMPTS", "4"), ("API_KEYS", "a1, b2"), ("RATE_LIMIT", "60"));

        var frozen = options.Freeze();

        Assert.Equal(["1000/30s", "1000 concurrent"], frozen.TotalLimits.Select(limit => limit.ToString()));
        Assert.Equal([Limit.Parse("100/60s"), Limit.Parse("50/10s")], frozen.Defaults.Limits);
        Assert.Equal((200, 20, TimeSpan.FromMinutes(5)), (frozen.TotalConnections, frozen.Concurrency, frozen.Defaults.Connections.IdleTimeout));
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5), 4), (frozen.Defaults.Timeout, frozen.Defaults.ConnectTimeout, frozen.Defaults.Retries));
        Assert.Equal([Limit.Parse("60/min")], frozen.Upstreams.Single().Keys!.Limits);
        Assert.Equal(["a1", "b2"], options.KeysOf(frozen.Upstreams.Single()).Select(key => key.Secret.Reveal()));
    }

    [Fact]
    public void Wrong_variables_are_told_together_under_their_names()
    {
        var faults = FromEnvironment(null, ("GLOBAL_LIMIT", "many"), ("RETRY_ATTEMPTS", "-1"), ("API_KEYS", "a1")).FindFaults();

        Assert.Contains(faults, fault => fault.StartsWith("GLOBAL_LIMIT: ", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("RETRY_ATTEMPTS: ", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("/upstreams/api: \"base\" is missing", StringComparison.Ordinal));
        Assert.DoesNotContain(faults, fault => fault.Contains("a1", StringComparison.Ordinal));
    }

    [Fact]
    public void Proxies_and_a_handler_that_would_pass_them_by_do_not_go_together()
    {
        var options = new HeadgateOptions { Proxies = "pool" };
        options.ProxyPools["pool"].From = ["http://list.test/api/proxies"];

        Assert.Contains("would pass by", Assert.Throws<ArgumentException>(() => new HeadgateHandler(options, new SocketsHttpHandler())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_setting_of_an_api_can_be_set_in_code_and_nothing_else()
    {
        Assert.Equal(Names(Settings.Upstream.Shape), Names(typeof(UpstreamOptions)));
        Assert.Equal(Names(Settings.Keys.Shape), Names(typeof(KeysOptions), "values", "source", "refresh"));
        Assert.Equal(Names(Settings.Retry.Shape), Names(typeof(RetryOptions)));
        Assert.Equal(Names(Settings.Shares.Shape), Names(typeof(SharesOptions)));
        Assert.Equal(Names((Group)Settings.Cost.Shape.Value), Names(typeof(CostOptions)));
        Assert.Equal(Names((Group)Settings.Route.Shape.Value), Names(typeof(RouteOptions)));
        Assert.Equal(Names(Settings.Throttled.Shape), Names(typeof(ThrottledOptions)));
        Assert.Equal(Names(Settings.Connections.Shape), Names(typeof(ConnectionsOptions)));
        Assert.Equal(Names(Settings.Tls.Shape), Names(typeof(TlsOptions)));
        Assert.Equal(Names(Settings.Breaker.Shape), Names(typeof(BreakerOptions)));
        Assert.Equal(Names(Settings.Hedge.Shape), Names(typeof(HedgeOptions)));
        Assert.Equal(Names(Settings.Adaptive.Shape), Names(typeof(AdaptiveOptions)));
        Assert.Equal(Names(Settings.Chaos.Shape), Names(typeof(ChaosOptions)));
        Assert.Equal(Names((Group)Settings.Defaults.Shape), Names(typeof(HeadgateOptions), "totalLimits", "totalConnections", "totalCacheBytes", "upstreams", "proxyPools", "statePath", "token", "health"));
        Assert.Equal(Names(ProxySettings.Shape), Names(typeof(ProxyPoolOptions)));
        Assert.Equal(Names((Group)ProxySettings.Tls.Shape), Names(typeof(ProxyTlsOptions)));
        Assert.Equal(Names(OAuthSettings.Shape), Names(typeof(OAuthOptions)));

        static IEnumerable<string> Names(object of, params string[] beside) => (of is Group group
            ? group.Members.Select(member => member.Name)
            : ((Type)of).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => char.ToLowerInvariant(property.Name[0]) + property.Name[1..])).Except(beside).Order();
    }

    private static HeadgateOptions Section(params (string Path, string? Value)[] values)
    {
        var host = new ConfigurationBuilder().AddInMemoryCollection(values.Select(value => KeyValuePair.Create(value.Path, value.Value))).Build();
        var options = new HeadgateOptions();
        options.Read(host.GetSection("Headgate"));
        return options;
    }

    private static HeadgateOptions FromEnvironment(string? baseAddress, params (string Name, string Value)[] variables)
    {
        var options = HeadgateOptions.FromEnvironment(variables.ToDictionary(variable => variable.Name, variable => variable.Value), baseAddress);
        return options;
    }

    private sealed class Vault : IKeySource
    {
        public IReadOnlyList<ApiKey> GetKeys(string upstream) => [new ApiKey($"for-{upstream}", "secret")];
    }
}
