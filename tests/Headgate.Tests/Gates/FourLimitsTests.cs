using Headgate.Gates;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Gates;

/// <summary>The limits of a real API, from the second to the day, over more than two days of it.</summary>
public sealed class FourLimitsTests(ITestOutputHelper output)
{
    private const int Requests = 40_000;

    private static readonly string[] Limits = ["30/s", "400/min", "10000/h", "15000/day"];

    [Theory]
    [InlineData(LimitTiming.Nominal)]
    [InlineData(LimitTiming.Bounded)]
    [InlineData(LimitTiming.Guaranteed)]
    public void Forty_thousand_requests_keep_all_four_and_end_within_two_percent_of_what_they_permit(LimitTiming timing)
    {
        var random = new Random(7);
        var terms = timing == LimitTiming.Nominal ? ArrivalTerms.Nominal : new ArrivalTerms(timing, 250 * Clock.Millisecond, Clock.Second);
        var limits = Limits.Select(Limit.Parse).ToList();
        var gate = new Gate("api", [new Scope("api", limits, terms, new WallTime(0, 0, isKnown: true))]);
        var (scheduler, events, arrivals) = (new Scheduler(), new PriorityQueue<Action<long>, long>(), new List<long>());
        for (var count = 0; count < Requests; count++)
            scheduler.Enqueue(gate, new LaneKey(Cost.One, RequestPriority.Medium, null, null), 0, LimitState.Never);

        var (now, end) = (0L, 0L);
        while (true)
        {
            scheduler.Run(now);
            foreach (var permit in scheduler.TakeTold(new Told()).Granted)
            {
                var (sent, answered) = (now, now + random.NextInt64(60 * Clock.Millisecond));
                scheduler.Sent(permit, sent);
                arrivals.Add(timing == LimitTiming.Nominal ? sent : sent + random.NextInt64(answered - sent + 1));
                events.Enqueue(at =>
                {
                    scheduler.Answered(permit, at);
                    scheduler.Ended(permit, null, at);
                    end = at;
                }, answered);
            }
            if (Math.Min(scheduler.NextWake, events.TryPeek(out _, out var due) ? due : LimitState.Never) is var next && next == LimitState.Never)
                break;
            now = Math.Max(now, next);
            while (events.TryPeek(out var happens, out due) && due <= now)
            {
                events.Dequeue();
                happens(now);
            }
        }

        Assert.Equal(Requests, arrivals.Count);
        arrivals.Sort();
        foreach (var limit in limits)
            Assert.True(WorstWindow(arrivals, limit) <= limit.Amount, $"{WorstWindow(arrivals, limit)} within {limit}");
        var best = BestPossible(limits);
        output.WriteLine($"{timing}: {end / 1e9:#,0.0} s, best possible {best / 1e9:#,0.0} s, {(double)best / end:0.00%}");
        Assert.True(end <= 1.02 * best, $"{end / 1e9} s for {best / 1e9} s");
    }

    /// <summary>When the last could be sent if each were sent, arrived and answered the moment all four permit it: what came N before is a period and its guard ago.</summary>
    private static long BestPossible(List<Limit> limits)
    {
        var sent = new long[Requests];
        for (var count = 1; count < Requests; count++)
        {
            sent[count] = sent[count - 1];
            foreach (var limit in limits)
                if (count >= limit.Amount)
                    sent[count] = Math.Max(sent[count], sent[count - limit.Amount] + limit.Period.Ticks * 100 + Clock.Millisecond + limit.Period.Ticks / 100);
        }
        return sent[^1];
    }

    private static long WorstWindow(List<long> arrivals, Limit limit)
    {
        var (worst, first) = (0, 0);
        for (var last = 0; last < arrivals.Count; last++)
        {
            while (arrivals[first] <= arrivals[last] - limit.Period.Ticks * 100)
                first++;
            worst = Math.Max(worst, last - first + 1);
        }
        return worst;
    }
}
