using Headgate.Configuration;
using Headgate.Limits;

namespace Headgate.Tests.Configuration;

public sealed class ResilienceConfigurationTests
{
    [Fact]
    public void All_of_it_is_read_into_records()
    {
        var upstreams = WrittenConfiguration.Read(WrittenConfiguration.Complete).OrThrow().Upstreams;

        Assert.Null(upstreams[0].Policy.Breaker);
        Assert.Equal(new BreakerConfiguration { FailureThreshold = 10, FailureShare = new Percentage(5_000), RecoveryTimeout = TimeSpan.FromSeconds(30), SuccessThreshold = 2 }, upstreams[1].Policy.Breaker);
        Assert.Equal(new HedgeConfiguration(new HedgeAfter(990, TimeSpan.Zero)), upstreams[1].Hedge);
        Assert.Equal(new AdaptiveConfiguration { Rate = true, Concurrency = true, Timeout = true, Resources = true, Ceiling = Limit.Parse("50/s") }, upstreams[1].Adaptive);
        Assert.Equal(
            new ChaosConfiguration { Errors = new(500, new(200)), Latency = new(TimeSpan.FromMilliseconds(200), new(1_000)), Resets = new(100) },
            upstreams[1].Chaos);
    }

    [Fact]
    public void An_API_that_says_nothing_has_a_breaker_and_none_of_the_rest()
    {
        var api = Read("\"base\": [\"http://a\"]");

        Assert.Equal((BreakerConfiguration.Default, null, AdaptiveConfiguration.Off, ChaosConfiguration.None, false, null), (api.Policy.Breaker, api.Hedge, api.Adaptive, api.Chaos, api.Failover, api.Policy.Patience));
        Assert.Equal((5, null, TimeSpan.FromSeconds(60), 3), (api.Policy.Breaker!.FailureThreshold, api.Policy.Breaker.FailureShare, api.Policy.Breaker.RecoveryTimeout, api.Policy.Breaker.SuccessThreshold));
    }

    [Fact]
    public void Several_bases_stand_in_for_each_other_unless_it_is_said_otherwise()
    {
        Assert.True(Read("\"base\": [\"http://a\", \"http://b\"]").Failover);
        Assert.False(Read("\"base\": [\"http://a\", \"http://b\"], \"failover\": false").Failover);
    }

    [Fact]
    public void Patience_comes_from_the_defaults_and_may_be_taken_back()
    {
        var configuration = WrittenConfiguration.Read("""{ "defaults": { "patience": "2m" }, "upstreams": { "a": { "base": ["http://a"] }, "b": { "base": ["http://b"], "patience": null } } }""").OrThrow();

        Assert.Equal([TimeSpan.FromMinutes(2), null], configuration.Upstreams.Select(api => api.Policy.Patience));
    }

