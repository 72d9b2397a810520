using Headgate.Time;

namespace Headgate;

/// <summary>Answers that were neither read to the end nor disposed: each holds a place. Who forgets one is named, and no breaker waits for it. Thread-safe.</summary>
/// <param name="clock">The engine's clock.</param>
/// <param name="forgotten">Told once of each that has been open for <see cref="Patience"/>.</param>
internal sealed class OpenAnswers(Clock clock, Action<AnswerContent> forgotten) : IDisposable
{
    /// <summary>How long an answer may be open before somebody has forgotten it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();

    /// <summary>Those not yet told, oldest first.</summary>
    private readonly LinkedList<AnswerContent> _open = new();
    private ITimer? _timer;

    /// <summary>Whether the timer is set: it rests while nothing is open.</summary>
    private bool _isWatching;
    private bool _isDisposed;

    public void Add(AnswerContent answer)
    {
        lock (_lock)
        {
            answer.Place = _open.AddLast(answer);
            // An answer may come while everything is being disposed.
            if (_isWatching || _isDisposed)
                return;
            _isWatching = true;
            _timer ??= clock.Provider.CreateTimer(static state => ((OpenAnswers)state!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(Patience, Timeout.InfiniteTimeSpan);
        }
    }

    public void Remove(AnswerContent answer)
    {
        lock (_lock)
        {
            if (answer.Place is { List: not null } place)
                _open.Remove(place);
            answer.Place = null;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _timer?.Dispose();
        }
    }

    private void Look()
    {
        var late = new List<AnswerContent>();
        lock (_lock)
        {
            var now = clock.Now;
            var oldest = now - Clock.Nanoseconds(Patience);
            while (_open.First is { } first && first.Value.Exchange.Last!.AnsweredAt <= oldest)
            {
                late.Add(first.Value);
                _open.RemoveFirst();
            }
            _isWatching = _open.First is not null;
            if (_open.First is { } next)
                _timer!.Change(Clock.Span(next.Value.Exchange.Last!.AnsweredAt - oldest), Timeout.InfiniteTimeSpan);
        }
        foreach (var answer in late)
            forgotten(answer);
    }
}
