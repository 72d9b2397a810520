using Headgate.Keys;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Gates;

/// <summary>What is refused at the door, so that it need not wait for its refusal. Pure.</summary>
internal static class Admission
{
    /// <summary>A pause by hand has no end that is known: whoever comes again each second learns no more than each minute.</summary>
    private static readonly TimeSpan OfPause = TimeSpan.FromMinutes(1);

    /// <summary>Why a request could never go in time, judged by its own limits alone.</summary>
    public static RefusedException? Refuse(Lane lane, Cost cost, long now, long expiresAt) =>
        TooCostly(lane.Gate, cost) ?? (expiresAt == LimitState.Never ? null : TooLate(lane, cost, now, expiresAt));

    /// <summary>Why a cost can never go.</summary>
    public static RefusedException? TooCostly(Gate gate, Cost cost)
    {
        foreach (var scope in gate.Scopes)
            if (scope.TooCostly(cost) is { } limit)
                return TooCostly(limit, cost);
        if (gate.Keys is { } keys)
        {
            if (keys.AllDead)
                return new RefusedException(RefusalReason.NoKeys, keys.WhyDead());
            if (keys.TooCostly(cost) is { } limit)
                return TooCostly(limit, cost);
        }
        return gate.Proxies is { AllDead: true } proxies ? new RefusedException(RefusalReason.NoProxies, proxies.WhyDead()) : null;
    }

    /// <summary>As many wait as may.</summary>
    public static RefusedException QueueFull(int most) => new(RefusalReason.QueueFull, $"{most} wait, which is as many as may");

    /// <summary>The lower bound: nobody ahead, and everything in flight answered now.</summary>
    private static RefusedException? TooLate(Lane lane, Cost cost, long now, long expiresAt)
    {
        if (expiresAt < now)
            return new RefusedException(RefusalReason.Expired, "not sent in time: its time was over before it came");
        var (latest, holding) = (long.MinValue, (Checkpoint?)null);
        foreach (var claim in lane.Claims)
        {
            var checkpoint = (Checkpoint)claim.Constraint;
            var need = checkpoint.NeedOf(lane, cost);
            if (need > 0 && checkpoint.State.FreeAt(need, now) is var at && at != LimitState.Never && at - checkpoint.State.Uncertainty > expiresAt && at > latest)
                (latest, holding) = (at, checkpoint);
        }
        return holding is null ? null : new RefusedException(RefusalReason.Expired, $"cannot be sent in time: held by {holding.Describe()}", Clock.Span(latest - now));
    }

    /// <summary>After what time one whose time is over could go if it came again: behind all who wait now; null where only an event can tell.</summary>
    public static TimeSpan? ComeAgain(Permit permit, long now)
    {
        var held = permit.Lane.LastHeldBy is KeyPool keys ? keys.HeldBy : permit.Lane.LastHeldBy as Checkpoint;
        if (held?.State is HoldState { PausedBy: not null })
            return OfPause;
        var gate = permit.Lane.Gate;
        var at = QueueForecast.After(gate, permit.Cost, now).At;
        // The keys are known to a look only, which in turn sees no end of what is reserved for others.
        if (Passage.Look(permit.Lane, permit.Cost, now).At is var alone and not LimitState.Never)
            at = Math.Max(at, alone);
        return at != LimitState.Never ? Clock.Span(at - now) : null;
    }

    private static RefusedException TooCostly(Checkpoint limit, Cost cost) =>
        new(RefusalReason.TooCostly, $"costs {limit.UnitsOf(cost)} {limit.State.Limit.Unit}, more than {limit.Describe()} ever allows at once ({limit.State.Whole})");
}
