namespace Headgate.App.Runs;

/// <summary>Calls at a moment, however far away: a timer of the runtime takes 49 days at most, so it is set again until then.</summary>
internal sealed class RunDeadline : IAsyncDisposable
{
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(1);

    private readonly DateTimeOffset _at;
    private readonly TimeProvider _time;
    private readonly Action _reached;
    private readonly ITimer _timer;

    /// <param name="at">The moment; one that has passed is now.</param>
    /// <param name="time">The time.</param>
    /// <param name="reached">Called once, on a thread of the pool.</param>
    public RunDeadline(DateTimeOffset at, TimeProvider time, Action reached)
    {
        (_at, _time, _reached) = (at, time, reached);
        _timer = time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(Next(), Timeout.InfiniteTimeSpan);
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Look()
    {
        if (Next() is var wait && wait > TimeSpan.Zero)
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
        else
            _reached();
    }

    private TimeSpan Next()
    {
        var wait = _at - _time.GetUtcNow();
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestTimer ? LongestTimer : wait;
    }
}
