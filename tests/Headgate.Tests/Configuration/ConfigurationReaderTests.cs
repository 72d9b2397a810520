using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Limits;

namespace Headgate.Tests.Configuration;

public sealed class ConfigurationReaderTests
{
    [Fact]
    public void A_complete_file_is_read_into_records()
    {
        var reading = WrittenConfiguration.Read(WrittenConfiguration.Complete);

        Assert.Empty(reading.Errors);
        var configuration = reading.OrThrow();
        Assert.Equal([Limit.Parse("500 concurrent")], configuration.TotalLimits);
        Assert.Equal(200, configuration.TotalConnections);
        Assert.Equal(UpstreamPolicy.Default with { MaxPassed = 16 << 20, Cache = CacheConfiguration.Http }, configuration.Defaults);
        Assert.Equal(32 << 20, configuration.CacheBytes);
        Assert.Equal(["github", "openai", "crm"], configuration.Upstreams.Select(upstream => upstream.Name));
        Assert.Equal(new OAuthConfiguration { TokenUrl = new Uri("https://login.example/token"), ClientId = "sync", ClientSecret = "env:CRM_SECRET", Scopes = ["read", "write"], Audience = "https://crm.example", InBody = true }, configuration.Upstreams[2].OAuth);
        var (github, openai) = (configuration.Upstreams[0], configuration.Upstreams[1]);
        Assert.Equal("https://api.github.com", Assert.Single(github.Bases).ToString());
        Assert.Equal(UpstreamPolicy.Default with { Limits = [Limit.Parse("100 concurrent")], Learns = false, Breaker = null, MaxPassed = 16 << 20, Connections = github.Connections, Proxies = "pool-a", Cache = new CacheConfiguration(CacheMode.Ttl, 300) { Targets = ["CDN-Cache-Control"] } }, github.Policy);
        Assert.Equal(
            new ProxyPoolConfiguration { Name = "pool-a", From = [$"file:{Path.Combine(reading.Directory, "proxies.txt")}", "store:pool-a", "http://proxy-manager.example:8000/api/proxies"], Choice = ProxyChoice.RoundRobin, Limits = [Limit.Parse("5/s")], Probe = "http://probe.example/204", Ca = $"file:{Path.Combine(reading.Directory, "proxies-ca.pem")}" },
            Assert.Single(configuration.ProxyPools));
        Assert.Equal(new PriorityShares(new(10_000), new(10_000), new(9_000), new(6_000), new(2_000)), github.Shares);
        Assert.Equal(new Percentage(6_000), github.Shares[RequestPriority.Low]);
        Assert.Equal(
            new ConnectionsConfiguration { PerHost = 50, IdleTimeout = TimeSpan.FromMinutes(5), Lifetime = TimeSpan.FromHours(1), Http = HttpVersions.Http11To3, Decompress = false },
            github.Connections);
        Assert.Equal(
            new TlsConfiguration { Ca = $"file:{Path.Combine(reading.Directory, "ca.pem")}", ClientCertificate = $"file:{Path.Combine(reading.Directory, "client.pfx")}", Password = "env:CLIENT_PASSWORD" },
            github.Tls);
        Assert.Equal(["acme-sync/2.1 (+https://acme.example)", "acme-sync/2.1"], github.UserAgents);
        Assert.Equal((ConnectionsConfiguration.Default, TlsConfiguration.Default, 0), (openai.Connections, openai.Tls, openai.UserAgents.Count));
        Assert.Equal(
            new KeysConfiguration { From = ["env:GH_TOKEN_1", $"file:{Path.Combine(reading.Directory, "keys.txt")}"], Limits = [Limit.Parse("5000/h")], AnswersShared = true },
            github.Keys);
        Assert.Equal(
            new UpstreamPolicy
            {
                Limits = [Limit.Parse("500/min"), Limit.Parse("90000 tokens/min")],
                Learns = false,
                Timing = new TimingChoice(LimitTiming.Guaranteed),
                Straggle = TimeSpan.FromMilliseconds(500),
                Timeout = TimeSpan.FromMinutes(2),
                ConnectTimeout = TimeSpan.FromSeconds(5),
                Retries = 5,
                RetryDelay = TimeSpan.FromMilliseconds(500),
                RetryCap = TimeSpan.FromMinutes(2),
                QueueTimeout = TimeSpan.FromMinutes(10),
                Patience = TimeSpan.FromMinutes(15),
                MaxBody = 1024, MaxPassed = 1024,
                Cache = new CacheConfiguration(CacheMode.Ttl, 300),
                Breaker = new BreakerConfiguration { FailureThreshold = 10, FailureShare = new Percentage(5_000), RecoveryTimeout = TimeSpan.FromSeconds(30), SuccessThreshold = 2 },
            },
            openai.Policy);
        Assert.Equal([new CostConfiguration("tokens", 1200, "/usage/total_tokens")], openai.Costs);
        Assert.Equal(KeyTemplate.Parse("?api_key={key}"), openai.Keys!.Template);
        Assert.Equal(KeyChoice.Sticky, openai.Keys.Choice);
        Assert.Equal(RetryConfiguration.Default with { IdempotencyKey = true }, openai.Retry);
        Assert.Equal(3, openai.Weight);
    }

