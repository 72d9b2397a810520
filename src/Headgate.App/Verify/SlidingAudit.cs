using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>
/// At most N in any window of P: no instant t has more than N of cost with sent ≤ t and late &gt; t − P. All of those may fall into one window,
/// and no window holds more. The sum only rises at sends, so those instants are enough.
/// </summary>
internal static class SlidingAudit
{
    /// <summary>Finds the worst window.</summary>
    /// <param name="arrivals">What counts.</param>
    /// <param name="epochs">The limits, as they held.</param>
    /// <param name="blurUs">How much longer a gap may have been than the difference of its recorded times: what is no breach for certain is none.</param>
    public static Worst? Find(Arrivals arrivals, IReadOnlyList<LimitEpoch> epochs, long blurUs)
    {
        var walk = new EpochWalk(epochs);
        var sends = arrivals.BySent;
        var sent = 0L;
        (double Use, long At, long Amount, Limit? Limit) worst = (-1, 0, 0, null);
        for (var i = 0; i < sends.Length; i++)
        {
            sent += sends[i].Cost;
            var now = sends[i].FromUs;
            if (!arrivals.IsPeak(i))
                continue;
            if (walk.At(now) is not { } limit || Window(limit, blurUs) is not (> 0 and var window))
                continue;
            var amount = sent - arrivals.ArrivedBy(now - window);
            var use = amount / (double)limit.Amount;
            if (use > worst.Use)
                worst = (use, now, amount, limit);
        }
        return worst.Limit is not { } found ? null : new Worst
        {
            Limit = found,
            Measure = Measure.Window,
            Amount = worst.Amount,
            Allowed = found.Amount,
            IsBreach = worst.Amount > found.Amount,
            FromUs = worst.At - Window(found, blurUs) + 1,
            ToUs = worst.At,
        };
    }

    private static long Window(Limit limit, long blurUs) => Periods.Us(limit) - blurUs + 1;
}
