using FsCheck;
using FsCheck.Fluent;
using Headgate.App.Verify;
using Headgate.Limits;

using Arrivals = Headgate.App.Verify.Arrivals;

namespace Headgate.Tests.Verify;

/// <summary>Every sweep against the plain enumeration of all placements of all arrivals.</summary>
public sealed class AuditProperties
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(1500);

    private static readonly Gen<Arrival> OneArrival =
        from sent in Gen.Choose(0, 14)
        from length in Gen.Choose(0, 3)
        from cost in Gen.Choose(1, 3)
        select new Arrival(sent, sent + length, cost, sent);

    private static readonly Arbitrary<Case> Cases = Arb.From(
        from arrivals in OneArrival.ListOf(5)
        from count in Gen.Choose(0, 5)
        from period in Gen.Elements(1, 2, 4, 5, 8, 10)
        from amount in Gen.Choose(1, 6)
        from burst in Gen.Choose(1, 6)
        from skew in Gen.Choose(0, 2)
        select new Case([.. arrivals.Take(count)], period, amount, burst, skew));

    [Fact]
    public void The_worst_sliding_window_is_the_worst_over_all_placements() => Check(c =>
    {
        var limit = new Limit { Amount = c.Amount, Period = TimeSpan.FromMicroseconds(c.Period) };
        var worst = SlidingAudit.Find(new Arrivals([.. c.Arrivals]), Always(limit), 1);
        var expected = MostOver(c.Arrivals, at => InAnyWindow(c.Arrivals, at, c.Period));
        Assert.Equal(expected, worst?.Amount ?? 0);
        Assert.Equal(expected > c.Amount, worst is { IsBreach: true });
    });

    [Fact]
    public void The_fullest_bucket_is_the_fullest_over_all_placements() => Check(c =>
    {
        var limit = new Limit { Amount = c.Amount, Burst = c.Burst, Period = TimeSpan.FromMicroseconds(c.Period), Algorithm = LimitAlgorithm.Bucket };
        var worst = BucketAudit.Find(new Arrivals([.. c.Arrivals]), Always(limit), 0);
        // Scaled by the period, so that all is whole.
        var expected = MostOver(c.Arrivals, at => Fullest(c.Arrivals, at, c.Amount, c.Period));
        Assert.Equal(expected / (decimal)c.Period, worst?.Amount ?? 0);
        Assert.Equal(expected > c.Burst * c.Period, worst is { IsBreach: true });
    });

    [Fact]
    public void The_highest_estimate_of_a_counter_is_the_highest_over_all_placements_and_alignments() => Check(c =>
    {
        var limit = new Limit { Amount = c.Amount, Period = TimeSpan.FromMicroseconds(c.Period), Algorithm = LimitAlgorithm.Counter };
        var worst = CounterAudit.Find(new Arrivals([.. c.Arrivals]), Always(limit), 1);
        var expected = MostOver(c.Arrivals, at => at.Max(now => Enumerable.Range(0, c.Period + 1).Max(past => Estimate(c.Arrivals, at, now, now - past, c.Period))));
        Assert.Equal(expected > c.Amount * c.Period, worst is { IsBreach: true });
        if (worst is { IsBreach: true })
            Assert.Equal(expected / (decimal)c.Period, worst.Amount);
    });

    [Fact]
    public void The_fullest_fixed_window_is_the_fullest_over_all_placements_and_clocks() => Check(c =>
    {
        var limit = new Limit { Amount = c.Amount, Period = TimeSpan.FromMicroseconds(c.Period), Algorithm = LimitAlgorithm.Fixed };
        var worst = FixedAudit.Find(new Arrivals([.. c.Arrivals]), Always(limit), _ => new ServerOffset(3, c.Skew));
        List<Arrival> blurred = [.. c.Arrivals.Select(a => a with { FromUs = a.FromUs + 3 - c.Skew, ToUs = a.ToUs + 3 + c.Skew })];
        var expected = MostOver(blurred, at => Enumerable.Range(0, at.Length).GroupBy(i => (int)Math.Floor(at[i] / (decimal)c.Period)).Select(g => g.Sum(i => c.Arrivals[i].Cost)).DefaultIfEmpty().Max());
        Assert.Equal(expected, worst?.Amount ?? 0);
    });

    [Fact]
    public void The_shortest_gap_is_the_shortest_over_all_placements() => Check(c =>
    {
        var limit = new Limit { Amount = 1, Period = TimeSpan.FromMicroseconds(c.Period), Algorithm = LimitAlgorithm.Spaced };
        List<Arrival> single = [.. c.Arrivals.Select(a => a with { Cost = 1 })];
        var worst = SpacedAudit.Find(new Arrivals(single), Always(limit), 1);
        if (single.Count < 2)
        {
            Assert.Null(worst);
            return;
        }
        var expected = -MostOver(single, at => -at.SelectMany((x, i) => at.Skip(i + 1).Select(y => Math.Abs(x - y))).Min());
        Assert.Equal(expected / 1000m, Math.Max(0, worst!.Amount));
        Assert.Equal(expected < c.Period, worst.IsBreach);
    });

    [Fact]
    public void The_most_at_once_is_the_most_at_any_instant() => Check(c =>
    {
        var limit = new Limit { Amount = c.Amount, Algorithm = LimitAlgorithm.Concurrent };
        var worst = ConcurrentAudit.Find(new Arrivals([.. c.Arrivals]), Always(limit), 1);
        var expected = Enumerable.Range(0, 20).Max(t => c.Arrivals.Where(a => a.FromUs <= t && a.ToUs > t).Sum(a => a.Cost));
        Assert.Equal(expected, worst?.Amount ?? 0);
    });

    private static void Check(Action<Case> property) => Prop.ForAll(Cases, property).Check(Runs);

    private static List<LimitEpoch> Always(Limit limit) => [new LimitEpoch(long.MinValue, limit)];

    /// <summary>The most that a measure gives over every choice of a moment for every arrival.</summary>
    private static long MostOver(IReadOnlyList<Arrival> arrivals, Func<long[], long> measure)
    {
        if (arrivals.Count == 0)
            return 0;
        var most = long.MinValue;
        var at = arrivals.Select(a => a.FromUs).ToArray();
        while (true)
        {
            most = Math.Max(most, measure(at));
            var i = 0;
            for (; i < at.Length && at[i] == arrivals[i].ToUs; i++)
                at[i] = arrivals[i].FromUs;
            if (i == at.Length)
                return most;
            at[i]++;
        }
    }

    private static long InAnyWindow(List<Arrival> arrivals, long[] at, int period) =>
        at.Max(end => Enumerable.Range(0, at.Length).Where(i => at[i] <= end && at[i] > end - period).Sum(i => arrivals[i].Cost));

    private static long Estimate(List<Arrival> arrivals, long[] at, long now, long begin, int period)
    {
        var all = Enumerable.Range(0, at.Length);
        var present = all.Where(i => at[i] >= begin && at[i] <= now).Sum(i => arrivals[i].Cost);
        var last = all.Where(i => at[i] >= begin - period && at[i] < begin).Sum(i => arrivals[i].Cost);
        return present * period + last * (period - (now - begin));
    }

    private static long Fullest(List<Arrival> arrivals, long[] at, int rate, int period)
    {
        var (level, last, fullest) = (0L, 0L, 0L);
        foreach (var i in Enumerable.Range(0, at.Length).OrderBy(i => at[i]))
        {
            level = Math.Max(0, level - rate * (at[i] - last)) + arrivals[i].Cost * period;
            (last, fullest) = (at[i], Math.Max(fullest, level));
        }
        return fullest;
    }

    private sealed record Case(List<Arrival> Arrivals, int Period, int Amount, int Burst, int Skew)
    {
        public override string ToString() => $"{string.Join(", ", Arrivals.Select(a => $"[{a.FromUs},{a.ToUs}]×{a.Cost}"))}; {Amount}/{Period} burst={Burst} skew={Skew}";
    }
}
