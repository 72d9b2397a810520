using Headgate.Gates;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Ledgers;

/// <summary>What limits are told of sends before them. Pure.</summary>
internal static class ScopeMemory
{
    /// <summary>The past with those in it that were not recorded yet when it was read, and have ended since: as if they had no end.</summary>
    /// <param name="past">What was read.</param>
    /// <param name="ended">Those that were under way then, and are not any more.</param>
    /// <param name="late">By when they have arrived.</param>
    public static ScopePast WithEnded(ScopePast past, IEnumerable<LinePermit> ended, long late)
    {
        var known = past.Sends.Select(send => send.Number).ToHashSet();
        var missing = ended.Where(permit => !known.Contains(permit.Attempt!.RecordedAs)).Select(permit => new PastSend
        {
            SentNs = permit.SentAt,
            LateNs = late,
            WallSentNs = permit.SentAt,
            WallLateNs = late,
            IsUnanswered = true,
            Number = permit.Attempt!.RecordedAs,
            Costs = SendJournal.Costs(permit.Attempt.Actual ?? permit.Cost),
        });
        return past.With(new ScopePast { Sends = [.. missing] });
    }

    /// <summary>Gives the limits of a scope back their past; before the scope is used.</summary>
    public static void Restore(Scope scope, ScopePast past, long now)
    {
        foreach (var checkpoint in scope.Checkpoints)
            Restore(checkpoint.State, past, now);
    }

    /// <summary>Gives a limit its past; before it is used.</summary>
    public static void Restore(LimitState limit, ScopePast past, long now)
    {
        if (limit.CountsAttempts)
            return;
        if (FullAt(past, limit.Limit, now) is { } full)
            limit.Restore(limit.Limit.Algorithm == LimitAlgorithm.Bucket ? limit.Limit.Burst : limit.Limit.Amount, Math.Min(full, now), now);
        foreach (var send in past.Sends)
            if (UnitCost.In(limit.Limit.Unit, send.Costs) is var cost and > 0)
                limit.Restore(cost, send.LateNs, now);
    }

    /// <summary>When a limit counts as full because not everything is known: records are damaged, or older ones were dropped that it would still count.</summary>
    private static long? FullAt(ScopePast past, Limit limit, long now)
    {
        var since = past.KnownSinceNs is { } known && known > now - Clock.Nanoseconds(Of(limit)) ? past.KnownSinceNs : null;
        return past.FullAtNs is { } damaged ? Math.Max(damaged, since ?? damaged) : since;
    }

    /// <summary>How far back a limit looks: a bucket until it has drained twice over, others their window.</summary>
    public static TimeSpan Of(Limit limit) => limit.IsMonthly ? TimeSpan.FromDays(31)
        : limit.Algorithm == LimitAlgorithm.Bucket ? TimeSpan.FromTicks((long)Int128.Min(TimeSpan.FromDays(366).Ticks, (Int128)limit.Period.Ticks * 2 * limit.Burst / limit.Amount))
        : 2 * limit.Period;
}
