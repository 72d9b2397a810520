using Headgate.Tests.Limits;
using Headgate.Time;

namespace Headgate.Tests.Quotas;

/// <summary>Servers that nobody told us the limit of, in every style of telling: found out at once, kept ever after, and used.</summary>
public sealed class LearningTests
{
    public static TheoryData<string, string> All => [.. from style in Enum.GetNames<Style>() from kind in (string[])["fixed", "sliding", "bucket"] select (style, kind)];

    [Theory, MemberData(nameof(All))]
    public void A_hundred_a_second_is_learned_kept_and_used(string style, string kind) => Cases.Run(8, random => Holds(random, style, kind, 100, 1, windows: 20));

    [Theory, MemberData(nameof(All))]
    public void Two_hundred_in_ten_seconds_are_learned_kept_and_used(string style, string kind) => Cases.Run(6, random => Holds(random, style, kind, 200, 10, windows: 12));

    [Theory, MemberData(nameof(All))]
    public void Five_hundred_a_minute_are_learned_kept_and_used(string style, string kind) => Cases.Run(3, random => Holds(random, style, kind, 500, 60, windows: 12));

    [Theory, MemberData(nameof(All))]
    public void Five_thousand_an_hour_are_learned_kept_and_used(string style, string kind) => Cases.Run(1, random => Holds(random, style, kind, 5000, 3600, windows: 11));

    [Theory, MemberData(nameof(All))]
    public void A_limit_that_is_halved_on_the_way_is_halved_at_once(string style, string kind) => Cases.Run(3, random =>
    {
        foreach (var (amount, seconds) in ((long, long)[])[(100, 1), (500, 60)])
        {
            var (client, server, period) = Begin(random, style, kind, amount, seconds);
            var halved = client.Start + 4 * period + random.NextInt64(period);
            client.At(halved, () => server.Amount = amount / 2);
            client.Run(halved);
            var before = client.Refusals.Count;
            client.Run(halved + 12 * period);
            Assert.Equal(amount / 2, client.Learned!.Amount);
            // Those that went before the first answer told: at most what is in flight.
            Assert.InRange(client.Refusals.Count - before, 0, 100);
            Assert.DoesNotContain(client.Refusals, at => at > halved + 3 * period);
        }
    });

    [Theory, MemberData(nameof(All))]
    public void What_others_use_with_the_same_key_is_left_to_them(string style, string kind) => Cases.Run(3, random =>
    {
        var (client, _, period) = Begin(random, style, kind, 500, 60);
        for (var at = client.Start; at < client.Start + 12 * period; at += random.NextInt64(2 * period / 100))
            client.At(at, client.OtherUse);
        client.Run(client.Start + 12 * period);
        // Others take a fifth, at any time; of a burst of ours at most what is in flight meets that, and each pause is as long as the server says.
        Assert.True(client.Refusals.Count <= 12 * 45 && client.Accepted + client.Others >= 12 * 500 * 6 / 10, $"{client.Refusals.Count} refused, {client.Accepted} accepted and {client.Others} by others; {client.Learned}");
    });

    private static (LearningClient Client, QuotaServer Server, long Period) Begin(Random random, string style, string kind, long amount, long seconds)
    {
        var period = seconds * Clock.Second;
        QuotaServer server = kind switch { "fixed" => new FixedQuotaServer(amount, period), "sliding" => new SlidingQuotaServer(amount, period), _ => new BucketQuotaServer(amount, period) };
        return (new LearningClient(random, server, Enum.Parse<Style>(style)), server, period);
    }

    private static void Holds(Random random, string style, string kind, long amount, long seconds, int windows)
    {
        var (client, _, period) = Begin(random, style, kind, amount, seconds);
        client.Run(client.Start + windows * period);
        var late = client.Refusals.Count(at => at > client.Start + 2 * period);
        Assert.True(client.Refusals.Count <= 3 && late == 0, $"{client.Refusals.Count} refused, {late} of them late; learned {client.Learned}");
        Assert.True(client.Accepted >= windows * amount * 9 / 10, $"{client.Accepted} of {windows * amount}; learned {client.Learned}");
    }
}
