using Headgate.Resilience;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

public sealed class RateTunerTests
{
    private const long Ms = Clock.Millisecond;

    private readonly RateTuner _tuner = new(ceiling: 8_000);
    private long _now;

    [Fact]
    public void While_all_is_well_nothing_is_held_back()
    {
        Play(120, failed: 0);
        Assert.Null(_tuner.Rate);
    }

    [Fact]
    public void Below_80_percent_success_it_is_four_fifths_and_above_95_eleven_tenths_up_to_the_limit()
    {
        Play(1, failed: 3);
        Assert.Equal(6_400, _tuner.Rate);
        Play(1, failed: 3);
        Assert.Equal(5_120, _tuner.Rate);
        Play(1, failed: 0);
        Assert.InRange(_tuner.Rate!.Value, 5_632, 5_633);
        Play(5, failed: 0);
        Assert.Null(_tuner.Rate);
    }

    [Fact]
    public void Between_the_two_it_stays_and_so_it_does_while_we_are_late_ourselves()
    {
        Play(1, failed: 3);
        Play(3, failed: 1);
        Assert.Equal(6_400, _tuner.Rate);
        Play(3, failed: 0, wait: 20 * Ms);
        Assert.Equal(6_400, _tuner.Rate);
    }

    [Fact]
    public void Nine_calls_are_no_reason()
    {
        for (var call = 0; call < 9; call++)
            Assert.False(_tuner.Ended(isFailure: true, Ms, 0, call * 5 * Clock.Second));
    }

    [Fact]
    public void Answers_of_six_seconds_are_nine_tenths_a_minute()
    {
        Play(65, failed: 0, latency: 6 * Clock.Second);
        Assert.Equal(7_200, _tuner.Rate);
    }

    [Fact]
    public void An_eighth_of_errors_is_four_fifths_a_minute()
    {
        for (var call = 0; call < 8 * 65; call++)
            End(isFailure: call % 8 == 0, Ms, 0, Clock.Second / 8);
        Assert.Equal(6_400, _tuner.Rate);
    }

    [Fact]
    public void Without_a_limit_it_starts_from_what_is_sent_and_ends_at_twice_of_it()
    {
        var tuner = new RateTuner();
        for (var call = 0; call < 200; call++)
        {
            tuner.Sent(call * 100 * Ms);
            tuner.Ended(isFailure: call is > 20 and < 41, Ms, 0, call * 100 * Ms);
            if (call == 45)
                Assert.InRange(tuner.Rate!.Value, 4_000, 8_500);
        }
        Assert.True(tuner.Rate is null or > 10_000);
    }

    [Fact]
    public void It_never_falls_below_a_request_in_a_second()
    {
        Play(100, failed: 10);
        Assert.Equal(RateTuner.Floor, _tuner.Rate);
    }

    /// <summary>Ten calls in each of so many seconds.</summary>
    private void Play(int seconds, int failed, long latency = Ms, long wait = 0)
    {
        for (var second = 0; second < seconds; second++)
            for (var call = 0; call < 10; call++)
                End(isFailure: call < failed, latency, wait, call == 9 ? 200 * Ms : 100 * Ms);
    }

    private void End(bool isFailure, long latency, long wait, long step)
    {
        _now += step;
        _tuner.Sent(_now);
        _tuner.Ended(isFailure, latency, wait, _now);
    }
}
