using Headgate.Configuration;
using Headgate.Limits;
using Headgate.Resilience;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

public sealed class AdaptiveRateTests
{
    private const long Ms = Clock.Millisecond;

    [Fact]
    public void The_least_of_all_that_ask_holds()
    {
        var rate = new AdaptiveRate(new AdaptiveConfiguration { Rate = true, Ceiling = Limit.Parse("600/min") });
        Assert.Equal((null, 10_000L), (rate.Rate, rate.Ceiling));
        Send(rate, 0, 20);
        rate.Refused(1_900 * Ms, 2_000 * Ms, 2_000 * Ms);
        Assert.Equal(5_000, rate.Rate!.Value, 100.0);

        rate.Relieve(ResourceRelief.None with { Gap = Clock.Second }, 2_000 * Ms);
        Assert.Equal(1_000, rate.Rate);
        rate.Relieve(ResourceRelief.None with { Rate = 800 }, 2_000 * Ms);
        Assert.Equal(5_000, rate.Rate!.Value, 100.0);
        rate.Relieve(ResourceRelief.None with { Rate = 100 }, 2_000 * Ms);
        Assert.Equal(1_000, rate.Rate!.Value, 100.0);
        rate.Relieve(ResourceRelief.None, 2_000 * Ms);
        Assert.Equal(5_000, rate.Rate!.Value, 100.0);
    }

    [Fact]
    public void Failures_lower_it_only_where_that_is_configured()
    {
        var (on, off) = (new AdaptiveRate(new AdaptiveConfiguration { Rate = true }), new AdaptiveRate(AdaptiveConfiguration.Off));
        foreach (var rate in (AdaptiveRate[])[on, off])
            for (var call = 0; call < 20; call++)
            {
                rate.Sent(call * 100 * Ms);
                rate.Ended(isFailure: true, Ms, 0, call * 100 * Ms);
            }
        Assert.NotNull(on.Rate);
        Assert.Null(off.Rate);
        Assert.Equal(1000, off.ErrorsPerMille(2 * Clock.Second));
        Assert.Null(off.ErrorsPerMille(20 * Clock.Second));
    }

    private static void Send(AdaptiveRate rate, int from, int count)
    {
        for (var each = 0; each < count; each++)
            rate.Sent((from + each * 100) * Ms);
    }
}
