using Headgate.App.Security;
using Headgate.App.Service;
using Headgate.Configuration;
using Headgate.Time;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Headgate.Tests.Service;

public sealed class CallTermsTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public void Without_headers_a_call_is_as_urgent_as_any_and_costs_one_request()
    {
        var terms = Read([]);

        Assert.Equal((RequestPriority.Medium, null, null, null), (terms.Priority, terms.Tenant, terms.Cost, terms.DeadlineOn(new Clock(_time))));
    }

    [Theory]
    [InlineData("1", RequestPriority.Critical)]
    [InlineData("5", RequestPriority.Background)]
    [InlineData("HIGH", RequestPriority.High)]
    public void A_priority_is_a_number_or_a_name(string text, RequestPriority expected) => Assert.Equal(expected, Read(new() { ["headgate-priority"] = text }).Priority);

    [Fact]
    public void A_deadline_is_a_time_or_how_long_from_now()
    {
        var clock = new Clock(_time);
        var at = _time.GetUtcNow().AddSeconds(20).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);

        Assert.Equal(clock.Now + 20 * Clock.Second, Read(new() { ["Headgate-Deadline"] = "20" }).DeadlineOn(clock));
        Assert.Equal(clock.Now + 120 * Clock.Second, Read(new() { ["Headgate-Deadline"] = "2m" }).DeadlineOn(clock));
        Assert.Equal(clock.Now + 20 * Clock.Second, Read(new() { ["Headgate-Deadline"] = at }).DeadlineOn(clock));
        // Found: what is beyond the clock was long over.
        foreach (var far in (string[])["9999-12-31T23:59:59Z", "2700-01-01T00:00:00Z"])
            Assert.True(Read(new() { ["Headgate-Deadline"] = far }).DeadlineOn(clock) > clock.Now + 86_400_000 * Clock.Second);
        // What is over is over.
        Assert.True(Read(new() { ["Headgate-Deadline"] = "2001-01-01T00:00:00Z" }).DeadlineOn(clock) < clock.Now);
    }

    [Fact]
    public void A_cost_names_units_with_amounts()
    {
        var terms = Read(new() { ["Headgate-Cost"] = "tokens=1200, images=2" });

        Assert.Equal([KeyValuePair.Create("tokens", 1200L), KeyValuePair.Create("images", 2L)], terms.Cost!);
    }

    [Theory]
    [InlineData("Headgate-Priority", "0")]
    [InlineData("Headgate-Priority", "6")]
    [InlineData("Headgate-Priority", "")]
    [InlineData("Headgate-Priority", "high, low")]
    [InlineData("Headgate-Priority", "Critical,High")]
    [InlineData("Headgate-Tenant", "")]
    [InlineData("Headgate-Tenant", "a\u0001")]
    [InlineData("Headgate-Deadline", "soon")]
    [InlineData("Headgate-Deadline", "-5")]
    [InlineData("Headgate-Deadline", "2030-01-01T00:00:00")]
    [InlineData("Headgate-Cost", "tokens")]
    [InlineData("Headgate-Cost", "tokens=")]
    [InlineData("Headgate-Cost", "tokens=-1")]
    [InlineData("Headgate-Cost", "tokens=1.5")]
    [InlineData("Headgate-Cost", "tokens=1,tokens=2")]
    [InlineData("Headgate-Cost", "Tokens=1")]
    [InlineData("Headgate-Cost", "tokens=99999999999999")]
    [InlineData("Headgate-Cost", "tokens=9999999999999")]
    [InlineData("Headgate-Cost", "=1")]
    [InlineData("Headgate-Cost", "")]
    public void What_cannot_be_read_is_refused_by_its_name(string header, string value)
    {
        var refused = Assert.Throws<Problem>(() => Read(new() { [header] = value }));

        Assert.Equal(400, refused.Status);
        Assert.StartsWith(header, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_caller_of_one_tenant_acts_for_no_other()
    {
        var ours = new Caller("ci", AccessScopeNames.All, "ours");

        Assert.Equal(("ours", "ours"), (Read([], ours).Tenant, Read(new() { ["Headgate-Tenant"] = "ours" }, ours).Tenant));
        Assert.Equal(403, Assert.Throws<Problem>(() => Read(new() { ["Headgate-Tenant"] = "theirs" }, ours)).Status);
    }

    [Fact]
    public void Nothing_is_said_twice() =>
        Assert.Equal("Headgate-Tenant is given twice", Assert.Throws<Problem>(() => CallTerms.Of(new HeaderDictionary { ["Headgate-Tenant"] = new StringValues(["a", "b"]) }, Caller.Anybody)).Message);

    private static CallTerms Read(Dictionary<string, string> headers, Caller? caller = null) => CallTerms.Of(new HeaderDictionary(headers.ToDictionary(header => header.Key, header => new StringValues(header.Value), StringComparer.OrdinalIgnoreCase)), caller ?? Caller.Anybody);
}