    [Fact]
    public void Two_readings_of_the_same_are_equal_and_of_another_are_not()
    {
        const string one = "\"base\": [\"http://a\"], \"chaos\": { \"errors\": \"2%\" }, \"hedge\": { \"after\": 1 }, \"adaptive\": { \"ceiling\": \"5/s\" }";
        Assert.Equal(Read(one), Read(one.Replace("\"2%\"", "0.02", StringComparison.Ordinal)));
        Assert.NotEqual(Read(one), Read(one.Replace("2%", "3%", StringComparison.Ordinal)));
        Assert.NotEqual(Read(one), Read(one.Replace("\"after\": 1", "\"after\": 2", StringComparison.Ordinal)));
        Assert.NotEqual(Read(one), Read(one.Replace("5/s", "6/s", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("\"breaker\": \"on\"", "/breaker", "\"on\" is not a group of settings; write { … }, or \"off\"")]
    [InlineData("\"breaker\": { \"failureThreshold\": 0 }", "/breaker/failureThreshold", "0 is not a whole number from 1 to 1000000")]
    [InlineData("\"breaker\": { \"failureShare\": \"0%\" }", "/breaker/failureShare", "\"0%\" is not a share above zero, for example \"50%\", or null for none")]
    [InlineData("\"breaker\": { \"failures\": 3 }", "/breaker/failures", "unknown member")]
    [InlineData("\"hedge\": {}", "/hedge", "\"after\" is missing: When a second attempt is sent")]
    [InlineData("\"hedge\": { \"after\": \"p100\" }", "/hedge/after", "\"p100\" is not a quantile from \"p50\" to \"p99.9\", or a duration above zero")]
    [InlineData("\"adaptive\": { \"ceiling\": \"5 concurrent\" }", "/adaptive/ceiling", "\"5 concurrent\" is not a plain rate of requests; write for example \"10/s\"")]
    [InlineData("\"adaptive\": { \"rate\": \"yes\" }", "/adaptive/rate", "\"yes\" is not true or false")]
    [InlineData("\"chaos\": { \"errors\": \"often\" }", "/chaos/errors", "\"often\" is not a share of errors, with or without their status: \"2%\" or \"503 2%\"")]
    [InlineData("\"chaos\": { \"latency\": \"10% 200ms\" }", "/chaos/latency", "\"10% 200ms\" is not a delay, with or without the share of attempts that have it: \"200ms\" or \"200ms 10%\"")]
    [InlineData("\"chaos\": { \"errors\": \"60%\", \"resets\": \"50%\" }", "/chaos/resets", "errors (60%) and resets (50%) are more than all attempts together")]
    [InlineData("\"failover\": true", "/failover", "there is one base address, and no other to go to; add one to \"base\", or leave \"failover\" out")]
    [InlineData("\"patience\": 0", "/patience", "0 is not a duration above zero, or null for none")]
    public void What_is_wrong_is_told_with_its_place(string json, string pointer, string message)
    {
        var error = Assert.Single(WrittenConfiguration.Read($$"""{ "upstreams": { "a": { "base": ["http://a"], {{json}} } } }""").Errors);

        Assert.Equal($"/upstreams/a{pointer}", error.Pointer);
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_breaker_is_turned_off_by_the_environment_as_well_and_listed_so()
    {
        var reading = WrittenConfiguration.Read("""{ "upstreams": { "a": { "base": ["http://a"] } } }""", ("HEADGATE_UPSTREAMS__a__BREAKER", "off"));

        Assert.Null(reading.OrThrow().Upstreams[0].Policy.Breaker);
        var listed = Assert.Single(ConfigurationListing.Of(reading.Root), value => value.Pointer.StartsWith("/upstreams/a/breaker", StringComparison.Ordinal));
        Assert.Equal(("/upstreams/a/breaker", "\"off\""), (listed.Pointer, listed.Json));
    }

    [Theory]
    [InlineData("2%", "503 2%")]
    [InlineData("0.02", "503 2%")]
    [InlineData("429 1.5 %", "429 1.5%")]
    [InlineData("100 %", "503 100%")]
    public void Errors_of_chaos_may_say_their_status(string text, string read)
    {
        Assert.True(ChaosErrors.TryParse(text, out var value));
        Assert.Equal(read, value.ToString());
    }

    [Theory]
    [InlineData("200ms 10%", "200ms 10%")]
    [InlineData("0.2 10 %", "200ms 10%")]
    [InlineData("1 s", "1s 100%")]
    [InlineData("3", "3s 100%")]
    public void A_delay_of_chaos_may_say_its_share(string text, string read)
    {
        Assert.True(ChaosLatency.TryParse(text, out var value));
        Assert.Equal(read, value.ToString());
    }

    [Theory]
    [InlineData("p95", "p95")]
    [InlineData("p99.9", "p99.9")]
    [InlineData("0.3", "300ms")]
    public void A_hedge_goes_at_a_quantile_or_after_a_time(string text, string read)
    {
        Assert.True(HedgeAfter.TryParse(text, out var value));
        Assert.Equal(read, value.ToString());
    }

    private static UpstreamConfiguration Read(string members) => Assert.Single(WrittenConfiguration.Read($$"""{ "upstreams": { "a": { {{members}} } } }""").OrThrow().Upstreams);
}
