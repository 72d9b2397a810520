using Headgate.Configuration;
using Headgate.Tests.Ledgers;
using static Headgate.Tests.ChangingEngine;

namespace Headgate.Tests;

/// <summary>Named queues have limits of their own.</summary>
[Collection(Threads.Alone)]
public sealed class QueueScopesTests
{
    [Fact]
    public async Task A_queue_is_kept_to_its_limits_whatever_APIs_its_jobs_go_to_and_nobody_else_is()
    {
        using var world = new ChangingEngine(With("3/10min"));
        var all = await world.SendManyAsync("https://a.test/", 2, queue: "bulk");
        all.AddRange(await world.SendManyAsync("https://b.test/", 2, queue: "bulk"));
        Assert.Equal((3, 1), (world.Arrivals.Count, world.Waiting));

        all.AddRange(await world.SendManyAsync("https://b.test/", 5));
        all.AddRange(await world.SendManyAsync("https://b.test/", 5, queue: "other"));
        Assert.Equal((13, 1), (world.Arrivals.Count, world.Waiting));
        await world.EndAsync(all);
    }

    [Fact]
    public async Task The_limits_of_the_API_and_of_the_queue_hold_both()
    {
        using var world = new ChangingEngine(With("5/10min") with { Upstreams = [Of("a", "4/10min"), Of("b")] });
        var all = await world.SendManyAsync("https://a.test/", 6, queue: "bulk");
        Assert.Equal(4, world.Arrivals.Count);
        all.AddRange(await world.SendManyAsync("https://b.test/", 3, queue: "bulk"));
        Assert.Equal((5, 4), (world.Arrivals.Count, world.Waiting));
        await world.EndAsync(all);
    }

    [Fact]
    public async Task Limits_that_come_on_the_way_count_what_is_under_way_and_hold_who_waits_already()
    {
        using var world = new ChangingEngine(With() with { Upstreams = [Of("a", "2 concurrent"), Of("b")] });
        world.Latency = TimeSpan.FromMinutes(1);
        var all = await world.SendManyAsync("https://a.test/", 6, queue: "bulk");
        Assert.Equal((2, 4), (world.Arrivals.Count, world.Waiting));

        world.Engine.Change(With("3/h") with { Upstreams = [Of("a", "10 concurrent"), Of("b")] });
        // Those who waited come to other gates, each by itself.
        await FakeApi.Until(() => (world.Arrivals.Count, world.Waiting) == (3, 3));
        world.Engine.Change(With("5/h") with { Upstreams = [Of("a", "10 concurrent"), Of("b")] });
        await FakeApi.Until(() => world.Arrivals.Count == 5);
        Assert.Equal(1, world.Waiting);

        // A queue that is not configured any more has no limits.
        world.Engine.Change(Of(Of("a"), Of("b")));
        await world.EndAsync(all);
        Assert.Equal(6, world.Arrivals.Count);
    }

    [Fact]
    public async Task What_was_sent_before_a_restart_counts()
    {
        using var folder = new TempFolder();
        using (var world = new ChangingEngine(With("3/10min"), folder.Path))
            await world.EndAsync(await world.SendManyAsync("https://a.test/", 2, queue: "bulk"));
        using var next = new ChangingEngine(With("3/10min"), folder.Path);
        var all = await next.SendManyAsync("https://b.test/", 2, queue: "bulk");
        Assert.Equal((1, 1), (next.Arrivals.Count, next.Waiting));
        await next.EndAsync(all);
    }

    [Fact]
    public async Task A_refusal_by_the_API_is_not_taken_for_one_of_the_queue()
    {
        using var world = new ChangingEngine(With("50/s"));
        world.Status = 429;
        var all = await world.SendManyAsync("https://a.test/", 1, queue: "bulk");
        all.AddRange(await world.SendManyAsync("https://b.test/", 1, queue: "bulk"));
        Assert.Equal(2, world.Arrivals.Count);
        world.Status = 200;
        await world.EndAsync(all);
    }

    private static HeadgateConfiguration With(params string[] limits) =>
        Of(Of("a"), Of("b")) with { Jobs = JobsConfiguration.Default with { Queues = [new NamedQueue("bulk") { Limits = List(limits) }] } };
}
