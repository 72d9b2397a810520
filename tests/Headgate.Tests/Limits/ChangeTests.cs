using Headgate.Limits;
using Headgate.Tests.Limits.Servers;
using Headgate.Time;

namespace Headgate.Tests.Limits;

/// <summary>A limit replaced while it is used: the new one holds from then on, the sends before it counted.</summary>
public sealed class ChangeTests
{
    private static readonly WallTime Ours = new(0, 0, isKnown: true);

    public static TheoryData<LimitAlgorithm> Algorithms => [LimitAlgorithm.Sliding, LimitAlgorithm.Bucket, LimitAlgorithm.Counter, LimitAlgorithm.Spaced, LimitAlgorithm.Fixed];

    [Theory, MemberData(nameof(Algorithms))]
    public void The_new_limit_holds_whatever_was_there_before(LimitAlgorithm algorithm) => Cases.Run(200, random =>
    {
        var pace = random.Spread(1_000, 3_600_000);
        var terms = NeverOverTests.Terms(random, random.Pick(LimitTiming.Guaranteed, LimitTiming.Bounded, LimitTiming.Nominal), pace * Clock.Millisecond / 10);
        var first = Any(random, random.Pick(LimitAlgorithm.Sliding, LimitAlgorithm.Bucket, LimitAlgorithm.Counter, LimitAlgorithm.Spaced, LimitAlgorithm.Fixed), pace);
        var client = NeverOverTests.NewClient(random, first, terms, pace * Clock.Millisecond / 10, 1);
        var history = first.ToString();
        var last = first;
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            client.Run(random.Next(1, 80), thatEnds: false);
            last = Any(random, changes == 1 ? algorithm : random.Pick(LimitAlgorithm.Sliding, LimitAlgorithm.Bucket, LimitAlgorithm.Counter, LimitAlgorithm.Spaced), pace);
            history += $" -> {last}";
            client.Change(LimitStates.Create(last, terms, Ours, WallTime.Unknown()));
        }
        client.Run(60);
        if (Server(random, last).Refuses(client.InOrder) is { } refusal)
            Assert.Fail($"{history}: {refusal}");
        Assert.True(client.State.IsIdle(client.Now + (3660L * 24 * 3600 * Clock.Second)), $"{history}: something is held for ever");
    });

    [Theory]
    [InlineData("100/s", "80/s")]
    [InlineData("100/s", "110/s")]
    [InlineData("100/s", "400/min")]
    [InlineData("100/s burst=10", "80/s burst=10")]
    [InlineData("100/s burst=10", "110/s burst=10")]
    [InlineData("100/s counter", "110/s counter")]
    [InlineData("10/s spaced", "8/s spaced")]
    [InlineData("10/s spaced", "11/s spaced")]
    [InlineData("10000/day fixed", "9000/day fixed")]
    public void A_change_that_leaves_room_holds_nobody_up(string from, string to)
    {
        var old = State(from);
        old.TakeSent(1, 0);
        var next = State(to);
        var settled = 2 * Clock.Second / 10;
        next.Inherit(old, settled);
        Assert.Equal(settled, next.FreeAt(1, settled));
    }

    [Fact]
    public void An_idle_limit_passes_on_nothing() => Cases.Run(150, random =>
    {
        var (from, to) = (Any(random, random.Pick(LimitAlgorithm.Sliding, LimitAlgorithm.Bucket, LimitAlgorithm.Counter), 1000), Any(random, LimitAlgorithm.Sliding, 1000));
        var old = State(from.ToString());
        var next = State(to.ToString());
        next.Inherit(old, Clock.Second);
        Assert.True(next.IsIdle(Clock.Second));
    });

    [Fact]
    public void A_bucket_that_has_drained_is_remembered_by_the_window_that_follows_it()
    {
        // Found: the level was passed on as if it were the log, 9 more went within the second of the 10 before.
        var old = State("10/s burst=10 guard=0");
        old.TakeSent(10, 0);
        var next = State("10/s guard=0");
        next.Inherit(old, Cases.Seconds(0.9));
        Assert.True(next.Available(Cases.Seconds(0.9)) == 0);
        Assert.Equal(Clock.Second, next.FreeAt(1, Cases.Seconds(0.9)));
    }

    [Fact]
    public void A_bucket_that_follows_a_faster_window_begins_full()
    {
        // Found: no more than N of "40 bucket 2/s" was assumed, that is 2, and 38 went at once.
        var old = State("100/s");
        long now = 0;
        for (var send = 0; send < 1000; send++)
            old.TakeSent(1, now = old.FreeAt(1, now));
        var next = State("40 bucket 2/s");
        next.Inherit(old, now);
        Assert.InRange(next.FreeAt(1, now), now + Cases.Seconds(0.5), now + Cases.Seconds(0.51));
    }

    [Fact]
    public void Two_changes_in_a_row_do_not_forget_the_first()
    {
        // Found: what the second limit could have let through by itself was taken for all there was.
        var old = State("1000/s guard=0");
        old.TakeSent(1000, 0);
        var middle = State("10/s guard=0");
        middle.Inherit(old, 1);
        var last = State("1500/min guard=0");
        last.Inherit(middle, Cases.Seconds(2));
        Assert.Equal(500, last.Available(Cases.Seconds(2)));
    }

    [Fact]
    public void An_attempt_keeps_the_timing_it_was_sent_under()
    {
        // Found: counted at its send, and given back at its answer by a limit that had held nothing for it.
        var nominal = State("2/s timing=nominal guard=0");
        nominal.Take(1);
        nominal.Sent(1, 0);
        var guaranteed = State("2/s timing=guaranteed guard=0");
        guaranteed.Inherit(nominal, 1);
        guaranteed.Answered(1, 0, 2);
        Assert.Equal(1, guaranteed.Available(2));
        guaranteed.Take(1);
        guaranteed.Sent(1, 3);
        var bounded = State("2/s timing=bounded:1s guard=0");
        bounded.Inherit(guaranteed, 4);
        Assert.Equal(0, bounded.Available(5));
        bounded.Answered(1, 3, Cases.Seconds(30));
        Assert.Equal(1, bounded.Available(Cases.Seconds(30)));
        Assert.Equal(2, bounded.Available(Cases.Seconds(31)));
    }

    [Fact]
    public void What_was_sent_under_a_longer_bound_is_held_for_that()
    {
        var old = State("1/s timing=bounded:5s guard=0");
        old.Take(1);
        old.Sent(1, 0);
        var next = State("1/s timing=bounded:1s guard=0");
        next.Inherit(old, 1);
        Assert.Equal(Cases.Seconds(6), next.FreeAt(1, 1));
        next.Answered(1, 0, Cases.Seconds(2));
        Assert.Equal(Cases.Seconds(6), next.FreeAt(1, Cases.Seconds(2)));
    }

    [Fact]
    public void A_limit_on_something_else_cannot_take_over()
    {
        Assert.Throws<ArgumentException>(() => State("90000 tokens/min").Inherit(State("100/s"), 0));
        Assert.Throws<ArgumentException>(() => State("10 concurrent").Inherit(State("100/s"), 0));
        Assert.True(State("100/s burst=5").CanInherit(State("1000/day fixed")));
    }

    [Fact]
    public void A_limit_added_beside_another_counts_what_that_has_in_flight()
    {
        var old = LimitStates.Create(Limit.Parse("100/s guard=0"), new ArrivalTerms(LimitTiming.Bounded, Clock.Second, 2 * Clock.Second), Ours, WallTime.Unknown());
        old.Take(10);
        old.Sent(10, 0);
        var added = LimitStates.Create(Limit.Parse("10/s guard=0"), new ArrivalTerms(LimitTiming.Bounded, Clock.Second, 2 * Clock.Second), Ours, WallTime.Unknown());
        added.InheritFinished(old, 1);
        Assert.Equal(Cases.Seconds(4) + 1, added.FreeAt(1, 1));
        Assert.Equal(90, old.Available(1));
    }

    internal static Limit Any(Random random, LimitAlgorithm algorithm, long paceMilliseconds)
    {
        var period = random.Spread(Math.Max(100, paceMilliseconds / 5), paceMilliseconds * 5);
        var n = random.Next(1, 51);
        return Limit.Parse(algorithm switch
        {
            LimitAlgorithm.Bucket => $"{random.Next(1, 51)} bucket {n}/{period}ms{random.Guard()}{Timing(random)}",
            LimitAlgorithm.Counter => $"{random.Next(1, 200)}/{period}ms counter{random.Guard()}{Timing(random)}",
            LimitAlgorithm.Spaced => $"{n}/{period}ms spaced{random.Guard()}{Timing(random)}",
            LimitAlgorithm.Fixed => $"{n}/{10_000 + period}ms fixed{random.Guard()}{Timing(random)}",
            _ => $"{n}/{period}ms{random.Guard()}{Timing(random)}",
        });
    }

    private static string Timing(Random random) => random.Pick("", "", "", " timing=guaranteed", " timing=nominal", " timing=bounded:100ms", " timing=bounded:2s");

    internal static ModelServer Server(Random random, Limit limit)
    {
        var (n, p) = (limit.Amount, Clock.Nanoseconds(limit.Period));
        return limit.Algorithm switch
        {
            LimitAlgorithm.Bucket => new BucketServer(limit.Burst, n, p),
            LimitAlgorithm.Counter => new CounterServer(n, p, random.NextInt64(p)),
            LimitAlgorithm.Spaced => new SpacedServer(n, p),
            LimitAlgorithm.Fixed => FixedServer.Aligned(n, p, random.NextInt64(p)),
            _ => new SlidingServer(n, p),
        };
    }

    private static LimitState State(string text) => LimitStates.Create(Limit.Parse(text), ArrivalTerms.Nominal, Ours, WallTime.Unknown());
}