    [Fact]
    public void Two_readings_of_the_same_text_are_equal()
    {
        var one = WrittenConfiguration.Read("""{ "upstreams": { "a": { "base": ["http://a"], "limits": ["1/s"], "cost": { "tokens": { "estimate": 1 } } } } }""");
        var same = WrittenConfiguration.Read("""{"upstreams":{"a":{"base":["http://A:80/"],"limits":["1 / s"],"cost":{"tokens":{"estimate":1}}}}}""");
        var other = WrittenConfiguration.Read("""{ "upstreams": { "a": { "base": ["http://a"], "limits": ["2/s"], "cost": { "tokens": { "estimate": 1 } } } } }""");

        Assert.Equal(one.OrThrow(), same.OrThrow());
        Assert.NotEqual(one.OrThrow(), other.OrThrow());
    }

    [Fact]
    public void An_API_takes_from_the_defaults_what_it_does_not_say()
    {
        var configuration = WrittenConfiguration.Read(
            """{ "defaults": { "limits": ["10/s"], "timeout": 5, "concurrency": 7 }, "upstreams": { "a": { "base": ["http://a"], "retries": 0 }, "b": { "base": ["http://b"], "limits": "none" }, "c": { "base": ["http://c"], "limits": "learn" } } }""").OrThrow();

        Assert.Equal(7, configuration.Concurrency);
        Assert.Equal(configuration.Defaults with { Retries = 0 }, configuration.Upstreams[0].Policy);
        Assert.Equal((TimeSpan.FromSeconds(5), false), (configuration.Upstreams[0].Policy.Timeout, configuration.Upstreams[0].Policy.Learns));
        Assert.Equal((0, false), (configuration.Upstreams[1].Policy.Limits.Count, configuration.Upstreams[1].Policy.Learns));
        Assert.Equal((0, true), (configuration.Upstreams[2].Policy.Limits.Count, configuration.Upstreams[2].Policy.Learns));
    }

    [Fact]
    public void An_unknown_member_is_named_with_its_place_and_the_nearest_known_name()
    {
        var errors = WrittenConfiguration.Errors("""
            {
              "upstreams": {
                "github": { "base": ["https://api.github.com"],
                  "limts": ["100 concurrent"] }
              }
            }
            """);

        Assert.Equal(["headgate.json:4:16: /upstreams/github/limts: unknown member; did you mean \"limits\"?"], errors);
    }

