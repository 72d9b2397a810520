using System.Globalization;

namespace Headgate.Benchmarks;

/// <summary>10,000 requests in flight at once to an origin that takes 50 ms: each way in a process of its own, in turn.</summary>
internal static class InFlight
{
    public static async Task RunAsync(Session session)
    {
        var (atOnce, requests, rounds) = (session.Either(10_000, 2_000), session.Either(50_000, 6_000), session.Either(3, 1));
        using var origin = await OriginProcess.StartAsync(TimeSpan.FromMilliseconds(50));
        List<FloodResult> bare = [], ours = [];
        for (var round = 0; round < rounds; round++)
        {
            bare.Add(await Flood.StartAsync("bare", origin.Uri, atOnce, requests));
            ours.Add(await Flood.StartAsync("headgate", origin.Uri, atOnce, requests));
        }
        var answered = ours.Min(round => round.Answered);
        var (mine, theirs) = (Round.Middle(ours.Select(round => round.Peak)), Round.Middle(bare.Select(round => round.Peak)));
        var it = session.Report;
        it.Hold($"{requests:#,0} requests, {atOnce:#,0} in flight at once: answered", string.Create(CultureInfo.InvariantCulture, $"{answered:#,0}"), "all", answered == requests);
        it.Hold("peak memory, more than HttpClient", string.Create(CultureInfo.InvariantCulture, $"{(mine / theirs - 1) * 100:+0;-0} %"), "≤ +20 %", mine <= theirs * 1.2);
        Tell("Headgate", ours);
        Tell("HttpClient", bare);

        void Tell(string name, List<FloodResult> rounds) => it.Add($"{name}: peak memory, most in flight, requests a second", string.Create(CultureInfo.InvariantCulture,
            $"{Round.Middle(rounds.Select(round => round.Peak)) / 1e6:0} MB, {rounds.Min(round => round.MostInFlight):#,0}, {Round.Middle(rounds.Select(round => round.PerSecond)):#,0}/s"));
    }
}
