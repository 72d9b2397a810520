using Headgate.Configuration;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

/// <summary>A breaker as a story: it keeps every result and tells the whole of it again each time it is asked. Slow and plain.</summary>
internal sealed class BreakerModel(BreakerConfiguration policy)
{
    private readonly List<(long Sent, bool Success, long Now)> _results = [];
    private readonly List<long> _flying = [];

    public int Opens => Tell(long.MaxValue).Count;

    public void Sent(long sent) => _flying.Add(sent);

    public void Ended(long sent, bool? success, long now)
    {
        _flying.Remove(sent);
        if (success is { } known)
            _results.Add((sent, known, now));
    }

    public long FreeAt(long now)
    {
        var openings = Tell(now);
        if (openings.Count == 0 || openings[^1].ClosedAt is not null)
            return now;
        var (openedAt, _) = openings[^1];
        var until = openedAt + Clock.Nanoseconds(policy.RecoveryTimeout);
        return now < until ? until : _flying.Count(sent => sent > openedAt) < policy.SuccessThreshold ? now : LimitState.Never;
    }

    /// <summary>When it opened and, if it did, closed again.</summary>
    private List<(long OpenedAt, long? ClosedAt)> Tell(long until)
    {
        var openings = new List<(long OpenedAt, long? ClosedAt)>();
        var (failures, successes) = (0, 0);
        foreach (var (sent, success, now) in _results.Where(result => result.Now <= until))
        {
            var openedAt = openings.Count == 0 ? long.MinValue : openings[^1].OpenedAt;
            if (sent <= openedAt)
                continue;
            var isClosed = openings.Count == 0 || openings[^1].ClosedAt is not null;
            var isOpen = !isClosed && now < openedAt + Clock.Nanoseconds(policy.RecoveryTimeout);
            failures = success ? 0 : failures + 1;
            if (!success && !isOpen && (!isClosed || failures >= policy.FailureThreshold))
            {
                openings.Add((now, null));
                (failures, successes) = (0, 0);
            }
            else if (success && !isClosed && !isOpen && ++successes >= policy.SuccessThreshold)
                openings[^1] = (openedAt, now);
        }
        return openings;
    }
}
