using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Limits;

/// <summary>The sends of an earlier process, told to a new state.</summary>
public sealed class RestoreTests
{
    private const long Now = 1_000 * Clock.Second;

    [Theory]
    [InlineData("100/s")]
    [InlineData("5000/s")]
    [InlineData("100/s burst=10")]
    [InlineData("100/s counter")]
    [InlineData("100/s spaced")]
    [InlineData("100/min fixed")]
    public void A_state_rebuilt_from_its_sends_goes_on_as_if_nothing_had_happened(string text)
    {
        var (lived, rebuilt) = (State(text), State(text));
        var sends = new List<long>();
        for (long now = Now, send = 0; send < 300; send++)
        {
            now = lived.FreeAt(1, now);
            lived.TakeSent(1, now);
            sends.Add(now);
        }
        var end = sends[^1] + 1;
        foreach (var at in sends)
            rebuilt.Restore(1, at, end);
        Assert.Equal(lived.FreeAt(1, end), rebuilt.FreeAt(1, end));
        Assert.Equal(lived.Available(end), rebuilt.Available(end));
    }

    [Fact]
    public void Sends_told_out_of_order_hold_no_less_back() => Cases.Run(100, random =>
    {
        var text = random.Pick("20/s", "20/s burst=5", "20/s counter", "20/s spaced", "20/min fixed");
        var sends = Enumerable.Range(0, 50).Select(_ => Now - random.NextInt64(3 * Clock.Second)).ToArray();
        var (ordered, shuffled) = (State(text), State(text));
        foreach (var at in sends.Order())
            ordered.Restore(1, at, Now);
        foreach (var at in sends)
            shuffled.Restore(1, at, Now);
        Assert.True(shuffled.FreeAt(1, Now) >= ordered.FreeAt(1, Now));
    });

    [Theory]
    [InlineData("1/s guard=0", 3)]
    [InlineData("1/s burst=1 guard=0", 3)]
    [InlineData("1/s spaced guard=0", 3)]
    [InlineData("1 concurrent", 2)]
    public void What_may_still_arrive_counts_until_then(string text, int seconds)
    {
        var state = State(text);
        state.Restore(1, Now + 2 * Clock.Second, Now);
        Assert.Equal(Now + seconds * Clock.Second, state.FreeAt(1, Now));
        Assert.Equal(Now + seconds * Clock.Second, state.FreeAt(1, Now + seconds * Clock.Second));
        Assert.True(state.IsIdle(Now + 3 * Clock.Second));
    }

    [Fact]
    public void What_was_answered_is_no_longer_in_flight()
    {
        var state = State("1 concurrent");
        state.Restore(1, Now - 1, Now);
        Assert.Equal(Now, state.FreeAt(1, Now));
    }

    private static LimitState State(string text) => LimitStates.Create(Limit.Parse(text), new ArrivalTerms(LimitTiming.Bounded, Clock.Second, 2 * Clock.Second), new WallTime(0, 0, isKnown: true), WallTime.Unknown());
}
