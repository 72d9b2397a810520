using System.Text;
using Headgate.Quotas;
using Headgate.Tests.Limits;
using Headgate.Time;

namespace Headgate.Tests.Quotas;

/// <summary>Whatever a server sends: nothing throws, nothing hangs, nothing leaves its range. <c>HEADGATE_TEST_LONG=1</c> gives each a minute.</summary>
public sealed class RandomTextTests
{
    private static readonly string[] Times =
    [
        "30", "1.470", "6m0s", "1h2m3.5s", "12ms", "1795831260", "1795831260000", "2026-11-28T02:01:00.5+01:00", "2026-11-28T02:01Z", "Sat, 28 Nov 2026 02:01:00 GMT",
        "Saturday, 28-Nov-26 02:01:00 GMT", "Sat Nov 28 02:01:00 2026", "Sat Nov 28 2026 03:01:00 GMT+0100 (Central European Standard Time)", "9999-12-31T23:59:60-23:59", "0001-01-01T00:00:00+23:59", "99999999999999999999",
    ];

    private static readonly string[] Fields =
    [
        "\"burst\";q=100;w=60,\"daily\";q=1000;w=86400", "\"default\";r=50;t=30", "10;w=1, 50;w=60", "limit=10, remaining=10, reset=4", "100, 100;w=10", "32/40", "api-usage=18/5000",
        "Microsoft.Compute/GetVM3Min;197,Microsoft.Compute/GetVM30Min;1297", "a;q=1;pk=:AbC=:;x=?1;y=-2.5", "598.0", "-1",
    ];

    private static readonly string[] Bodies =
    [
        """{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"3.5s"}]}}""", """{"message":"try again in 3 minutes","retry_after":64.57,"global":true}""",
        """{"errors":[{"extensions":{"code":"THROTTLED"}}],"extensions":{"cost":{"requestedQueryCost":202,"actualQueryCost":46,"throttleStatus":{"maximumAvailable":1000.0,"currentlyAvailable":2,"restoreRate":50.0}}}}""",
        "<Error><Code>SlowDown</Code></Error>", """{"__type":"a#ThrottlingException","message":"a secondary rate limit"}""",
    ];

    [Fact]
    public void Times_and_counts_are_in_their_range_and_allocate_nothing() => Fuzzing.ForAWhile(random =>
    {
        var text = Fuzzing.Mutate(random, random.Pick(Times));
        var date = random.Pick(Answers.Now, DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var time = ResetTime.TryRead(text, random.Pick(TimeSpan.TicksPerSecond, TimeSpan.TicksPerMillisecond), date);
        var length = ResetTime.TryReadLength(text, TimeSpan.TicksPerSecond);
        var (count, first, share) = (CountText.Read(text), CountText.ReadFirst(text, out var window), CountText.ReadShare(text));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 20_000, "allocates");
        Assert.InRange(time?.In ?? TimeSpan.Zero, TimeSpan.Zero, Duration.Longest);
        Assert.InRange(length ?? TimeSpan.FromTicks(1), TimeSpan.FromTicks(1), Duration.Longest);
        Assert.InRange(window ?? TimeSpan.FromTicks(1), TimeSpan.FromTicks(1), TimeSpan.FromDays(366));
        foreach (var number in (long?[])[count, first, share?.Used, share?.Limit])
            Assert.InRange(number ?? 0, 0, CountText.Most);
    });

    [Fact]
    public void Lists_are_read_to_their_end_or_not_at_all() => Fuzzing.ForAWhile(random =>
    {
        var text = Fuzzing.Mutate(random, random.Pick(Fields));
        var (items, isWellFormed) = (0, StructuredList.IsWellFormed(text));
        var list = new StructuredList(text);
        while (list.NextItem(out _) && items <= text.Length)
            items++;
        Assert.True(items <= text.Length && (!isWellFormed || items > 0), "runs on");
        var quotas = new List<Quota>();
        PolicyText.Read(text, Fuzzing.Mutate(random, random.Pick(Fields)), quotas);
        CheckAll(quotas);
    });

    [Fact]
    public void Headers_of_any_kind_make_a_report() => Fuzzing.ForAWhile(random =>
    {
        var answer = new HttpResponseMessage();
        var size = 0;
        for (var number = random.Next(1, 8); number > 0; number--)
        {
            var value = Fuzzing.Mutate(random, random.Pick(random.Pick(Times), random.Pick(Fields)));
            size += value.Length;
            answer.Headers.TryAddWithoutValidation(random.Pick(HeaderNames), value);
        }
        // The first one makes the tables, whatever it reads.
        var before = GC.GetAllocatedBytesForCurrentThread();
        var report = QuotaReader.Read(random.Pick(200, 403, 429, 503), answer.Headers, random.Pick(Answers.Now, DateTimeOffset.MinValue, DateTimeOffset.MaxValue));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000 + 100 * size);
        CheckAll(report.Quotas);
        Assert.InRange(report.Pause ?? TimeSpan.Zero, TimeSpan.Zero, Duration.Longest);
        Learn(random, report.Quotas);
    });

    [Fact]
    public void Bodies_of_any_kind_make_a_report() => Fuzzing.ForAWhile(random =>
    {
        var body = random.Chance(0.1) ? new byte[random.Next(300)] : Encoding.UTF8.GetBytes(Fuzzing.Mutate(random, random.Pick(Bodies)));
        if (random.Chance(0.2))
            random.NextBytes(body);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var report = QuotaBody.Read(body, random.Pick(200, 400, 403, 429, 503), QuotaReport.None);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000 + 10 * body.Length);
        CheckAll(report.Quotas);
        Assert.InRange(report.Pause ?? TimeSpan.Zero, TimeSpan.Zero, Duration.Longest);
        Learn(random, report.Quotas);
    });

    private static readonly string[] HeaderNames =
    [
        "Retry-After", "retry-after-ms", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-used", "x-ratelimit-next", "x-ratelimit-bucket", "RateLimit", "RateLimit-Policy", "RateLimit-Limit",
        "RateLimit-Remaining", "RateLimit-Reset", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens", "x-rate-limit-limit", "x-rate-limit-reset", "X-Shopify-Shop-Api-Call-Limit", "Sforce-Limit-Info",
        "x-ms-ratelimit-remaining-resource", "X-HubSpot-RateLimit-Max", "X-HubSpot-RateLimit-Interval-Milliseconds", "Stripe-Rate-Limited-Reason", "anthropic-ratelimit-unified-reset", "Age", "Date",
    ];

    /// <summary>Whatever is read can be learned from.</summary>
    private static void Learn(Random random, IReadOnlyList<Quota> quotas)
    {
        var model = new QuotaModel();
        foreach (var quota in quotas)
        {
            var at = random.NextInt64(1_000_000 * Clock.Second);
            model.Learn(quota, at, at + Clock.Second);
            model.Refused(quota, quota.ResetsIn, at + 2 * Clock.Second, at + 3 * Clock.Second);
            Assert.True(model.Foreign(quota, 0) >= 0);
            if (model.Limit is { } limit)
                Assert.True(limit.Amount is >= 1 and <= CountText.Most && limit.Period <= TimeSpan.FromDays(366), limit.ToString());
        }
    }

    private static void CheckAll(IReadOnlyList<Quota> quotas)
    {
        foreach (var quota in quotas)
            Assert.True(quota is { Limit: null or (>= 0 and <= CountText.Most), Remaining: null or (>= 0 and <= CountText.Most) } && quota.ResetsIn is null or { Ticks: >= 0 } && quota.Window is null or { Ticks: > 0 }, quota.ToString());
    }
}
