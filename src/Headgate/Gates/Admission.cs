using Headgate.Limits;

namespace Headgate.Gates;

/// <summary>What is refused at the door, so that it need not wait for its refusal. Pure.</summary>
internal static class Admission
{
    /// <summary>Why a request could never go in time, judged by its own limits alone.</summary>
    public static RefusedException? Refuse(Lane lane, long now, long expiresAt)
    {
        foreach (var checkpoint in lane.Gate.Checkpoints)
            if (TooCostly(checkpoint, lane) is { } refusal)
                return refusal;
        if (lane.Gate.Keys is { } keys)
        {
            if (keys.AllDead)
                return new RefusedException(RefusalReason.NoKeys, keys.WhyDead());
            if (keys.Alive.All(key => key.Scope.Checkpoints.Any(checkpoint => TooCostly(checkpoint, lane) is not null)))
                return keys.Alive.SelectMany(key => key.Scope.Checkpoints).Select(checkpoint => TooCostly(checkpoint, lane)).First(refusal => refusal is not null);
        }
        if (expiresAt == LimitState.Never)
            return null;
        foreach (var checkpoint in lane.Gate.Checkpoints)
        {
            var cost = checkpoint.CostOf(lane);
            if (cost > 0 && checkpoint.State.FreeAt(cost, now) is var at && at != LimitState.Never && at - checkpoint.State.Uncertainty > expiresAt)
                return new RefusedException(RefusalReason.Expired, $"cannot be sent in time: held by {checkpoint.Describe()}", Time.Clock.Span(at - now));
        }
        return null;
    }

    private static RefusedException? TooCostly(Checkpoint checkpoint, Lane lane)
    {
        var limit = checkpoint.State.Limit;
        var most = limit.Algorithm == LimitAlgorithm.Bucket ? limit.Burst : limit.Algorithm == LimitAlgorithm.Counter ? Math.Max(1, limit.Amount / 50) : limit.Amount;
        return !checkpoint.State.CountsAttempts && checkpoint.UnitsOf(lane.Cost) is var units && units > most
            ? new RefusedException(RefusalReason.TooCostly, $"costs {units} {limit.Unit}, more than {checkpoint.Describe()} ever allows at once ({most})")
            : null;
    }
}
