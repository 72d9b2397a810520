using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Quotas;

/// <summary>What was learned from a quota: the limit that holds from now on. Immutable.</summary>
/// <param name="Limit">It takes the place of the one learned before.</param>
/// <param name="IsFirst">There was none: the window is to be begun by <see cref="Begin"/>.</param>
/// <param name="Used">How much the server has counted already.</param>
/// <param name="UsedAt">When all of that counts as sent, so that it leaves our window when it leaves the server's; monotonic nanoseconds.</param>
internal sealed record QuotaLesson(Limit Limit, bool IsFirst, long Used, long UsedAt)
{
    /// <summary>
    /// Charges a fresh state with what came before it: what the server has counted, and what is under way, which it may not have counted.
    /// Both may overlap; the server has never let more than the whole limit through.
    /// </summary>
    /// <param name="fresh">The state of <see cref="Limit"/>; not used yet.</param>
    /// <param name="underWay">The cost, in the limit's unit, of attempts sent and not answered; the state is told nothing more of them.</param>
    /// <param name="bound">By when after now those have arrived for certain, in nanoseconds.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    public void Begin(LimitState fresh, long underWay, long bound, long now)
    {
        if (Used > 0 && Limit.Algorithm != LimitAlgorithm.Concurrent)
            fresh.Restore(Math.Min(Used, fresh.Whole), UsedAt, now);
        if (underWay > 0)
            fresh.Restore(underWay, LimitState.Later(now, bound), now);
    }
}
