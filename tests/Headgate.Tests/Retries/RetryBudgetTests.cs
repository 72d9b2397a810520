using FsCheck;
using FsCheck.Fluent;
using Headgate.Retries;
using Headgate.Time;

namespace Headgate.Tests.Retries;

public sealed class RetryBudgetTests
{
    private const long T0 = 1_000 * Clock.Second;

    private static int Drain(RetryBudget budget, long now)
    {
        var taken = 0;
        while (budget.TryWithdraw(now))
            taken++;
        return taken;
    }

    [Fact]
    public void Without_traffic_ten_a_second_are_allowed_and_may_come_at_once() => Assert.Equal(100, Drain(new RetryBudget(), T0));

    [Fact]
    public void A_fifth_of_the_traffic_is_added()
    {
        var budget = new RetryBudget();
        for (var i = 0; i < 1004; i++)
            budget.Deposit(T0);
        Assert.Equal(300, Drain(budget, T0 + 5 * Clock.Second));
    }

    [Fact]
    public void What_was_spent_comes_back_after_ten_seconds_and_it_says_when()
    {
        var budget = new RetryBudget();
        Assert.Equal(T0, budget.WaitUntil(T0));
        Assert.Equal(100, Drain(budget, T0));
        var until = budget.WaitUntil(T0)!.Value;
        Assert.InRange(until - T0, 10 * Clock.Second, 11 * Clock.Second);
        Assert.False(budget.TryWithdraw(until - 1));
        Assert.Equal(100, Drain(budget, until));
    }

    [Fact]
    public void Traffic_that_is_past_no_longer_counts()
    {
        var budget = new RetryBudget();
        for (var i = 0; i < 1000; i++)
            budget.Deposit(T0);
        Assert.Equal(100, Drain(budget, T0 + 20 * Clock.Second));
    }

    [Fact]
    public void A_budget_of_nothing_never_allows_a_retry_and_says_so()
    {
        var budget = new RetryBudget(sharePerMille: 0, floorPerSecond: 0);
        Assert.False(budget.TryWithdraw(T0));
        Assert.Null(budget.WaitUntil(T0));
    }

    [Fact]
    public void A_clock_before_zero_is_a_clock()
    {
        var budget = new RetryBudget();
        Assert.Equal(100, Drain(budget, -5 * Clock.Second));
        Assert.Equal(0, Drain(budget, -1));
        Assert.Equal(100, Drain(budget, 6 * Clock.Second));
    }

    [Fact]
    public void No_retry_is_ever_allowed_above_the_budget_of_the_last_ten_seconds()
    {
        // Steps of up to 3 s, with requests and as many tries to retry as one likes.
        var steps = Gen.Choose(0, 3000).SelectMany(_ => Gen.Choose(0, 60), (pause, requests) => (pause, requests)).ListOf().ToArbitrary();
        Prop.ForAll(steps, list =>
        {
            var budget = new RetryBudget(200, 2);
            var now = T0;
            List<long> requests = [], retries = [];
            foreach (var (pause, count) in list)
            {
                now += pause * Clock.Millisecond;
                for (var i = 0; i < count; i++)
                {
                    budget.Deposit(now);
                    requests.Add(now);
                }
                if (budget.WaitUntil(now) is { } until && until > now)
                    Assert.False(budget.TryWithdraw(now));
                var before = retries.Count;
                while (budget.TryWithdraw(now))
                    retries.Add(now);
                // The slots look back at least 10 s for retries, and up to 11 s for requests.
                if (retries.Count > before)
                    Assert.True(retries.Count(t => t > now - 10 * Clock.Second) * 5 <= requests.Count(t => t > now - 11 * Clock.Second) + 100);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }
}