    [Fact]
    public void All_errors_are_told_at_once_in_the_order_of_the_file()
    {
        var errors = WrittenConfiguration.Read("""
            {
              "version": 2,
              "total": { "limits": ["100/m"] },
              "defaults": { "timeout": "soon", "retries": 1.5, "maxBody": "16M", "timeout ": 1 },
              "upstreams": {
                "a b": { "base": ["http://a"] },
                "c": { "base": ["ftp://c"], "shares": { "low": 60 }, "retry": { "statuses": [42] } },
                "d": { "limits": "10/s", "cost": { "Tokens": { "estimate": 0, "actual": "usage" } } }
              }
            }
            """).Errors;

        Assert.Equal(
            ["/version", "/total/limits/0", "/defaults/timeout", "/defaults/retries", "/defaults/maxBody", "/defaults/timeout ", "/upstreams/a b", "/upstreams/c/base/0",
             "/upstreams/c/shares/low", "/upstreams/c/retry/statuses/0", "/upstreams/d", "/upstreams/d/limits", "/upstreams/d/cost/Tokens", "/upstreams/d/cost/Tokens/estimate", "/upstreams/d/cost/Tokens/actual"],
            errors.Select(error => error.Pointer));
        Assert.All(errors, error => Assert.True(error.Origin is { Source: ValueSource.File, Line: > 1, Column: > 0 }));
        Assert.Equal("2 is not a version this program reads: write 1", errors[0].Message);
        Assert.Contains("\"m\" could be a minute or a month", errors[1].Message, StringComparison.Ordinal);
        Assert.StartsWith("\"soon\" is not a duration", errors[2].Message, StringComparison.Ordinal);
        Assert.Equal("\"10/s\" is not a list; write [\"10/s\"], or \"learn\" or \"none\"", errors[11].Message);
        Assert.StartsWith("\"base\" is missing", errors[10].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "defaults": { "retries": "3" } }""", "\"3\" is not a whole number from 0 to 100")]
    [InlineData("""{ "defaults": { "timeout": 0 } }""", "0 is not a duration above zero, for example 30 or \"250ms\"")]
    [InlineData("""{ "defaults": { "timeout": null } }""", "null is not a duration above zero, for example 30 or \"250ms\"; leave the member out to have its default")]
    [InlineData("""{ "defaults": [] }""", "a list […] is not a group of settings; write { … }")]
    [InlineData("""{ "total": { "limits": "learn" } }""", "\"learn\" is not a list; write [\"learn\"]")]
    [InlineData("""{ "upstreams": { "a": { "base": [] } } }""", "the list needs an entry")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "connections": { "http": 2 } } } }""", "2 is not a choice of HTTP versions: \"1.1\", \"1.1,2\", \"2\" or \"1.1,2,3\"")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "connections": { "perHost": 0 } } } }""", "0 is not a whole number from 1 to 1000000")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "userAgents": ["ac\u00e9me"] } } }""", "\"acéme\" is not a User-Agent: 1 to 500 printable ASCII characters, for example \"acme-sync/2.1 (+https://acme.example)\"")]
    [InlineData("""{ "upstreams": { "a": { "base": ["https://a"], "tls": { "ca": "ca.pem" } } } }""", "\"ca.pem\" is not a file: \"file:PATH\"")]
    [InlineData("""{ "upstreams": { "a": { "base": ["https://a"], "tls": { "clientCertificate": "file:a", "password": "hunter2" } } } }""", "a password is named by \"env:NAME\" or \"file:PATH\"; itself it does not belong here")]
    [InlineData("""{ "upstreams": { "a": { "base": ["https://a"], "tls": { "password": "env:P" } } } }""", "a password without \"clientCertificate\" opens nothing; add it, or take the password out")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a"], "tls": { "ca": "file:ca.pem" } } } }""", "no base address is https, so nothing of this would be used")]
    [InlineData("""{ "upstreams": { "a": { "base": ["https://a"], "tls": { "verify": false } } } }""", "unknown member")]
    [InlineData("""[]""", "a list […] is not a group of settings; write { … }")]
    public void A_wrong_value_is_shown_with_what_is_expected(string json, string message) =>
        Assert.Equal(message, Assert.Single(WrittenConfiguration.Read(json).Errors).Message);

    [Fact]
    public void What_each_is_right_but_does_not_fit_together_is_told_too()
    {
        var errors = WrittenConfiguration.Read("""
            {
              "defaults": { "retryDelay": 90 },
              "upstreams": {
                "a": { "base": ["https://x.example", "https://y.example/v1/"], "limits": ["1000 tokens/min"], "cost": { "tokens": { "estimate": 1200 }, "requests": { "estimate": 2, "actual": "/n" } } },
                "b": { "base": ["https://X.example:443/"], "retryCap": 30, "retry": { "budget": { "floor": "3 concurrent" } } }
              }
            }
            """).Errors;

        Assert.Equal(
            ["/defaults/retryDelay", "/upstreams/a/cost/tokens/estimate", "/upstreams/a/cost/requests/actual", "/upstreams/b/base/0", "/upstreams/b/retryCap", "/upstreams/b/retry/budget/floor"],
            errors.Select(error => error.Pointer));
        Assert.Equal("1200 tokens is more than the limit \"1000 tokens/min\" ever lets through: no request could be sent", errors[1].Message);
        Assert.Equal("https://x.example belongs to \"a\" already; a URL can belong to one API only", errors[3].Message);
        Assert.Equal("retryCap (30s) is shorter than retryDelay (90s); raise retryCap or lower retryDelay", errors[4].Message);
    }

    [Theory]
    [InlineData("""{ "defaults": { """, "headgate.json:1:17: not JSON: ")]
    [InlineData("{\n  \"total\": {},\n  oops\n}", "headgate.json:3:3: not JSON: ")]
    [InlineData("", "headgate.json:1:1: not JSON: ")]
    [InlineData("{} {}", "headgate.json:1:4: not JSON: ")]
    public void What_is_no_JSON_is_named_with_line_and_column(string json, string begin)
    {
        var error = Assert.Single(WrittenConfiguration.Errors(json));
        Assert.StartsWith(begin, error, StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_member_given_twice_is_an_error()
    {
        var error = Assert.Single(WrittenConfiguration.Errors("{ \"defaults\": { \"timeout\": 1,\n\"timeout\": 2 } }"));
        Assert.Equal("headgate.json:2:1: /defaults/timeout: given twice; the first is at headgate.json:1: keep one of them", error);
    }

    [Fact]
    public void Byte_order_mark_CRLF_and_columns_after_unicode_are_read_right()
    {
        Assert.Empty(WrittenConfiguration.Errors("\uFEFF{ \"defaults\": {\r\n \"timeout\": 1 } }\r\n"));
        Assert.StartsWith("headgate.json:2:14: /näme: unknown member", Assert.Single(WrittenConfiguration.Errors("{\r\n /* ü */ \"näme\": 1 }".Replace("/* ü */ ", "    ", StringComparison.Ordinal))), StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_is_not_UTF8_is_named_with_its_place()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(Path.Combine(directory.Path, "headgate.json"), [(byte)'{', (byte)'\n', (byte)'"', 0xFF, (byte)'"', (byte)'}']);

        var error = Assert.Single(ConfigurationReader.Read(Sources(directory.Path)).Errors);

        Assert.Equal("headgate.json:2:2: the text is not UTF-8; save it as UTF-8", error.ToString());
    }

    [Fact]
    public void Without_a_file_the_defaults_hold()
    {
        using var directory = new TemporaryDirectory();
        var reading = ConfigurationReader.Read(Sources(directory.Path, ("HOME", directory.Path)));

        Assert.Null(reading.File);
        Assert.Equal(["headgate.json", Path.Combine(directory.Path, ".config", "headgate", "headgate.json")], reading.LookedAt);
        Assert.Equal(HeadgateConfiguration.Default, reading.OrThrow());
    }

    [Fact]
    public void The_file_of_the_directory_comes_before_that_of_the_user_and_the_named_one_before_both()
    {
        using var directory = new TemporaryDirectory();
        using var home = new TemporaryDirectory();
        var ofUser = home.Write("headgate/headgate.json", """{ "defaults": { "retries": 1 } }""");
        Assert.Equal((ofUser, 1), Retries(null));
        directory.Write("headgate.json", """{ "defaults": { "retries": 2 } }""");
        Assert.Equal(("headgate.json", 2), Retries(null));
        directory.Write("other.json", """{ "defaults": { "retries": 4 } }""");
        Assert.Equal(("other.json", 4), Retries("other.json"));

        (string?, int) Retries(string? file)
        {
            var reading = ConfigurationReader.Read(Sources(directory.Path, ("XDG_CONFIG_HOME", home.Path)) with { File = file });
            return (reading.File, reading.OrThrow().Defaults.Retries);
        }
    }

    [Fact]
    public void A_named_file_that_is_missing_is_an_error()
    {
        using var directory = new TemporaryDirectory();
        var reading = ConfigurationReader.Read(Sources(directory.Path) with { File = "absent.json" });

        Assert.StartsWith("absent.json: cannot be read: ", Assert.Single(reading.Errors).ToString(), StringComparison.Ordinal);
        Assert.Throws<ConfigurationException>(reading.OrThrow);
    }

    private static ConfigurationSources Sources(string directory, params (string Name, string Value)[] environment) => new()
    {
        Directory = directory,
        Environment = environment.ToDictionary(variable => variable.Name, variable => variable.Value),
    };
}
