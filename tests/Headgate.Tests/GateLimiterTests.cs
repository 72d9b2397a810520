using System.Threading.RateLimiting;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests;

public sealed class GateLimiterTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public void Taking_a_permit_allocates_nothing()
    {
        using var limiter = new GateLimiter(["1000000/s", "1000000000/h", "10000000 bucket 1000000/s"]);
        for (var times = 0; times < 5000; times++)
            limiter.AttemptAcquire().Dispose();
        // Of several rounds, since the logs of the windows grow now and then.
        Assert.Equal(0, Allocated.Least(() =>
        {
            for (var times = 0; times < 1000; times++)
                limiter.AttemptAcquire().Dispose();
            for (var times = 0; times < 1000; times++)
                limiter.TryAcquire();
        }));
    }

    [Fact]
    public void With_guaranteed_timing_a_permit_counts_from_the_end_of_its_lease()
    {
        using var limiter = Limiter(LimitTiming.Guaranteed, "1/s");
        var lease = limiter.AttemptAcquire();
        Pass(5000);
        Assert.False(limiter.TryAcquire());
        lease.Dispose();
        Pass(990);
        Assert.False(limiter.TryAcquire());
        Pass(20);
        Assert.True(limiter.TryAcquire());
    }

    [Fact]
    public async Task A_lease_nobody_ends_has_ended_after_the_longest_hold()
    {
        using var limiter = Limiter(LimitTiming.Guaranteed, "1/s", "100 tokens/s");
        await limiter.AcquireAsync(new GateRequest { Cost = Tokens(100) });
        var waits = limiter.AcquireAsync(new GateRequest { Cost = Tokens(1) });
        Pass(30_990);
        Assert.False(waits.IsCompleted);
        Pass(20);
        Assert.True((await waits).IsAcquired);
    }

    [Fact]
    public void With_bounded_timing_a_permit_counts_from_the_bound_at_the_latest()
    {
        using var limiter = new GateLimiter(["1/s"], new GateLimiterOptions { TimeProvider = _time, Timing = LimitTiming.Bounded, Bound = TimeSpan.FromMilliseconds(500) });
        var lease = limiter.AttemptAcquire();
        Pass(1490);
        Assert.False(limiter.TryAcquire());
        Pass(20);
        Assert.True(limiter.TryAcquire());
        lease.Dispose();
    }

    [Fact]
    public void A_limit_may_say_its_own_timing()
    {
        using var limiter = new GateLimiter(["5/s", "1/min timing=guaranteed"], new GateLimiterOptions { TimeProvider = _time });
        var lease = limiter.AttemptAcquire();
        Pass(20_000);
        lease.Dispose();
        Pass(45_000);
        Assert.False(limiter.TryAcquire());
        Pass(16_000);
        Assert.True(limiter.TryAcquire());
        Assert.Equal("1/min timing=guaranteed", limiter.Limits[1].ToString());
    }

    [Theory]
    [InlineData(LimitTiming.Guaranteed)]
    [InlineData(LimitTiming.Nominal)]
    public void What_is_returned_was_never_taken(LimitTiming timing)
    {
        using var limiter = Limiter(timing, "10 concurrent", "1000 tokens/min", timing == LimitTiming.Guaranteed ? "10/s" : "50/s");
        var lease = Take(limiter, new GateRequest { Permits = 8, Cost = Tokens(900) });
        Pass(10);
        Assert.False(limiter.TryTake(new GateRequest { Cost = Tokens(200) }));
        lease.Return();
        Assert.True(limiter.TryTake(new GateRequest { Permits = 10, Cost = Tokens(1000) }));
        lease.Dispose();
        lease.Commit(5000);
        Assert.False(limiter.TryTake(new GateRequest { Cost = Tokens(1) }));
    }

    [Fact]
    public void What_it_came_to_is_what_counts()
    {
        using var limiter = Limiter(LimitTiming.Nominal, "1000 tokens/min");
        var lease = Take(limiter, new GateRequest { Cost = Tokens(1000) });
        Assert.False(limiter.TryTake(new GateRequest { Cost = Tokens(1) }));
        lease.Commit(300);
        Assert.True(limiter.TryTake(new GateRequest { Cost = Tokens(700) }));
        Assert.False(limiter.TryTake(new GateRequest { Cost = Tokens(1) }));
    }

    [Fact]
    public async Task Who_has_little_time_may_wait_for_what_others_give_back()
    {
        using var limiter = Limiter(LimitTiming.Nominal, "1000 tokens/min");
        var lease = Take(limiter, new GateRequest { Cost = Tokens(1000) });
        var waits = limiter.AcquireAsync(new GateRequest { Cost = Tokens(500), Deadline = _time.GetUtcNow().AddSeconds(2) });
        var tooLate = limiter.AcquireAsync(new GateRequest { Cost = Tokens(900), Deadline = _time.GetUtcNow().AddSeconds(2) });
        Pass(1000);
        lease.Commit(300);
        Assert.True((await waits).IsAcquired);
        Pass(1000);
        Assert.False((await tooLate).IsAcquired);
    }

    [Fact]
    public async Task Who_has_no_time_to_wait_is_told_at_once_and_who_has_endless_time_waits()
    {
        using var limiter = Limiter(LimitTiming.Nominal, "1/s");
        Assert.True((await limiter.AcquireAsync(1, TimeSpan.Zero)).IsAcquired);
        Assert.False((await limiter.AcquireAsync(1, TimeSpan.Zero)).IsAcquired);
        var waits = limiter.AcquireAsync(1, TimeSpan.MaxValue);
        var waitsToo = limiter.AcquireAsync(new GateRequest { Deadline = DateTimeOffset.MaxValue });
        Assert.False((await limiter.AcquireAsync(new GateRequest { Deadline = DateTimeOffset.MinValue })).IsAcquired);
        Assert.Throws<ArgumentOutOfRangeException>(() => { limiter.AcquireAsync(1, TimeSpan.FromTicks(-1)); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { limiter.AcquireAsync(1, TimeSpan.MinValue); });
        Pass(1100);
        Assert.True((await waits).IsAcquired);
        Pass(1100);
        Assert.True((await waitsToo).IsAcquired);
    }

    [Fact]
    public async Task A_deadline_that_is_over_refuses_even_where_there_is_room()
    {
        using var limiter = Limiter(LimitTiming.Nominal, "1/s");
        Assert.False((await limiter.AcquireAsync(new GateRequest { Deadline = _time.GetUtcNow().AddMilliseconds(-1) })).IsAcquired);
        Assert.True((await limiter.AcquireAsync(new GateRequest { Deadline = _time.GetUtcNow().AddMilliseconds(1) })).IsAcquired);
    }

    [Fact]
    public void More_than_asked_for_becomes_debt()
    {
        using var limiter = Limiter(LimitTiming.Nominal, "100 bucket tokens 10/s".Replace("bucket tokens 10/s", "tokens/10s burst=100"));
        var lease = Take(limiter, new GateRequest { Cost = Tokens(50) });
        lease.Commit(new Dictionary<string, long> { ["tokens"] = 200 });
        Assert.InRange(limiter.EstimateAfter(Tokens(50)).TotalSeconds, 15, 15.1);
    }

    [Fact]
    public void Of_permits_too_fewer_may_have_been_used()
    {
        using var limiter = Limiter(LimitTiming.Guaranteed, "10/s");
        var lease = (GateLease)limiter.AttemptAcquire(10);
        lease.Commit(4);
        Assert.True(limiter.TryAcquire(6));
        Assert.False(limiter.TryAcquire());
    }

    [Fact]
    public void Several_units_are_committed_by_their_names()
    {
        using var limiter = Limiter(LimitTiming.Nominal, "100 tokens/min", "100 images/min");
        var lease = Take(limiter, new GateRequest { Cost = new Dictionary<string, long> { ["tokens"] = 90, ["images"] = 90 } });
        Assert.Throws<InvalidOperationException>(() => lease.Commit(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => lease.Commit(-1));
        lease.Commit(new Dictionary<string, long> { ["images"] = 10 });
        Assert.True(limiter.TryTake(new GateRequest { Cost = new Dictionary<string, long> { ["images"] = 90 } }));
        Assert.False(limiter.TryTake(new GateRequest { Cost = Tokens(20) }));
    }

    [Fact]
    public async Task Places_in_flight_pass_from_hand_to_hand()
    {
        using var limiter = Limiter(LimitTiming.Nominal, "2 concurrent");
        var first = await limiter.AcquireAsync();
        var second = await limiter.AcquireAsync();
        var third = limiter.AcquireAsync();
        Assert.False(third.IsCompleted);
        Assert.Null(limiter.EstimateWait());
        Assert.Throws<InvalidOperationException>(() => limiter.TryAcquire());
        first.Dispose();
        first.Dispose();
        Assert.True(third.IsCompleted);
        Assert.False(limiter.AttemptAcquire().IsAcquired);
        second.Dispose();
        Assert.True(limiter.AttemptAcquire().IsAcquired);
    }

    [Fact]
    public void What_was_given_up_may_arrive_later_unless_it_was_answered()
    {
        var options = new GateLimiterOptions { TimeProvider = _time, Timing = LimitTiming.Guaranteed, Straggle = TimeSpan.FromSeconds(2) };
        using var limiter = new GateLimiter(["1/s"], options);
        limiter.AttemptAcquire().Dispose();
        Pass(2900);
        Assert.False(limiter.AttemptAcquire().IsAcquired);
        Pass(200);
        var lease = (GateLease)limiter.AttemptAcquire();
        Assert.True(lease.IsAcquired);
        lease.Commit(1);
        Pass(1100);
        Assert.True(limiter.AttemptAcquire().IsAcquired);
    }

    [Fact]
    public async Task Waiting_ends_in_a_refusal_when_its_time_is_over()
    {
        using var limiter = Limiter(LimitTiming.Nominal, "1/s");
        limiter.TryAcquire();
        var hopeless = limiter.AcquireAsync(1, TimeSpan.FromMilliseconds(500));
        Assert.True(hopeless.IsCompleted);
        Assert.False((await hopeless).IsAcquired);
        var inTime = limiter.AcquireAsync(1, TimeSpan.FromMilliseconds(1500));
        // Who is ahead may give up, so this one may hope.
        var behind = limiter.AcquireAsync(1, TimeSpan.FromMilliseconds(1500));
        Assert.False(behind.IsCompleted);
        Pass(1499);
        Assert.True((await inTime).IsAcquired);
        Assert.False(behind.IsCompleted);
        Pass(1);
        var late = await behind;
        Assert.False(late.IsAcquired);
        Assert.True(late.TryGetMetadata(MetadataName.ReasonPhrase, out var reason));
        Assert.Contains("held by 1/s (limiter)", reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("5/s")]
    [InlineData("3 bucket 2/s")]
    [InlineData("7/s", "20/10s")]
    [InlineData("4/s spaced")]
    [InlineData("100/min counter")]
    public async Task The_estimate_is_how_long_it_will_be(params string[] limits)
    {
        using var limiter = Limiter(LimitTiming.Nominal, limits);
        var waits = new List<(ValueTask<RateLimitLease> Lease, TimeSpan Expected)>();
        for (var number = 0; number < 60; number++)
        {
            var expected = _time.Elapsed + limiter.EstimateWait()!.Value;
            waits.Add((limiter.AcquireAsync(), expected));
            if (number == 20)
                Pass(700);
        }
        foreach (var (lease, expected) in waits.Where(wait => !wait.Lease.IsCompleted).ToList())
        {
            while (!lease.IsCompleted)
                _time.AdvanceToNextTimer(TimeSpan.FromHours(1));
            Assert.True((await lease).IsAcquired);
            // With several limits one may have gone ahead of its time while another held; never the other way round.
            Assert.True(_time.Elapsed <= expected + TimeSpan.FromMicroseconds(1), $"{_time.Elapsed} is later than {expected}");
            if (limits.Length == 1)
                Assert.InRange(_time.Elapsed, expected - TimeSpan.FromMilliseconds(35), expected + TimeSpan.FromMicroseconds(1));
        }
    }

    [Fact]
    public void An_update_never_opens_a_window_again()
    {
        using var limiter = Limiter(LimitTiming.Nominal, "10/s");
        Assert.Equal(10, Burst(limiter));
        limiter.Update(["10/s"]);
        Assert.Equal(0, Burst(limiter));
        limiter.Update(["15/s"]);
        Assert.Equal(5, Burst(limiter));
        limiter.Update(["5/s"]);
        Pass(1100);
        Assert.Equal(5, Burst(limiter));
        Assert.Equal(["5/s"], limiter.Limits.Select(limit => limit.ToString()));
        Assert.Throws<FormatException>(() => limiter.Update(["5/parsec"]));
        Assert.Throws<ArgumentException>(() => limiter.Update([]));
        Assert.Equal("5/s", limiter.Limits[0].ToString());
    }

    [Fact]
    public async Task An_update_lets_those_go_who_wait_for_it()
    {
        using var limiter = Limiter(LimitTiming.Nominal, "1/h");
        limiter.TryAcquire();
        var waits = limiter.AcquireAsync();
        limiter.Update(["2/h"]);
        Assert.True(waits.IsCompleted);
        Assert.True((await waits).IsAcquired);
    }

    [Fact]
    public void Statistics_tell_what_was_asked_and_how_it_went()
    {
        using var limiter = Limiter(LimitTiming.Nominal, "2/s");
        Assert.Equal(1, limiter.Statistics.SuccessRate);
        limiter.TryAcquire();
        limiter.TryAcquire();
        limiter.TryAcquire();
        var waits = limiter.AcquireAsync();
        Pass(1100);
        limiter.AcquireAsync(2);
        Pass(900);
        var told = limiter.Statistics;
        Assert.Equal((4, 3, 1, 1, 1), (told.Total, told.Allowed, told.Refused, told.Waiting, told.Available));
        Assert.Equal(0.75, told.SuccessRate);
        Assert.Equal(1.5, told.ActualRate);
        Assert.InRange(told.TotalWait.TotalMilliseconds, 1001, 1002);
        Assert.Equal(told.TotalWait / 3, told.AverageWait);
        Assert.Equal((_time.GetUtcNow() - TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2)), (told.Since, told.Runtime));
        limiter.ResetStatistics();
        told = limiter.Statistics;
        Assert.Equal((0, 1, TimeSpan.Zero), (told.Total, told.Waiting, told.Runtime));
        Assert.True(waits.IsCompleted);
    }

    [Fact]
    public void Urgent_requests_go_first_and_tenants_share()
    {
        using var limiter = Limiter(LimitTiming.Nominal, "1 bucket 10/s");
        limiter.TryAcquire();
        var (low, a, b) = (Many(limiter, 20, new GateRequest { Priority = RequestPriority.Low }), Many(limiter, 20, new GateRequest { Tenant = "a" }), Many(limiter, 20, new GateRequest { Tenant = "b" }));
        var urgent = limiter.AcquireAsync(new GateRequest { Priority = RequestPriority.Critical });
        Pass(110);
        Assert.True(urgent.IsCompleted);
        Pass(1010);
        Assert.Equal((0, 5, 5), (Done(low), Done(a), Done(b)));
        Pass(5200);
        Assert.Equal((20, 20, 20), (Done(low), Done(a), Done(b)));
    }

    [Fact]
    public async Task A_deadline_is_a_time_of_the_clock()
    {
        using var limiter = Limiter(LimitTiming.Nominal, "1/s");
        limiter.TryAcquire();
        Assert.False((await limiter.AcquireAsync(new GateRequest { Deadline = _time.GetUtcNow() })).IsAcquired);
        var waits = limiter.AcquireAsync(new GateRequest { Deadline = _time.GetUtcNow().AddSeconds(2) });
        Pass(1100);
        Assert.True((await waits).IsAcquired);
        Assert.Throws<ArgumentOutOfRangeException>(() => { limiter.AcquireAsync(new GateRequest { Priority = (RequestPriority)9 }); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { limiter.AcquireAsync(new GateRequest { Permits = -1 }); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { limiter.AcquireAsync(new GateRequest { Permits = 2 }); });
    }

    private static Dictionary<string, long> Tokens(long count) => new() { ["tokens"] = count };

    private static int Burst(GateLimiter limiter)
    {
        var count = 0;
        while (limiter.TryAcquire())
            count++;
        return count;
    }

    private static List<ValueTask<GateLease>> Many(GateLimiter limiter, int count, GateRequest request) => [.. Enumerable.Range(0, count).Select(_ => limiter.AcquireAsync(request))];

    private static int Done(List<ValueTask<GateLease>> leases) => leases.Count(lease => lease.IsCompleted);

    private static GateLease Take(GateLimiter limiter, GateRequest request)
    {
        var lease = limiter.AcquireAsync(request);
        Assert.True(lease.IsCompleted);
        return lease.Result;
    }

    private void Pass(int milliseconds) => _time.Advance(TimeSpan.FromMilliseconds(milliseconds));

    private GateLimiter Limiter(LimitTiming timing, params string[] limits) => new(limits, new GateLimiterOptions { TimeProvider = _time, Timing = timing });
}

file static class Asking
{
    /// <summary>Whether a request could be taken at once; a lease that was taken is kept.</summary>
    public static bool TryTake(this GateLimiter limiter, GateRequest request)
    {
        using var gaveUp = new CancellationTokenSource();
        var lease = limiter.AcquireAsync(request, gaveUp.Token);
        if (lease.IsCompleted)
            return lease.Result.IsAcquired;
        gaveUp.Cancel();
        Assert.True(lease.IsCanceled);
        return false;
    }

    public static TimeSpan EstimateAfter(this GateLimiter limiter, Dictionary<string, long> cost)
    {
        var refused = limiter.AcquireAsync(new GateRequest { Cost = cost, Deadline = DateTimeOffset.UnixEpoch }).Result;
        Assert.True(refused.TryGetMetadata(MetadataName.RetryAfter, out var after));
        return after;
    }
}
