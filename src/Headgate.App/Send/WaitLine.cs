using Headgate.App.CommandLine;
using Headgate.App.Runs;
using Headgate.Time;

namespace Headgate.App.Send;

/// <summary>Tells somebody at a terminal what a request waits for: a line that is drawn over, and gone when it goes on. Thread-safe.</summary>
internal sealed class WaitLine : IDisposable
{
    /// <summary>Shorter waits are not worth a line.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(700);

    private readonly Lock _lock = new();
    private readonly Clock _clock;
    private readonly TextWriter _talk;
    private readonly int _width;
    private readonly ITimer _timer;
    private string _what = "";
    private long? _until;
    private bool _waits;
    private bool _isDrawn;

    public WaitLine(Clock clock, TextWriter talk, int width)
    {
        (_clock, _talk, _width) = (clock, talk, width);
        _timer = clock.Provider.CreateTimer(_ => Draw(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>It waits from now on.</summary>
    /// <param name="what">What for, or what it will do then.</param>
    /// <param name="until">Until when, monotonic nanoseconds; null if nobody knows.</param>
    public void Begin(string what, long? until)
    {
        lock (_lock)
        {
            (_what, _until, _waits) = (what, until, true);
            _timer.Change(Patience, TimeSpan.FromMilliseconds(200));
        }
    }

    /// <summary>It goes on.</summary>
    public void End()
    {
        lock (_lock)
        {
            _waits = false;
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            if (_isDrawn)
                _talk.Write("\r\u001b[K");
            _isDrawn = false;
        }
    }

    public void Dispose()
    {
        End();
        _timer.Dispose();
    }

    private void Draw()
    {
        lock (_lock)
        {
            if (!_waits)
                return;
            var text = $"headgate: {_what}{(_until is { } until ? $", {Left(until - _clock.Now)} left" : "")}";
            _talk.Write($"\r{(text.Length < _width ? text : text[..Math.Max(0, _width - 2)] + "…")}\u001b[K");
            _isDrawn = true;
        }
    }

    // Whole seconds: whoever watches a clock run down does not read milliseconds.
    private static string Left(long nanoseconds) => nanoseconds < 120 * Clock.Second ? $"{Math.Max(0, nanoseconds + Clock.Second - 1) / Clock.Second} s" : Words.Time(nanoseconds);
}
