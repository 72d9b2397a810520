using Headgate.Limits;
using Headgate.Resilience;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

public sealed class GradientCapTests
{
    private const long Ms = Clock.Millisecond;

    [Theory]
    [InlineData(10, 20)]
    [InlineData(20, 50)]
    [InlineData(40, 100)]
    [InlineData(100, 30)]
    public void It_finds_how_many_the_server_takes_at_once(int knee, int milliseconds)
    {
        var server = new KneeServer(knee, milliseconds * Ms);
        var cap = new GradientCap(400);
        server.Play(cap, 60 * Clock.Second);
        var mean = server.MeanCap(20 * Clock.Second);
        TestContext.Current.TestOutputHelper?.WriteLine($"knee {knee}: {mean:0.0}");
        Assert.InRange(mean, 0.8 * knee, 1.2 * knee);
    }

    [Fact]
    public void It_does_not_creep_up_while_the_server_is_overloaded_by_others()
    {
        var server = new KneeServer(40, 50 * Ms);
        var cap = new GradientCap(400);
        server.Play(cap, 30 * Clock.Second);
        // Somebody else takes half of it, for ten minutes.
        server.Knee = 20;
        server.Play(cap, 600 * Clock.Second);
        Assert.InRange(server.MeanCap(60 * Clock.Second), 0.8 * 20, 1.2 * 20);
        Assert.InRange(server.MeanCap(540 * Clock.Second), 0.8 * 20, 1.2 * 20);
        Assert.InRange(cap.Unloaded, 45 * Ms, 60 * Ms);
    }

    [Fact]
    public void It_never_says_more_than_its_ceiling_nor_less_than_one()
    {
        var server = new KneeServer(1_000, 10 * Ms);
        var cap = new GradientCap(30);
        server.Play(cap, 20 * Clock.Second);
        Assert.Equal(30, cap.Now);
        for (var drop = 0; drop < 100; drop++)
            cap.TimedOut((30 + drop) * Clock.Second, (31 + drop) * Clock.Second);
        Assert.InRange(cap.Now, 1, 30);
        Assert.Equal(1, new GradientCap(1).Now);
    }

    [Fact]
    public void A_timeout_takes_a_tenth_once_a_window()
    {
        var server = new KneeServer(1_000, 10 * Ms);
        var cap = new GradientCap(100);
        server.Play(cap, 20 * Clock.Second);
        var before = cap.Now;
        Assert.True(cap.TimedOut(30 * Clock.Second, 31 * Clock.Second));
        for (var more = 1; more < 10; more++)
            Assert.False(cap.TimedOut(30 * Clock.Second + more, 31 * Clock.Second + more));
        Assert.Equal(before * 9 / 10, cap.Now);
    }

    [Fact]
    public void While_everything_times_out_it_falls_until_one_is_left()
    {
        var server = new KneeServer(1_000, 10 * Ms);
        var cap = new GradientCap(100);
        server.Play(cap, 20 * Clock.Second);
        for (var second = 30; second < 90; second++)
            cap.TimedOut(second * Clock.Second + 1, (second + 1) * Clock.Second);
        Assert.Equal(1, cap.Now);
    }

    [Fact]
    public void Answers_of_attempts_sent_before_its_window_are_no_samples()
    {
        var cap = new GradientCap(100);
        for (var each = 1; each <= 200; each++)
            cap.Answered(0, 4, each * 100 * Ms);
        Assert.InRange(cap.Unloaded, 1, 2 * Clock.Second);
        var unloaded = cap.Unloaded;
        Assert.False(cap.Answered(1, 4, 100 * Clock.Second));
        Assert.Equal(unloaded, cap.Unloaded);
    }

    [Fact]
    public void The_cap_of_a_gate_follows_it()
    {
        var cap = new ConcurrencyCap(100, slowStart: true);
        cap.LimitTo(8);
        Assert.Equal((8L, false), (cap.Now, cap.IsGrowing));
        cap.LimitTo(20);
        Assert.Equal("at most 20 at once", cap.Words);
        cap.Refused(0);
        Assert.Equal((8L, true), (cap.Now, cap.IsGrowing));
        cap.LimitTo(1_000);
        Assert.Equal(8, cap.Now);
        cap.LimitTo(0);
        Assert.Equal(1, cap.Now);
    }

    /// <summary>So many workers and a queue before them: beyond the knee answers take longer and no more of them come. The client always has more to send.</summary>
    private sealed class KneeServer(int knee, long service)
    {
        private readonly Random _random = new(1);
        private readonly PriorityQueue<(long Sent, long End), long> _flying = new();
        private readonly PriorityQueue<long, long> _ends = new();
        private readonly List<(long At, int Cap)> _caps = [];
        private long _now;

        public int Knee { get; set; } = knee;

        public void Play(GradientCap cap, long until)
        {
            for (var end = _now + until; _now < end;)
            {
                while (_flying.Count < cap.Now)
                    Send();
                var (sent, at) = _flying.Dequeue();
                _now = at;
                cap.Answered(sent, _flying.Count + 1, _now);
                _caps.Add((_now, cap.Now));
            }
        }

        /// <summary>Over the last so much time; the short moments in which it probes are part of it.</summary>
        public double MeanCap(long last) => _caps.Where(entry => entry.At > _now - last).Average(entry => entry.Cap);

        private void Send()
        {
            // It begins when one of the workers has ended what it does.
            var start = _now;
            while (_ends.Count >= Knee)
                start = Math.Max(_now, _ends.Dequeue());
            var end = start + service + _random.NextInt64(service / 5) - service / 10;
            _ends.Enqueue(end, end);
            _flying.Enqueue((_now, end), end);
        }
    }
}
