using Headgate.Configuration;

namespace Headgate.Tests.Configuration;

public sealed class ConfigurationListingTests
{
    [Fact]
    public void Every_value_is_listed_with_the_place_it_came_from()
    {
        var reading = WrittenConfiguration.Read(
            """
            {
              "defaults": { "timeout": 5,
                "limits": ["1/s", "2/s"] },
              "upstreams": { "a": { "base": ["http://a"],
                "retries": 0 } }
            }
            """,
            [new ConfigurationOverride("/defaults/straggle", ["4"], "--straggle")],
            ("HEADGATE_DEFAULTS__LIMITS__1", "3/s"));
        var values = ConfigurationListing.Of(reading.Root).ToDictionary(value => value.Pointer, value => (value.Json, value.Origin.ToString(), value.FromDefaults));

        Assert.Equal(("5", "headgate.json:2", false), values["/defaults/timeout"]);
        Assert.Equal(("\"1/s\"", "headgate.json:3", false), values["/defaults/limits/0"]);
        Assert.Equal(("\"3/s\"", "env HEADGATE_DEFAULTS__LIMITS__1", false), values["/defaults/limits/1"]);
        Assert.Equal(("\"4\"", "--straggle", false), values["/defaults/straggle"]);
        Assert.Equal(("60", "default", false), values["/defaults/retryCap"]);
        Assert.Equal(("0", "headgate.json:5", false), values["/upstreams/a/retries"]);
        Assert.Equal(("5", "headgate.json:2", true), values["/upstreams/a/timeout"]);
        Assert.Equal(("\"3/s\"", "env HEADGATE_DEFAULTS__LIMITS__1", true), values["/upstreams/a/limits/1"]);
        Assert.Equal(("60", "default", true), values["/upstreams/a/retryCap"]);
        Assert.Equal(("1", "default", false), values["/upstreams/a/weight"]);
        Assert.Equal(("[408, 429, \"5xx\"]", "default", false), values["/upstreams/a/retry/statuses"]);
        Assert.Equal(("[]", "default", false), values["/total/limits"]);
        Assert.DoesNotContain(values.Keys, pointer => pointer.StartsWith("/upstreams/a/keys", StringComparison.Ordinal));
    }

    [Fact]
    public void The_defaults_that_are_listed_are_those_that_hold()
    {
        var written = string.Join(", ", Settings.Policy.All.Append(Settings.Concurrency).Where(setting => setting.Default is not null).Select(setting => $"\"{setting.Name}\": {setting.Default}"));
        var reading = WrittenConfiguration.Read($$"""{ "defaults": { {{written}} }, "upstreams": { "a": { "base": ["http://a"], "keys": { "from": ["env:K"], {{Write(Settings.Keys.Shape)}} }, "connections": { {{Write(Settings.Connections.Shape)}} }, "retry": { {{Write(Settings.Retry.Shape)}}, "budget": { {{Write((Group)Settings.Retry.Budget.Shape)}} } }, "breaker": { {{Write(Settings.Breaker.Shape)}} }, "adaptive": { {{Write(Settings.Adaptive.Shape)}} } } } }""");

        // A bound on what is passed on holds only where it is written down.
        Assert.Equal(HeadgateConfiguration.Default with { Defaults = UpstreamPolicy.Default with { MaxPassed = 16 << 20 } }, reading.OrThrow() with { Upstreams = [] });
        Assert.Equal((BreakerConfiguration.Default, AdaptiveConfiguration.Off), (reading.Configuration.Upstreams[0].Policy.Breaker, reading.Configuration.Upstreams[0].Adaptive));
        Assert.Equal(RetryConfiguration.Default, reading.Configuration.Upstreams[0].Retry);
        Assert.Equal(ConnectionsConfiguration.Default, reading.Configuration.Upstreams[0].Connections);
        Assert.Equal(new KeysConfiguration { From = ["env:K"] }, reading.Configuration.Upstreams[0].Keys);

        static string Write(Group group) =>
            string.Join(", ", group.Members.Where(setting => setting.Default is not null).Select(setting => $"\"{setting.Name}\": {setting.Default}"));
    }
}
