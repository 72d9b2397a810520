using System.Net;
using Headgate.App.Security;
using Headgate.App.Service;
using Headgate.Configuration;
using Headgate.Limits;
using Headgate.Time;
using Microsoft.AspNetCore.Http;

namespace Headgate.Tests.Security;

public sealed class CallRatesTests
{
    private readonly VirtualTime _time = new();

    [Theory]
    [InlineData("100/s", "\"100/s\";q=100;w=1")]
    [InlineData("1000/10min", "\"1000/10min\";q=1000;w=600")]
    [InlineData("10/100ms", "\"10/100ms\";q=10")]
    [InlineData("40 bucket 2/s", "\"2/s burst=40\";q=40;w=20")]
    [InlineData("10 concurrent", "\"10 concurrent\";q=10;qu=\"concurrent-requests\"")]
    [InlineData("1000/month fixed", "\"1000/month fixed\";q=1000")]
    public void A_limit_is_told_as_a_policy_of_the_draft(string limit, string expected) => Assert.Equal(expected, CallRates.PolicyOf(Limit.Parse(limit)));

    [Fact]
    public void Each_caller_has_limits_of_its_own_and_is_told_when_to_come_again()
    {
        using var rates = Rates("2/10s");
        var (ci, web) = (new Caller("ci", AccessScopes.Read, null), new Caller("web", AccessScopes.Read, null));

        Take(rates, ci);
        Take(rates, ci, "203.0.113.9");
        var refused = Assert.Throws<Problem>(() => Take(rates, ci));
        Take(rates, web);

        Assert.Equal((429, 11), (refused.Status, refused.RetryAfter));
        Assert.Contains("2/10s", refused.Message, StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(11));
        Take(rates, ci);
    }

    [Fact]
    public void Whoever_has_no_token_is_known_by_its_address()
    {
        using var rates = Rates("1/10s");

        Take(rates, Caller.Anybody);
        Assert.Throws<Problem>(() => Take(rates, Caller.Anybody));
        Take(rates, Caller.Anybody, "203.0.113.9");
    }

    [Fact]
    public void A_place_among_those_at_once_is_free_again_when_the_call_has_ended()
    {
        using var rates = Rates("1 concurrent");

        using (Take(rates, Caller.Anybody))
            Assert.Throws<Problem>(() => Take(rates, Caller.Anybody));
        Take(rates, Caller.Anybody)!.Dispose();
    }

    [Fact]
    public void Without_limits_nothing_is_counted()
    {
        using var rates = Rates();

        Assert.All(Enumerable.Range(0, 1000), _ => Assert.Null(Take(rates, Caller.Anybody)));
    }

    [Fact]
    public void What_was_used_counts_in_other_limits()
    {
        using var rates = Rates("3/h", "2 concurrent");
        using var first = Take(rates, Caller.Anybody);
        Take(rates, Caller.Anybody)!.Dispose();

        rates.Change([Limit.Parse("2/h"), Limit.Parse("2 concurrent")]);
        Assert.Throws<Problem>(() => Take(rates, Caller.Anybody));
        rates.Change([Limit.Parse("4/h"), Limit.Parse("1 concurrent")]);
        Assert.Throws<Problem>(() => Take(rates, Caller.Anybody));
        first!.Dispose();
        Take(rates, Caller.Anybody)!.Dispose();
        rates.Change([]);
        Assert.Null(Take(rates, Caller.Anybody));
        rates.Change([Limit.Parse("3/h")]);
        Assert.Throws<Problem>(() => Take(rates, Caller.Anybody));
    }

    private CallRates Rates(params string[] limits) => new([.. limits.Select(Limit.Parse)], _time);

    private static IDisposable? Take(CallRates rates, Caller caller, string from = "127.0.0.1")
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(from);
        return rates.Take(context, caller, isGateway: false);
    }
}
