using Headgate.Configuration;
using Headgate.Limits;

namespace Headgate.Tests.Configuration;

public sealed class OverridesTests
{
    private const string Json = """{ "defaults": { "timeout": 5 }, "upstreams": { "github": { "base": ["http://a"], "limits": ["1/s", "2/min"] }, "GitLab": { "base": ["http://b"], "timeout": 9 } } }""";

    [Fact]
    public void A_variable_replaces_one_entry_of_a_list_and_another_adds_one()
    {
        var reading = WrittenConfiguration.Read(Json, ("HEADGATE_UPSTREAMS__github__LIMITS__0", "5/s"), ("HEADGATE_UPSTREAMS__github__LIMITS__2", "7/h"));

        Assert.Equal([Limit.Parse("5/s"), Limit.Parse("2/min"), Limit.Parse("7/h")], reading.OrThrow().Upstreams[0].Policy.Limits);
    }

    [Fact]
    public void Names_of_settings_may_be_in_any_case_with_underscores_and_names_of_APIs_are_found_in_any_case()
    {
        var configuration = WrittenConfiguration.Read(
            Json,
            ("HEADGATE_DEFAULTS__RETRY_DELAY", "250ms"),
            ("HEADGATE_defaults__connectTimeout", "3"),
            ("HEADGATE_DEFAULTS__RETRIES", "7"),
            ("HEADGATE_DEFAULTS__QUEUETIMEOUT", "null"),
            ("HEADGATE_UPSTREAMS__GITLAB__RETRY__IDEMPOTENCY_KEY", "true")).OrThrow();

        Assert.Equal((TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(3), 7), (configuration.Defaults.RetryDelay, configuration.Defaults.ConnectTimeout, configuration.Defaults.Retries));
        Assert.Null(configuration.Defaults.QueueTimeout);
        Assert.True(configuration.Upstreams[1].Retry.IdempotencyKey);
        Assert.Equal(2, configuration.Upstreams.Count);
    }

    [Fact]
    public void A_variable_gives_a_whole_list_as_JSON_and_may_make_a_new_API()
    {
        var configuration = WrittenConfiguration.Read(
            "{}",
            ("HEADGATE_TOTAL__LIMITS", "[\"9/s\", \"50 concurrent\"]"),
            ("HEADGATE_DEFAULTS__LIMITS", "none"),
            ("HEADGATE_UPSTREAMS__shop__BASE__0", "https://shop.example"),
            ("HEADGATE_UPSTREAMS__shop__COST__tokens__ESTIMATE", "12")).OrThrow();

        Assert.Equal([Limit.Parse("9/s"), Limit.Parse("50 concurrent")], configuration.TotalLimits);
        Assert.False(configuration.Defaults.Learns);
        Assert.Equal("shop", Assert.Single(configuration.Upstreams).Name);
        Assert.Equal(12, Assert.Single(configuration.Upstreams[0].Costs).Estimate);
    }

    [Fact]
    public void Twelve_entries_are_added_in_the_order_of_their_numbers()
    {
        var variables = Enumerable.Range(0, 12).Select(i => ($"HEADGATE_TOTAL__LIMITS__{i}", $"{i + 1}/s")).Reverse().ToArray();

        Assert.Equal(Enumerable.Range(1, 12).Select(n => Limit.Parse($"{n}/s")), WrittenConfiguration.Read("{}", variables).OrThrow().TotalLimits);
    }

    [Theory]
    [InlineData("HEADGATE_DEFAULTS__TIMOUT", "5", "env HEADGATE_DEFAULTS__TIMOUT: /defaults/TIMOUT: unknown member; did you mean \"timeout\"?")]
    [InlineData("HEADGATE_UPSTREAM__x__TIMEOUT", "5", "env HEADGATE_UPSTREAM__x__TIMEOUT: /UPSTREAM: unknown member; did you mean \"upstreams\"?")]
    [InlineData("HEADGATE_DEFAULTS__TIMEOUT", "soon", "env HEADGATE_DEFAULTS__TIMEOUT: /defaults/timeout: \"soon\" is not a duration above zero, for example 30 or \"250ms\"")]
    [InlineData("HEADGATE_DEFAULTS__TIMEOUT__X", "5", "env HEADGATE_DEFAULTS__TIMEOUT__X: /defaults/timeout: a single value; it has nothing below it")]
    [InlineData("HEADGATE_UPSTREAMS__github", "5", "env HEADGATE_UPSTREAMS__github: /upstreams/github: a group of settings; name one of them")]
    [InlineData("HEADGATE_UPSTREAMS__github__LIMITS__9", "5/s", "env HEADGATE_UPSTREAMS__github__LIMITS__9: /upstreams/github/limits/9: the list has 2 entries: the next number is 2")]
    [InlineData("HEADGATE_TOTAL__LIMITS", "[\"9/s\"", "env HEADGATE_TOTAL__LIMITS: /total/limits: not JSON: ")]
    public void A_wrong_variable_is_named(string name, string value, string begin) =>
        Assert.StartsWith(begin, Assert.Single(WrittenConfiguration.Errors(Json, (name, value))), StringComparison.Ordinal);

    [Fact]
    public void Variables_without_two_underscores_are_somebody_elses() =>
        Assert.Empty(WrittenConfiguration.Errors(Json, ("HEADGATE_STATE", "/tmp"), ("HEADGATE_DEBUG", "1"), ("OTHER__THING", "x")));

    [Fact]
    public void Flags_win_over_variables_and_variables_over_the_file()
    {
        ConfigurationOverride[] flags = [new("/defaults/timeout", ["7"], "--timeout"), new("/upstreams/*/timeout", ["7"], "--timeout"), new("/defaults/limits", ["1/s", "2/s"], "--limit")];
        var configuration = WrittenConfiguration.Read(Json, flags, ("HEADGATE_DEFAULTS__TIMEOUT", "6"), ("HEADGATE_DEFAULTS__RETRIES", "6")).OrThrow();

        Assert.Equal(TimeSpan.FromSeconds(7), configuration.Defaults.Timeout);
        Assert.All(configuration.Upstreams, upstream => Assert.Equal(TimeSpan.FromSeconds(7), upstream.Policy.Timeout));
        Assert.Equal(6, configuration.Defaults.Retries);
        Assert.Equal([Limit.Parse("1/s"), Limit.Parse("2/s")], configuration.Defaults.Limits);
    }

    [Theory]
    [InlineData("none", false)]
    [InlineData("learn", true)]
    public void A_flag_may_be_the_word_that_stands_for_a_whole_list(string word, bool learns)
    {
        ConfigurationOverride[] flags = [new("/defaults/limits", [word], "--limit"), new("/upstreams/*/limits", [word], "--limit")];
        var configuration = WrittenConfiguration.Read(Json, flags).OrThrow();

        Assert.Equal((0, learns), (configuration.Defaults.Limits.Count, configuration.Defaults.Learns));
        Assert.All(configuration.Upstreams, upstream => Assert.Equal((0, learns), (upstream.Policy.Limits.Count, upstream.Policy.Learns)));
        Assert.NotEmpty(WrittenConfiguration.Read("{}", [new ConfigurationOverride("/defaults/limits", [word, "5/s"], "--limit")]).Errors);
    }

    [Fact]
    public void A_wrong_flag_is_named()
    {
        var reading = WrittenConfiguration.Read("{}", [new ConfigurationOverride("/defaults/limits", ["100/m"], "--limit")]);

        Assert.StartsWith("--limit: /defaults/limits/0: limit \"100/m\"", Assert.Single(reading.Errors).ToString(), StringComparison.Ordinal);
    }
}
