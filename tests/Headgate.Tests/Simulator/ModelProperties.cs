using FsCheck;
using FsCheck.Fluent;
using Headgate.App.Simulator.Models;

namespace Headgate.Tests.Simulator;

/// <summary>Each model against its definition, spelled out over the whole list of what was counted.</summary>
public sealed class ModelProperties
{
    /// <summary>What was counted before <c>now</c>, in order; whether cost <c>c</c> may be added at <c>now</c>.</summary>
    private delegate bool Definition(IReadOnlyList<(long Time, long Cost)> counted, long now, long cost);

    private sealed record Case(long Amount, long Period, int K, (int Gap, int Cost)[] Arrivals)
    {
        public override string ToString() => $"{Amount} per {Period}, K {K}: {string.Join(" ", Arrivals.Select(a => $"+{a.Gap}:{a.Cost}"))}";
    }

    private static readonly Config Quietly = Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(1000);

    private static readonly Arbitrary<Case> Cases =
        (from amount in Gen.Choose(1, 12)
         from period in Gen.Choose(1, 60)
         from k in Gen.Choose(1, 7)
         from longest in Gen.Elements(0, 3, 20, 200)
         from arrivals in Gen.ArrayOf(from gap in Gen.Choose(0, longest) from cost in Gen.Frequency((4, Gen.Constant(1)), (1, Gen.Choose(1, 14))) select (gap, cost))
         select new Case(amount, period, k, arrivals)).ToArbitrary();

    [Fact]
    public void A_sliding_window_counts_what_came_within_the_last_period() => Holds(
        c => new SlidingModel(c.Amount, c.Period),
        c => (counted, now, cost) => counted.Where(a => a.Time > now - c.Period).Sum(a => a.Cost) + cost <= c.Amount);

    [Fact]
    public void A_fixed_window_counts_what_came_since_the_last_multiple_of_the_period() => Holds(
        c => new FixedModel(c.Amount, WindowGrid.Epoch(c.Period)),
        c => (counted, now, cost) => counted.Where(a => a.Time / c.Period == now / c.Period).Sum(a => a.Cost) + cost <= c.Amount);

    [Fact]
    public void A_bucket_holds_the_most_that_came_since_any_moment_less_what_drained_since() => Holds(
        c => new BucketModel(c.K, c.Amount, c.Period),
        c => (counted, now, cost) => Level(counted, now, c) + cost * c.Period <= c.K * c.Period);

    [Fact]
    public void A_two_window_counter_weights_the_last_window_with_what_is_left_of_it() => Holds(
        c => new CounterModel(c.Amount, c.Period),
        c => (counted, now, cost) =>
        {
            var window = now / c.Period;
            var previous = counted.Where(a => a.Time / c.Period == window - 1).Sum(a => a.Cost);
            var current = counted.Where(a => a.Time / c.Period == window).Sum(a => a.Cost);
            var left = c.Period - now % c.Period;
            return previous * left + (current + cost) * c.Period <= c.Amount * c.Period;
        });

    [Fact]
    public void Segments_count_with_the_whole_of_the_segment_they_are_in() => Holds(
        c => new SegmentModel(c.Amount, c.Period, c.K),
        c => (counted, now, cost) =>
        {
            var segment = now * c.K / c.Period;
            return counted.Where(a => a.Time * c.K / c.Period >= segment - c.K).Sum(a => a.Cost) + cost <= c.Amount;
        });

    [Fact]
    public void Spaced_asks_for_a_gap_after_each_unit() => Holds(
        c => new SpacedModel(c.Amount, c.Period),
        c => (counted, now, _) => counted.Count == 0 || (now - counted[^1].Time) * c.Amount >= counted[^1].Cost * c.Period);

    [Fact]
    public void The_worst_sliding_window_is_the_fullest_that_ends_at_an_arrival() => Worst(
        c => new SlidingModel(c.Amount, c.Period),
        c => (counted, now) => counted.Where(a => a.Time > now - c.Period).Sum(a => a.Cost));

    [Fact]
    public void The_worst_fixed_window_is_the_fullest_of_the_grid() => Worst(
        c => new FixedModel(c.Amount, WindowGrid.Epoch(c.Period)),
        c => (counted, now) => counted.Where(a => a.Time / c.Period == now / c.Period).Sum(a => a.Cost));

    [Fact]
    public void The_worst_of_a_bucket_is_its_highest_level() => Worst(
        c => new BucketModel(c.K, c.Amount, c.Period),
        c => (counted, now) => (double)Level(counted, now, c) / c.Period);

    [Fact]
    public void The_worst_of_segments_is_the_fullest_run_of_them() => Worst(
        c => new SegmentModel(c.Amount, c.Period, c.K),
        c => (counted, now) => counted.Where(a => a.Time * c.K / c.Period >= now * c.K / c.Period - c.K).Sum(a => a.Cost));

    private static long Level(IReadOnlyList<(long Time, long Cost)> counted, long now, Case c)
    {
        long level = 0;
        for (var from = 0; from < counted.Count; from++)
            level = Math.Max(level, counted.Skip(from).Sum(a => a.Cost) * c.Period - c.Amount * (now - counted[from].Time));
        return level;
    }

    /// <summary>The model lets in exactly what the definition allows, and the wait it tells is exact: free then, not free a tick before.</summary>
    private static void Holds(Func<Case, ServerModel> create, Func<Case, Definition> define) => Prop.ForAll(Cases, c =>
    {
        var (model, allows, counted) = (create(c), define(c), new List<(long, long)>());
        long now = 1000;
        foreach (var (gap, cost) in c.Arrivals)
        {
            now += gap;
            var wait = model.Wait(now, cost);
            if (wait == ServerModel.Never)
            {
                Assert.False(allows([], now, cost), $"{cost} at {now} can never go");
                continue;
            }
            Assert.Equal(allows(counted, now, cost), wait == 0);
            Assert.True(allows(counted, now + wait, cost), $"{cost} at {now} is free after {wait}");
            Assert.True(wait == 0 || !allows(counted, now + wait - 1, cost), $"{cost} at {now} is not free before {wait}");
            if (wait > 0)
                continue;
            model.Add(now, cost);
            counted.Add((now, cost));
        }
        Assert.True(model.WorstPercent <= 100 || model is SpacedModel { WorstPercent: <= 100.0001 }, "what was let in never exceeds the limit");
    }).Check(Quietly);

    /// <summary>Everything is counted, room or not: the worst is that of the definition.</summary>
    private static void Worst(Func<Case, ServerModel> create, Func<Case, Func<IReadOnlyList<(long Time, long Cost)>, long, double>> define) => Prop.ForAll(Cases, c =>
    {
        var (model, measure, counted) = (create(c), define(c), new List<(long, long)>());
        long now = 1000;
        double worst = 0;
        foreach (var (gap, cost) in c.Arrivals)
        {
            now += gap;
            model.Add(now, cost);
            counted.Add((now, cost));
            worst = Math.Max(worst, measure(counted, now));
        }
        Assert.Equal(worst, model.Worst ?? 0, 9);
    }).Check(Quietly);
}
