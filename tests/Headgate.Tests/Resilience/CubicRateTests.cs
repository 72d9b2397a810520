using Headgate.Limits;
using Headgate.Resilience;
using Headgate.Tests.Limits;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

public sealed class CubicRateTests
{
    private const long Ms = Clock.Millisecond;

    private readonly CubicRate _cubic = new();

    [Fact]
    public void Nothing_is_held_back_before_the_first_refusal() => Assert.False(_cubic.Rise(Clock.Second) || _cubic.Rate is not null);

    [Fact]
    public void Refusals_halve_the_rate_until_two_seconds_went_well_and_take_three_tenths_after_that()
    {
        Send(0, 10_000, 10);
        Assert.True(_cubic.Refused(9_990 * Ms, 10_000 * Ms, 10_000 * Ms));
        Assert.Equal(50_000, _cubic.Rate!.Value, 2_000.0);
        Send(10_001, 12_500, 20);
        _cubic.Rise(12_500 * Ms);
        var risen = _cubic.Rate.Value;
        Assert.InRange(risen, 60_000, 99_000);
        Assert.True(_cubic.Refused(12_499 * Ms, 12_500 * Ms, 12_500 * Ms));
        Assert.InRange(_cubic.Rate.Value, 30_000, risen * 7 / 10);
    }

    [Fact]
    public void Many_refused_at_once_lower_it_once()
    {
        Send(0, 1_000, 1);
        for (var each = 0; each < 50; each++)
            Assert.Equal(each == 0, _cubic.Refused((900 + each) * Ms, (1_000 + each) * Ms, (1_000 + each) * Ms));
        Assert.Equal(1, _cubic.Refusals);
    }

    [Fact]
    public void It_rises_no_further_than_twice_what_is_sent_and_falls_by_no_pause_of_ours()
    {
        Send(0, 2_000, 10);
        _cubic.Refused(1_999 * Ms, 3_000 * Ms, 2_000 * Ms);
        var lowered = _cubic.Rate!.Value;
        Send(30_000, 40_000, 100);
        _cubic.Rise(40_000 * Ms);
        Assert.Equal(lowered, _cubic.Rate);
        Send(40_001, 50_000, 10);
        _cubic.Rise(50_000 * Ms);
        Assert.InRange(_cubic.Rate.Value, 190_000, 202_000);
    }

    [Fact]
    public void It_never_rises_above_its_ceiling()
    {
        var capped = new CubicRate(ceiling: 60_000);
        for (var at = 0; at < 60_000; at += 10)
        {
            capped.Sent(at * Ms);
            if (at is 2_000 or 2_600)
                capped.Refused((at - 1) * Ms, at * Ms, at * Ms);
            capped.Rise(at * Ms);
            Assert.True(capped.Rate is null or <= 60_000);
        }
        Assert.Equal(60_000, capped.Rate);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(50)]
    [InlineData(100)]
    [InlineData(500)]
    public void A_limit_that_is_never_told_is_used_to_four_fifths_and_seldom_met(int hidden)
    {
        var run = new HiddenLimit(hidden);
        run.Play(_cubic, 90 * Clock.Second);
        // The first half minute finds it; the minute after that is judged.
        var (accepted, refused, pauses) = run.Since(30 * Clock.Second);
        TestContext.Current.TestOutputHelper?.WriteLine($"{hidden}/s: {accepted / 60.0 / hidden:P1}, {refused} refused in {pauses} pauses a minute");
        Assert.InRange(accepted, 0.8 * 60 * hidden, 60 * hidden);
        Assert.InRange(pauses, 0, 6);
        Assert.InRange(refused, 0, 6 + hidden * 60 / 500);
    }

    [Fact]
    public void A_limit_that_is_raised_is_found_within_a_minute_and_one_that_is_lowered_at_once()
    {
        var run = new HiddenLimit(50);
        run.Play(_cubic, 90 * Clock.Second);
        run.Limit = 100;
        run.Play(_cubic, 150 * Clock.Second);
        Assert.InRange(_cubic.Rate!.Value, 70_000, 130_000);
        run.Limit = 20;
        run.Play(_cubic, 160 * Clock.Second);
        Assert.InRange(_cubic.Rate.Value, 10_000, 21_000);
    }

    private void Send(int from, int to, int step)
    {
        for (var at = from; at < to; at += step)
            _cubic.Sent(at * Ms);
    }

    /// <summary>A server that allows so many in any second and refuses the rest without a word, and a client that always has more to send.</summary>
    private sealed class HiddenLimit(int limit)
    {
        private const long Latency = 20 * Ms;

        private readonly List<long> _accepted = [];
        private readonly List<long> _refused = [];
        private readonly List<long> _pauses = [];
        private readonly PaceState _pace = new();
        private readonly Queue<(long Sent, bool Refused)> _flying = new();

        private long _now;

        public int Limit { get; set; } = limit;

        public (int Accepted, int Refused, int Pauses) Since(long at) => (_accepted.Count(time => time >= at), _refused.Count(time => time >= at), _pauses.Count(time => time >= at));

        public void Play(CubicRate cubic, long until)
        {
            var (now, held) = (_now, _now);
            while (now < until)
            {
                var go = _flying.Count >= 100 ? LimitState.Never : Math.Max(held, _pace.FreeAt(1, now));
                var answer = _flying.TryPeek(out var first) ? first.Sent + Latency : LimitState.Never;
                now = Math.Max(now, Math.Min(go, answer));
                if (answer <= now)
                    held = Math.Max(held, Answer(cubic, now));
                else if (_pace.FreeAt(1, now) <= now)
                    Send(cubic, now);
            }
            _now = now;
        }

        private void Send(CubicRate cubic, long now)
        {
            _pace.Take(1);
            cubic.Sent(now);
            var isRefused = _accepted.Count >= Limit && _accepted[^Limit] > now - Clock.Second;
            (isRefused ? _refused : _accepted).Add(now);
            _flying.Enqueue((now, isRefused));
        }

        private long Answer(CubicRate cubic, long now)
        {
            var (sent, isRefused) = _flying.Dequeue();
            if (isRefused && cubic.Refused(sent, now + Clock.Second, now))
                _pauses.Add(now);
            else if (!isRefused)
                cubic.Rise(now);
            _pace.Set(cubic.Rate);
            return isRefused ? now + Clock.Second : 0;
        }
    }
}
