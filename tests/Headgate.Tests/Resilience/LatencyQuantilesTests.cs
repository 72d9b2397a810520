using Headgate.Configuration;
using Headgate.Resilience;
using Headgate.Tests.Limits;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

public sealed class LatencyQuantilesTests
{
    private const long Ms = Clock.Millisecond;

    private readonly LatencyQuantiles _latency = new();

    [Fact]
    public void Below_a_hundred_samples_it_says_nothing()
    {
        Add(99, 50 * Ms);
        Assert.Null(_latency.Quantile(500));
        Add(1, 50 * Ms);
        Assert.NotNull(_latency.Quantile(500));
    }

    [Fact]
    public void Quantiles_are_off_by_a_thirtieth_at_most() => Cases.Run(50, random =>
    {
        var (quantiles, samples) = (new LatencyQuantiles(), new List<long>());
        for (var each = 0; each < 1_000; each++)
        {
            samples.Add(random.Spread(2_000, 3_000 * Clock.Second));
            quantiles.Add(samples[^1], 0);
        }
        samples.Sort();
        foreach (var perMille in (int[])[1, 500, 900, 950, 990, 999, 1000])
        {
            var exact = samples[Math.Max(1, perMille) - 1];
            Assert.InRange(quantiles.Quantile(perMille)!.Value, exact * 0.969, exact * 1.032);
        }
    });

    [Fact]
    public void What_is_out_of_range_counts_at_its_end()
    {
        Add(60, 0);
        Add(60, long.MaxValue);
        Assert.InRange(_latency.Quantile(100)!.Value, 1_000, 1_100);
        Assert.InRange(_latency.Quantile(900)!.Value, 4_000 * Clock.Second, 4_500 * Clock.Second);
    }

    [Fact]
    public void Old_samples_fade_while_there_are_plenty_of_new_ones()
    {
        Add(10_000, 10 * Ms);
        for (var second = 1; second <= 300; second++)
            for (var each = 0; each < 20; each++)
                _latency.Add(500 * Ms, second * Clock.Second);
        Assert.InRange(_latency.Quantile(500)!.Value, 480 * Ms, 520 * Ms);
        Assert.InRange(_latency.Count, 400, 10_000);
    }

    [Fact]
    public void A_trickle_is_never_forgotten_below_what_is_needed()
    {
        for (var minute = 0; minute < 2_000; minute++)
        {
            _latency.Add(10 * Ms, minute * 60 * Clock.Second);
            Assert.Equal(minute >= 99, _latency.Quantile(950) is not null);
        }
    }

    [Fact]
    public void An_attempt_has_three_times_the_99th_percentile_within_its_timeout()
    {
        var timeout = new AdaptiveTimeout(_latency, 30 * Clock.Second);
        Assert.Equal(30 * Clock.Second, timeout.Now);
        Add(200, 50 * Ms);
        Assert.Equal(AdaptiveTimeout.Least, timeout.Now);
        Add(200, 1_000 * Ms);
        Assert.InRange(timeout.Now, 2_900 * Ms, 3_100 * Ms);
        // Those that run into it count with what they had, so that it rises again where it was too short.
        Add(200, timeout.Now);
        Assert.InRange(timeout.Now, 8_500 * Ms, 9_500 * Ms);
        Add(400, 20 * Clock.Second);
        Assert.Equal(30 * Clock.Second, timeout.Now);
    }

    [Fact]
    public void A_hedge_waits_for_a_quantile_or_a_fixed_time()
    {
        Assert.Null(new HedgeDelay(_latency, HedgeAfter.Usual).Now);
        Assert.Equal(300 * Ms, new HedgeDelay(_latency, new HedgeAfter(0, TimeSpan.FromMilliseconds(300))).Now);
        Add(94, 10 * Ms);
        Add(6, 100 * Ms);
        Assert.InRange(new HedgeDelay(_latency, HedgeAfter.Usual).Now!.Value, 97 * Ms, 103 * Ms);
    }

    private void Add(int count, long latency)
    {
        for (var each = 0; each < count; each++)
            _latency.Add(latency, 0);
    }
}
