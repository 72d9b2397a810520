using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>Where an attempt may fall on the server's clock.</summary>
/// <param name="OffsetUs">The server's wall clock less the time line, at the middle of what is possible.</param>
/// <param name="SkewUs">θ: how far the true one may lie to either side.</param>
internal readonly record struct ServerOffset(long OffsetUs, long SkewUs);

/// <summary>
/// Windows aligned to the server's epoch or calendar: in every window that [sent − θ, late + θ] meets, the cost counts. Counted in the order of
/// the sends, since what is given up later weighs only on what is sent after.
/// </summary>
internal static class FixedAudit
{
    /// <summary>Finds the fullest window.</summary>
    /// <param name="arrivals">What counts.</param>
    /// <param name="epochs">The limits, as they held.</param>
    /// <param name="clockOf">What is known of the server's clock when an attempt was sent.</param>
    public static Worst? Find(Arrivals arrivals, IReadOnlyList<LimitEpoch> epochs, Func<int, ServerOffset> clockOf)
    {
        Worst? worst = null;
        foreach (var limit in epochs.Select(epoch => epoch.Limit).OfType<Limit>().Distinct())
            worst = Worst.Of(worst, Find(arrivals, epochs, limit, clockOf));
        return worst;
    }

    private static Worst? Find(Arrivals arrivals, IReadOnlyList<LimitEpoch> epochs, Limit limit, Func<int, ServerOffset> clockOf)
    {
        var walk = new EpochWalk(epochs);
        var counts = new Dictionary<long, long>();
        var horizon = arrivals.BySent.Length == 0 ? 0 : arrivals.BySent[^1].FromUs;
        (long Amount, long Window, long At) worst = (-1, 0, 0);
        foreach (var arrival in arrivals.BySent)
        {
            var clock = clockOf(arrival.Attempt);
            var isHeld = !arrival.IsStraggler && walk.At(arrival.FromUs) == limit;
            var last = NumberOf(limit, Math.Min(arrival.ToUs, horizon) + clock.OffsetUs + clock.SkewUs);
            for (var window = NumberOf(limit, arrival.FromUs + clock.OffsetUs - clock.SkewUs); window <= last; window++)
            {
                var count = counts[window] = counts.GetValueOrDefault(window) + arrival.Cost;
                if (isHeld && count > worst.Amount)
                    worst = (count, window, arrival.FromUs);
            }
        }
        return worst.Amount < 0 ? null : new Worst
        {
            Limit = limit,
            Measure = Measure.Window,
            Amount = worst.Amount,
            Allowed = limit.Amount,
            IsBreach = worst.Amount > limit.Amount,
            FromUs = FirstIn(arrivals, limit, worst.Window, clockOf),
            ToUs = worst.At,
        };
    }

    /// <summary>The number of the window a moment of the server's wall clock lies in.</summary>
    public static long NumberOf(Limit limit, long wallUs)
    {
        if (limit.Zone is null && !limit.IsMonthly)
            return (long)Math.Floor((decimal)wallUs / Periods.Us(limit));
        var local = TimeZoneInfo.ConvertTime(DateTimeOffset.UnixEpoch.AddMicroseconds(wallUs), limit.Zone ?? TimeZoneInfo.Utc);
        if (limit.IsMonthly)
            return local.Year * 12L + local.Month;
        // The first day of the calendar is a Monday.
        var day = DateOnly.FromDateTime(local.DateTime).DayNumber;
        return limit.Period == TimeSpan.FromDays(7) ? day / 7 : day;
    }

    private static long FirstIn(Arrivals arrivals, Limit limit, long window, Func<int, ServerOffset> clockOf)
    {
        foreach (var arrival in arrivals.BySent)
        {
            var clock = clockOf(arrival.Attempt);
            if (NumberOf(limit, Math.Min(arrival.ToUs, arrivals.BySent[^1].FromUs) + clock.OffsetUs + clock.SkewUs) >= window)
                return arrival.FromUs;
        }
        return 0;
    }
}
