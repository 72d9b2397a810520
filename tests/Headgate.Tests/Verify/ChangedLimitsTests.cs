using Headgate.App.Verify;
using Headgate.Configuration;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Tests.Ledgers;
using Headgate.Tests.Limits;
using Headgate.Time;
using static Headgate.Tests.ChangingEngine;

namespace Headgate.Tests.Verify;

/// <summary>What an engine sends whose limits become others again and again, the audit proves from its ledger.</summary>
[Collection(Threads.Alone)]
public sealed class ChangedLimitsTests
{
    private static readonly string[][] Sets =
    [
        [], ["20/s"], ["20/s timing=bounded"], ["40/10s timing=bounded:600ms"], ["50/s"], ["5/s"], ["100/10s"], ["20/s", "60/10s"], ["10 bucket 20/s"], ["30 bucket 5/s"], ["3 concurrent"], ["8 concurrent", "40/s"], ["30/s counter"],
        ["15/s spaced"], ["60/10s fixed"],
    ];

    [Theory]
    [InlineData(LimitTiming.Nominal)]
    [InlineData(LimitTiming.Bounded)]
    [InlineData(LimitTiming.Guaranteed)]
    public async Task No_limit_that_was_ever_in_force_is_exceeded(LimitTiming timing)
    {
        var seeds = int.TryParse(Environment.GetEnvironmentVariable("HEADGATE_CASES"), out var times) ? 4 * times : 4;
        for (var seed = 1; seed <= seeds; seed++)
            await LiveAsync(new Random(seed), timing, $"seed {seed}");
    }

    private static async Task LiveAsync(Random random, LimitTiming timing, string seed)
    {
        using var folder = new TempFolder();
        var (sent, sets) = await SendAsync(random, timing, folder);

        var timeline = TimelineReader.Read(folder["a.ledger"]);
        Assert.Equal(sent, timeline.Sent);
        Assert.True(sets.Count > 5);
        foreach (var found in LedgerAudit.Run(timeline).Where(found => found.Worst is not null))
            Assert.False(found.Worst!.IsBreach, $"{seed}, {found.Scope} {found.Limit}: {found.Worst}\n{string.Join('\n', sets)}");
    }

    private static async Task<(int Sent, List<string> Sets)> SendAsync(Random random, LimitTiming timing, TempFolder folder)
    {
        using var world = new ChangingEngine(Any(random, timing), folder["state"]);
        var header = LedgerScript.Header() with { Timing = timing.ToString().ToLowerInvariant(), Limits = new Dictionary<string, IReadOnlyList<string>>(), Straggle = TimeSpan.FromSeconds(2), Boot = MachineBoot.Id() };
        world.Engine.Journal.WriteTo(LedgerWriter.Create(folder["a.ledger"], header, world.Time));
        world.Engine.Journal.WriteLimits("total", world.Engine.Configuration.TotalLimits);
        var sets = new List<string>();
        var sent = new List<Task<string>>();
        for (var step = 0; step < 60; step++)
        {
            (world.Latency, world.Connect) = (TimeSpan.FromMilliseconds(random.Pick(0, 20, 100, 400)), TimeSpan.FromMilliseconds(random.Pick(0, 0, 5, 150)));
            sent.AddRange(await world.SendManyAsync("https://a.test/x/", random.Next(12)));
            sent.AddRange(await world.SendManyAsync("https://a.test/y/", random.Next(4)));
            sent.AddRange(await world.SendManyAsync(random.Pick("https://a.test/x/", "https://b.test/"), random.Next(4), queue: "bulk"));
            if (random.Chance(0.1))
                // A connection took long: requests may arrive later than was thought.
                foreach (var api in world.Engine.Upstreams.Take(1))
                    api.Learning.ChangeBound(terms => terms.Learn(random.Next(50, 400) * Clock.Millisecond));
            if (random.Chance(0.3))
            {
                var next = Any(random, timing);
                sets.Add($"{world.Time.Elapsed}: {next.TotalLimits} {next.Upstreams[0].Policy.Limits} {next.Upstreams[0].Routes.ElementAtOrDefault(0)?.Limits} bulk {next.Jobs.Queues.ElementAtOrDefault(0)?.Limits}");
                world.Engine.Change(next);
            }
            await Threads.PassUntilAsync(world.Time, Once(), milliseconds: random.Next(1, 400));
        }
        world.Engine.Change(ChangingEngine.Of(ChangingEngine.Of("a")));
        await world.EndAsync(sent);
        return (sent.Count, sets);
    }

    private static HeadgateConfiguration Any(Random random, LimitTiming timing)
    {
        var api = ChangingEngine.Of("a", random.Pick<string[]>(Sets));
        api = api with
        {
            Policy = api.Policy with { Timing = new TimingChoice(timing) },
            Routes = random.Chance(0.5) ? [] : [new RouteConfiguration("x", RoutePattern.TryParse("/x/**", out var match, out _) ? match : RoutePattern.All, [], List(random.Pick<string[]>(Sets)))],
        };
        var jobs = JobsConfiguration.Default with { Queues = random.Chance(0.3) ? [] : [new NamedQueue("bulk") { Limits = List(random.Pick<string[]>(Sets)) }] };
        return ChangingEngine.Of(api) with { Jobs = jobs, TotalLimits = random.Chance(0.5) ? [] : List(random.Pick<string[]>(Sets)), Defaults = Policy() with { Timing = new TimingChoice(timing) } };
    }

    private static Func<bool> Once()
    {
        var looks = 0;
        return () => looks++ > 0;
    }
}
