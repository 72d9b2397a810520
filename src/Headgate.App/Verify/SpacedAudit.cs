using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>
/// At least P/N apart, wherever they arrive: from the late of all before to the next send. With a jitter only the sends are spaced, which proves
/// nothing of arrivals.
/// </summary>
internal static class SpacedAudit
{
    /// <summary>Finds the shortest gap.</summary>
    /// <param name="arrivals">What counts; with a jitter the sends.</param>
    /// <param name="epochs">The limits, as they held.</param>
    /// <param name="blurUs">How much longer a gap may have been than the difference of its recorded times.</param>
    public static Worst? Find(Arrivals arrivals, IReadOnlyList<LimitEpoch> epochs, long blurUs)
    {
        var walk = new EpochWalk(epochs);
        Worst? worst = null;
        var shortest = long.MaxValue;
        (long Late, long Cost)? before = null;
        foreach (var arrival in arrivals.BySent)
        {
            if (!arrival.IsStraggler && before is { } last && walk.At(arrival.FromUs) is { } limit)
            {
                var gap = last.Late == Attempt.Never ? long.MinValue / 2 : arrival.FromUs - last.Late;
                var isBreach = (Int128)(gap + blurUs) * limit.Amount <= (Int128)Periods.Us(limit) * last.Cost;
                if (gap < shortest || (isBreach && !worst!.IsBreach))
                    worst = Worst.Of(worst, Found(limit, last, arrival.FromUs, gap, isBreach));
                shortest = Math.Min(shortest, gap);
            }
            if (before is null || arrival.ToUs >= before.Value.Late)
                before = (arrival.ToUs, arrival.Cost);
        }
        return worst;
    }

    private static Worst Found(Limit limit, (long Late, long Cost) last, long now, long gap, bool isBreach) => new()
    {
        Limit = limit,
        Measure = Measure.Gap,
        Amount = last.Late == Attempt.Never ? 0 : gap / 1000m,
        Allowed = decimal.Round((decimal)Periods.Us(limit) * last.Cost / limit.Amount / 1000m, 3),
        IsBreach = isBreach,
        FromUs = Math.Min(last.Late, now),
        ToUs = now,
    };
}
