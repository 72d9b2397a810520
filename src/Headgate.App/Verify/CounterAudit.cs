using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>
/// A two-window counter, whose alignment nobody knows: at every instant t and for every beginning w of its present window within P before t, what
/// arrived in [w, t] and, by the share of it that the last P still covers, what arrived in [w − P, w) is at most N. Includes any window of P (w = t − P).
/// </summary>
internal static class CounterAudit
{
    /// <summary>Finds the highest estimate.</summary>
    /// <param name="arrivals">What counts.</param>
    /// <param name="epochs">The limits, as they held.</param>
    /// <param name="blurUs">How much longer a gap may have been than the difference of its recorded times.</param>
    /// <remarks>For each send it looks at all that may have arrived in the two periods before; the quick proof by a bucket comes first.</remarks>
    public static Worst? Find(Arrivals arrivals, IReadOnlyList<LimitEpoch> epochs, long blurUs)
    {
        var walk = new EpochWalk(epochs);
        var sent = 0L;
        Worst? worst = null;
        for (var i = 0; i < arrivals.BySent.Length; i++)
        {
            sent += arrivals.BySent[i].Cost;
            if (!arrivals.IsPeak(i) || walk.At(arrivals.BySent[i].FromUs) is not { } limit || Periods.Us(limit) - blurUs + 1 is not (> 0 and var period))
                continue;
            var (estimate, from) = Highest(arrivals, sent, arrivals.BySent[i].FromUs, period);
            var allowed = (Int128)limit.Amount * period;
            if (worst is null || (double)estimate / (double)allowed > worst.Use)
                worst = Found(limit, estimate, period, estimate > allowed, from, arrivals.BySent[i].FromUs);
        }
        return worst;
    }

    /// <summary>The highest estimate at an instant, times P. Between two late moments it rises with w, so those and P after them are enough.</summary>
    private static (Int128 Estimate, long From) Highest(Arrivals arrivals, long sent, long now, long period)
    {
        var highest = At(now);
        var lates = arrivals.Lates;
        for (var i = arrivals.FirstLate(now - 2 * period); i < lates.Length && lates[i] <= now; i++)
            if (At(lates[i] < now - period ? lates[i] + period : lates[i]) is var estimate && estimate.Estimate > highest.Estimate)
                highest = estimate;
        return highest;

        (Int128 Estimate, long From) At(long begin)
        {
            var before = arrivals.ArrivedBy(begin - 1);
            var last = before - arrivals.ArrivedBy(begin - period - 1);
            return ((Int128)(sent - before) * period + (Int128)last * (period - (now - begin)), begin - period);
        }
    }

    private static Worst Found(Limit limit, Int128 estimate, long period, bool isBreach, long from, long now)
    {
        var amount = (decimal)((estimate * 1000 + period - 1) / period) / 1000;
        return new Worst { Limit = limit, Measure = Measure.Window, Amount = isBreach ? amount : Math.Min(amount, limit.Amount), Allowed = limit.Amount, IsBreach = isBreach, FromUs = from, ToUs = now };
    }
}
