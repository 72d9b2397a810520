namespace Headgate.App.Verify;

/// <summary>At most N in flight at once: from the send to the end of the body, or for ever if there was none.</summary>
internal static class ConcurrentAudit
{
    /// <summary>Finds the instant with the most in flight.</summary>
    /// <param name="inFlight">From the sends to the ends.</param>
    /// <param name="epochs">The limits, as they held.</param>
    /// <param name="blurUs">How much longer a gap may have been than the difference of its recorded times: what ended that little after a send had made room for it.</param>
    public static Worst? Find(Arrivals inFlight, IReadOnlyList<LimitEpoch> epochs, long blurUs)
    {
        var walk = new EpochWalk(epochs);
        Worst? worst = null;
        var started = 0L;
        for (var i = 0; i < inFlight.BySent.Length; i++)
        {
            var now = inFlight.BySent[i].FromUs;
            started += inFlight.BySent[i].Cost;
            if (!inFlight.IsPeak(i) || walk.At(now) is not { } limit)
                continue;
            var atOnce = started - inFlight.ArrivedBy(now + blurUs - 1);
            if (worst is not null && atOnce * worst.Allowed <= worst.Amount * limit.Amount)
                continue;
            worst = new Worst { Limit = limit, Measure = Measure.AtOnce, Amount = atOnce, Allowed = limit.Amount, IsBreach = atOnce > limit.Amount, FromUs = now, ToUs = now };
        }
        return worst;
    }
}
