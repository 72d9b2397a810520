using Headgate.Gates;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Gates;

public sealed class ScopeTests
{
    private const long Now = 1_000 * Clock.Second;

    [Theory]
    [InlineData("100/s", 100, true)]
    [InlineData("100/s", 50, true)]
    [InlineData("100/s", 49, false)]
    [InlineData("100 bucket 10/s", 60, true)]
    [InlineData("100 bucket 10/s", 40, false)]
    [InlineData("10000/day", 30, false)]
    [InlineData("10/s spaced", 1, true)]
    [InlineData("100/s counter", 30, true)]
    [InlineData("100/s counter", 1, false)]
    public void A_refusal_says_that_something_came_late_only_where_much_was_used(string limit, int used, bool late) =>
        Assert.Equal(late, Used(limit, used).Blame(Now, mayBeBusy: false, Now).CameLate);

    [Fact]
    public void Of_an_answer_that_took_longer_than_the_period_nobody_knows_what_was_used()
    {
        Assert.False(Used("100/s", 0).Blame(Now - Clock.Second + 1, mayBeBusy: false, Now).CameLate);
        Assert.True(Used("100/s", 0).Blame(Now - Clock.Second, mayBeBusy: false, Now).CameLate);
    }

    [Fact]
    public void Twice_refused_with_more_than_a_tenth_used_a_server_seems_to_smooth()
    {
        var scope = Used("100/s", 11);
        Assert.Null(scope.Blame(Now, mayBeBusy: false, Now).Smoothed);

        Assert.Equal([Limit.Parse("100/s counter")], scope.Blame(Now, mayBeBusy: false, Now).Smoothed);
    }

    [Fact]
    public void A_limit_of_which_next_to_nothing_was_used_is_not_taken_for_one_that_smooths()
    {
        var scope = Used("10/s", 5, "5000/day");
        scope.Blame(Now, mayBeBusy: false, Now);

        Assert.Equal([Limit.Parse("10/s counter"), Limit.Parse("5000/day")], scope.Blame(Now, mayBeBusy: false, Now).Smoothed);
    }

    [Fact]
    public void Of_little_use_nothing_follows_however_often_it_is_refused()
    {
        var scope = Used("50/s", 4);
        for (var times = 0; times < 5; times++)
            Assert.Equal((false, null), scope.Blame(Now, mayBeBusy: false, Now));
    }

    [Fact]
    public void A_server_that_is_only_busy_says_nothing_of_its_limits()
    {
        var scope = Used("100/s", 40);
        for (var times = 0; times < 5; times++)
            Assert.Equal((false, null), scope.Blame(Now, mayBeBusy: true, Now));
    }

    private static Scope Used(string limit, int used, params string[] others)
    {
        var ours = new WallTime(1_767_225_600L * Clock.Second, 0, isKnown: true);
        var scope = new Scope("api", [Limit.Parse(limit), .. others.Select(Limit.Parse)], ArrivalTerms.Nominal, ours);
        foreach (var checkpoint in scope.Checkpoints.Where(checkpoint => !checkpoint.State.CountsAttempts))
        {
            checkpoint.State.Take(used);
            checkpoint.State.Sent(used, Now);
        }
        return scope;
    }
}
