namespace Headgate.Limits;

/// <summary>The unanswered costs whose arrival is bounded, soonest first: two queues read as one, without allocating.</summary>
/// <param name="onTheWay">Ordered by the send.</param>
/// <param name="bound">D: by when after its send each of those arrives.</param>
/// <param name="stragglers">Ordered by the latest arrival.</param>
internal struct Arrivals(TimedQueue? onTheWay, long bound, TimedQueue? stragglers)
{
    private int _sent;
    private int _lost;

    public (long Due, long Cost) Current { get; private set; }

    public readonly Arrivals GetEnumerator() => this;

    public bool MoveNext()
    {
        var due = _sent < (onTheWay?.Count ?? 0) ? onTheWay!.TimeAt(_sent) + bound : LimitState.Never;
        var until = _lost < (stragglers?.Count ?? 0) ? stragglers!.TimeAt(_lost) : LimitState.Never;
        if (due == LimitState.Never && until == LimitState.Never)
            return false;
        Current = due <= until ? (due, onTheWay!.CostAt(_sent++)) : (until, stragglers!.CostAt(_lost++));
        return true;
    }
}
