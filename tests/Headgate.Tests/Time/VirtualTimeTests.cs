using Headgate.Time;

namespace Headgate.Tests.Time;

public sealed class VirtualTimeTests
{
    private readonly VirtualTime _time = new();
    private readonly List<(string Name, double At)> _fired = [];

    [Fact]
    public void Time_stands_still_until_it_is_advanced()
    {
        Assert.Equal((0, TimeSpan.Zero), (_time.GetTimestamp(), _time.Elapsed));
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), _time.GetUtcNow());
        _time.Advance(TimeSpan.FromMilliseconds(1500));
        Assert.Equal(1_500_000_000, _time.GetTimestamp());
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 1, 500, TimeSpan.Zero), _time.GetUtcNow());
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.Advance(TimeSpan.FromTicks(-1)));
    }

    [Fact]
    public void The_wall_clock_is_stepped_alone()
    {
        _time.StepWall(TimeSpan.FromDays(-1));
        Assert.Equal(new DateTimeOffset(2025, 12, 31, 0, 0, 0, TimeSpan.Zero), _time.GetUtcNow());
        Assert.Equal(0, _time.GetTimestamp());
    }

    [Fact]
    public void Timers_fire_at_their_own_time_in_the_order_of_their_due_times()
    {
        Timer("late", 3);
        Timer("early", 1);
        Timer("second at one", 1);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal([("early", 1), ("second at one", 1)], _fired);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(("late", 3), _fired[^1]);
    }

    [Fact]
    public void A_period_goes_on_until_it_is_stopped()
    {
        var timer = Timer("tick", 1, 2);
        _time.Advance(TimeSpan.FromSeconds(6));
        timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal([("tick", 1), ("tick", 3), ("tick", 5)], _fired);
    }

    [Fact]
    public void What_is_set_on_the_way_fires_on_the_way()
    {
        using var first = _time.CreateTimer(_ => Timer("then", 1), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([("then", 2)], _fired);
    }

    [Fact]
    public void A_timer_that_was_changed_fires_once_at_its_new_time()
    {
        var timer = Timer("moved", 1);
        timer.Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        timer.Change(TimeSpan.FromSeconds(2), Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([("moved", 2)], _fired);
    }

    [Fact]
    public async Task A_timer_that_was_disposed_never_fires_again()
    {
        var timer = Timer("gone", 1);
        timer.Dispose();
        Assert.False(timer.Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan));
        await Timer("gone too", 1, 1).DisposeAsync();
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Empty(_fired);
    }

    [Fact]
    public void It_jumps_from_timer_to_timer()
    {
        Timer("one", 1);
        Timer("two", 5);
        Assert.True(_time.AdvanceToNextTimer(TimeSpan.FromSeconds(10)));
        Assert.Equal(TimeSpan.FromSeconds(1), _time.Elapsed);
        Assert.False(_time.AdvanceToNextTimer(TimeSpan.FromSeconds(3)));
        Assert.Equal(TimeSpan.FromSeconds(1), _time.Elapsed);
        Assert.True(_time.AdvanceToNextTimer(TimeSpan.MaxValue));
        Assert.Equal(TimeSpan.FromSeconds(5), _time.Elapsed);
    }

    [Fact]
    public void A_due_time_beyond_all_reckoning_never_comes()
    {
        // Found: it came out as the past and fired at once.
        _time.Advance(TimeSpan.FromSeconds(1));
        Timer("never", TimeSpan.MaxValue.TotalSeconds / 2);
        _time.CreateTimer(_ => _fired.Add(("never", 0)), null, TimeSpan.MaxValue, TimeSpan.MaxValue);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Empty(_fired);
    }

    [Fact]
    public async Task Delays_and_cancellations_of_the_framework_run_on_it()
    {
        var delay = Task.Delay(TimeSpan.FromMinutes(1), _time);
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMinutes(2), _time);
        _time.Advance(TimeSpan.FromMinutes(1) - TimeSpan.FromTicks(1));
        Assert.False(delay.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));
        await delay;
        Assert.False(cancellation.IsCancellationRequested);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(cancellation.IsCancellationRequested);
    }

    private ITimer Timer(string name, double due, double period = -1) => _time.CreateTimer(
        _ => _fired.Add((name, _time.Elapsed.TotalSeconds)), null, TimeSpan.FromSeconds(due), period < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(period));
}
