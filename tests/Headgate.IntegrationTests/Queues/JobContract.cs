using System.Text;
using Headgate.Jobs;
using Headgate.Queues;
using Headgate.Time;

namespace Headgate.IntegrationTests.Queues;

/// <summary>What every store and queue of jobs keeps to.</summary>
public abstract class JobContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Start = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>A clock that the queue goes by.</summary>
    private protected VirtualTime Time { get; } = new(Start);

    private protected IJobStore Store { get; private set; } = null!;

    private protected IJobQueue Queue { get; private set; } = null!;

    /// <summary>Opens both; again after <see cref="CloseAsync"/>, where anything outlives that.</summary>
    private protected abstract (IJobStore Store, IJobQueue Queue) Open();

    private protected abstract ValueTask CloseAsync();

    public ValueTask InitializeAsync()
    {
        (Store, Queue) = Open();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    private protected async Task ReopenAsync()
    {
        await CloseAsync();
        (Store, Queue) = Open();
    }

    private protected static StoredJob Job(string id, string url = "http://a.example/x", string? tenant = null) => new(id, new JobRequest(url) { Tenant = tenant }, Start);

    private static JobEnd End(string id, JobStatus status = JobStatus.Completed, string record = "{}") => new(id, status, Start.AddSeconds(1), Encoding.UTF8.GetBytes(record));

    private protected static QueuedJob At(string id, string lane = "lane", double due = 0) => new(id, lane, Start.AddSeconds(due));

    private protected async Task<string[]> LeaseAsync(string lane = "lane", int most = 10) => [.. (await Queue.LeaseAsync(lane, most)).Leases.Select(lease => lease.Id)];

    [Fact]
    public async Task A_job_comes_back_as_it_was_accepted()
    {
        var request = new JobRequest("https://a.example/ü?x=1")
        {
            Id = "mine",
            Method = "POST",
            Body = "\0ÿ"u8.ToArray(),
            Priority = RequestPriority.Low,
            Tenant = "t",
            Tags = ["a", "b"],
            NotBefore = TimeSpan.FromSeconds(3),
            Deadline = Start.AddHours(1),
            Timeout = TimeSpan.FromMilliseconds(1500),
            IdempotencyKey = "k",
        };
        request.Headers.Add("X-Twice", "1");
        request.Headers.Add("X-Twice", "2");

        Assert.Equal([true], await Store.AddAsync([new StoredJob("j", request, Start)]));

        var found = (await Store.FindAsync(["j"]))[0]!;
        Assert.Equal(("j", Start, (JobEnd?)null), (found.Id, found.CreatedAt, found.End));
        Assert.Equal(
            (request.Id, request.Url, request.Method, request.Priority, request.Tenant, request.NotBefore, request.Deadline, request.Timeout, request.IdempotencyKey),
            (found.Request.Id, found.Request.Url, found.Request.Method, found.Request.Priority, found.Request.Tenant, found.Request.NotBefore, found.Request.Deadline, found.Request.Timeout, found.Request.IdempotencyKey));
        Assert.Equal(request.Body!.Value.ToArray(), found.Request.Body!.Value.ToArray());
        Assert.Equal(request.Tags, found.Request.Tags);
        Assert.Equal(["1", "2"], found.Request.Headers.Where(header => header.Key == "X-Twice").Select(header => header.Value));
    }

    [Fact]
    public async Task An_id_is_taken_once()
    {
        await Store.AddAsync([Job("a", "http://a.example/1")]);

        Assert.Equal([false, true, false], await Store.AddAsync([Job("a", "http://a.example/2"), Job("b"), Job("b")]));

        Assert.Equal("http://a.example/1", (await Store.FindAsync(["a"]))[0]!.Request.Url);
    }

    [Fact]
    public async Task A_job_has_one_end()
    {
        await Store.AddAsync([Job("a")]);

        Assert.True(await Store.EndAsync(End("a", JobStatus.Completed, """{"n":1}""")));
        Assert.False(await Store.EndAsync(End("a", JobStatus.Failed, """{"n":2}""")));
        Assert.False(await Store.EndAsync(End("nobody")));

        var end = (await Store.FindAsync(["a"]))[0]!.End!;
        Assert.Equal((JobStatus.Completed, Start.AddSeconds(1), """{"n":1}"""), (end.Status, end.At, Encoding.UTF8.GetString(end.Record.Span)));
    }

    [Fact]
    public async Task Of_many_who_end_a_job_at_once_one_does()
    {
        await Store.AddAsync([Job("a")]);

        var ends = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => Store.EndAsync(End("a")))));

        Assert.Single(ends, first => first);
    }

    [Fact]
    public async Task Jobs_are_found_in_the_order_of_the_ids()
    {
        await Store.AddAsync([Job("a"), Job("b")]);

        Assert.Equal(["b", null, "a", "b"], (await Store.FindAsync(["b", "c", "a", "b"])).Select(job => job?.Id));
        Assert.Empty(await Store.FindAsync([]));
    }

    [Fact]
    public async Task Open_is_what_is_known_and_has_not_ended()
    {
        await Store.AddAsync([Job("a"), Job("b")]);
        await Store.EndAsync(End("a"));

        Assert.Equal([true, false, false, true], await Store.AreOpenAsync(["b", "a", "c", "b"]));
        Assert.Empty(await Store.AreOpenAsync([]));
    }

    [Fact]
    public async Task Jobs_are_looked_for_page_by_page()
    {
        await Store.AddAsync([.. Enumerable.Range(0, 10).Select(n => Job($"j{n}"))]);
        foreach (var n in (int[])[1, 3, 5, 7])
            await Store.EndAsync(End($"j{n}", n < 5 ? JobStatus.Completed : JobStatus.Failed));

        Assert.Equal(["j0", "j2", "j4", "j6", "j8", "j9"], await AllAsync(new JobSearch { HasEnded = false, Limit = 2 }));
        Assert.Equal(["j1", "j3", "j5", "j7"], await AllAsync(new JobSearch { HasEnded = true, Limit = 3 }));
        Assert.Equal(["j5", "j7"], await AllAsync(new JobSearch { Status = JobStatus.Failed, Limit = 1 }));
        Assert.Equal(10, (await AllAsync(new JobSearch { Limit = 4 })).Count);
        Assert.Equal(6, (await Store.CountAsync(new JobSearch())).Open);
        Assert.Equal(["j7", "j5", "j3", "j1"], await AllAsync(new JobSearch { HasEnded = true, IsNewestFirst = true, Limit = 3 }));
        Assert.Equal(["j9", "j8", "j7", "j6", "j5", "j4", "j3", "j2", "j1", "j0"], await AllAsync(new JobSearch { IsNewestFirst = true, Limit = 4 }));
        foreach (var isNewestFirst in (bool[])[true, false])
            Assert.Empty((await Store.SearchAsync(new JobSearch { IsNewestFirst = isNewestFirst, After = isNewestFirst ? 1 : long.MaxValue })).Jobs);
    }

    [Fact]
    public async Task Jobs_of_one_tenant_are_looked_for_apart_from_those_of_others()
    {
        await Store.AddAsync([.. Enumerable.Range(0, 12).Select(n => Job($"j{n}", tenant: (n % 3) switch { 0 => null, 1 => "a", _ => "b" }))]);
        foreach (var n in (int[])[1, 2, 4])
            await Store.EndAsync(End($"j{n}"));

        Assert.Equal(["j1", "j4", "j7", "j10"], await AllAsync(new JobSearch { Tenant = "a", Limit = 3 }));
        Assert.Equal(["j1", "j4"], await AllAsync(new JobSearch { Tenant = "a", HasEnded = true, Limit = 1 }));
        Assert.Equal(["j7", "j10"], await AllAsync(new JobSearch { Tenant = "a", HasEnded = false }));
        Assert.Equal(["j2"], await AllAsync(new JobSearch { Tenant = "b", Status = JobStatus.Completed }));
        Assert.Empty(await AllAsync(new JobSearch { Tenant = "c" }));
        Assert.Equal(12, (await AllAsync(new JobSearch())).Count);
    }

    [Fact]
    public async Task What_ended_long_ago_is_forgotten_and_nothing_else()
    {
        await Store.AddAsync([Job("old"), Job("older"), Job("new"), Job("open")]);
        foreach (var (id, seconds) in ((string, int)[])[("old", 1), ("older", 2), ("new", 100)])
            await Store.EndAsync(End(id) with { At = Start.AddSeconds(seconds) });

        Assert.Equal(1, await Store.ForgetAsync(Start.AddSeconds(50), long.MaxValue, 1));
        Assert.Equal(1, await Store.ForgetAsync(Start.AddSeconds(50), long.MaxValue, 10));
        Assert.Equal(0, await Store.ForgetAsync(Start.AddSeconds(50), long.MaxValue, 10));

        Assert.Equal([null, null, "new", "open"], (await Store.FindAsync(["old", "older", "new", "open"])).Select(job => job?.Id));
    }

    [Fact]
    public async Task Jobs_are_looked_for_and_counted_by_all_that_is_known_of_them()
    {
        await Store.AddAsync(
        [
            Job("ok") with { Api = "a", Queue = "bulk", Batch = "b1" },
            new StoredJob("client", new JobRequest("http://b.example/it's?q=\"") { Tenant = "t'1", Tags = ["x", "y"] }, Start.AddSeconds(5)) { Api = "b", Batch = "b1" },
            Job("dead") with { Api = "a" },
            Job("late") with { Api = "a" },
            Job("open") with { Api = "a", Batch = "b1" },
        ]);
        await Store.EndAsync(End("ok"));
        await Store.EndAsync(End("client") with { Class = FailureClass.Client });
        await Store.EndAsync(End("dead", JobStatus.Failed) with { Class = FailureClass.Network });
        await Store.EndAsync(End("late", JobStatus.Timeout) with { Class = FailureClass.Deadline });

        await FoundAsync(new JobSearch { IsOk = true }, "ok");
        await FoundAsync(new JobSearch { IsOk = false }, "client", "dead", "late");
        await FoundAsync(new JobSearch { IsDead = true }, "dead", "late");
        await FoundAsync(new JobSearch { Class = FailureClass.Network }, "dead");
        await FoundAsync(new JobSearch { Api = "b" }, "client");
        await FoundAsync(new JobSearch { Queue = "bulk" }, "ok");
        await FoundAsync(new JobSearch { Queue = "default", HasEnded = false }, "open");
        await FoundAsync(new JobSearch { Tenant = "t'1" }, "client");
        await FoundAsync(new JobSearch { Tag = "y" }, "client");
        await FoundAsync(new JobSearch { Tag = "z" });
        await FoundAsync(new JobSearch { Batch = "b1", HasEnded = true }, "ok", "client");
        await FoundAsync(new JobSearch { Url = "it's?q=\"" }, "client");
        await FoundAsync(new JobSearch { Since = Start.AddSeconds(1) }, "client");
        await FoundAsync(new JobSearch { Until = Start.AddSeconds(1), Api = "a", Status = JobStatus.Completed }, "ok");
        await FoundAsync(new JobSearch { Before = "dead" }, "ok", "client");
        await FoundAsync(new JobSearch { Before = "open", HasEnded = false });
        await FoundAsync(new JobSearch { Before = "nobody" });
        Assert.Equal(new JobTally(Open: 1, Ok: 1, Completed: 2, Failed: 1, Timeout: 1, Cancelled: 0), await Store.CountAsync(new JobSearch()));
        Assert.Equal(new JobTally(Open: 1, Ok: 1, Completed: 2, Failed: 0, Timeout: 0, Cancelled: 0), await Store.CountAsync(new JobSearch { Batch = "b1" }));

        async Task FoundAsync(JobSearch search, params string[] ids)
        {
            Assert.Equal(ids, (await Store.SearchAsync(search)).Jobs.Select(job => job.Id));
            Assert.Equal(ids.Length, (await Store.CountAsync(search)).All);
            foreach (var job in await Store.FindAsync(ids))
                Assert.True(search.Fits(job!));
        }
    }

    [Fact]
    public async Task A_job_that_has_ended_is_replaced_once()
    {
        await Store.AddAsync([Job("a"), Job("open")]);
        await Store.EndAsync(End("a", JobStatus.Failed));

        Assert.Equal([true, false, false, false], await Store.AddAsync(
            [Job("a2") with { Replaces = "a" }, Job("a3") with { Replaces = "a" }, Job("o2") with { Replaces = "open" }, Job("n") with { Replaces = "nobody" }]));

        Assert.Equal(["a2", null, null, null], (await Store.FindAsync(["a2", "a3", "o2", "n"])).Select(job => job?.Id));
        Assert.Equal(("a2", "a"), ((await Store.FindAsync(["a"]))[0]!.ReplacedBy, (await Store.FindAsync(["a2"]))[0]!.Replaces));
        Assert.Empty((await Store.SearchAsync(new JobSearch { IsDead = true })).Jobs);
    }

    [Fact]
    public async Task What_follows_from_an_end_is_kept_with_the_first_end_only()
    {
        await Store.AddAsync([Job("a")]);

        Assert.True(await Store.EndAsync(End("a") with { Then = Job("then") }));
        Assert.False(await Store.EndAsync(End("a") with { Then = Job("else") }));

        Assert.Equal(["then", null], (await Store.FindAsync(["then", "else"])).Select(job => job?.Id));
    }

    [Fact]
    public async Task Open_jobs_are_found_by_when_their_time_is_over()
    {
        await Store.AddAsync(
        [
            Job("never"), Job("late") with { Expires = Start.AddSeconds(30) }, Job("soon") with { Expires = Start.AddSeconds(10) }, Job("ended") with { Expires = Start.AddSeconds(5) }, Job("mid") with { Expires = Start.AddSeconds(20) },
        ]);
        await Store.EndAsync(End("ended"));

        Assert.Equal(["soon", "mid"], (await Store.FindExpiringAsync(0, 2)).Select(job => job.Id));
        Assert.Equal(["mid", "late"], (await Store.FindExpiringAsync(1, 5)).Select(job => job.Id));
        Assert.Equal(Start.AddSeconds(10), (await Store.FindExpiringAsync(0, 1))[0].Expires);
    }

    [Fact]
    public async Task Only_jobs_that_have_ended_are_deleted()
    {
        await Store.AddAsync([Job("a"), Job("open")]);
        await Store.EndAsync(End("a"));

        Assert.Equal(1, await Store.DeleteAsync(["a", "open", "nobody", "a"]));

        Assert.Equal([null, "open"], (await Store.FindAsync(["a", "open"])).Select(job => job?.Id));
    }

    [Fact]
    public async Task Of_what_is_larger_together_than_it_may_be_the_oldest_is_forgotten_and_nothing_that_has_not_ended()
    {
        await Store.AddAsync([.. Enumerable.Range(0, 8).Select(n => Job($"j{n}")), new StoredJob("open", new JobRequest("http://a.example/") { Method = "POST", Body = new byte[500_000] }, Start)]);
        // They end in another order than they came.
        foreach (var n in (int[])[7, 6, 5, 4, 3, 2, 1, 0])
            await Store.EndAsync(End($"j{n}", record: new string('x', 100_000)) with { At = Start.AddSeconds(10 - n) });

        // Nothing within the bound; then all but four, but no more at once than asked for.
        Assert.Equal(0, await Store.ForgetAsync(Start, 1_000_000, 10));
        Assert.Equal(3, await Store.ForgetAsync(Start, 450_000, 3));
        Assert.Equal(1, await Store.ForgetAsync(Start, 450_000, 10));
        Assert.Equal(0, await Store.ForgetAsync(Start, 450_000, 10));
        Assert.Equal(["j0", "j1", "j2", "j3", "open"], await AllAsync(new JobSearch()));

        // The last one is kept whatever its size.
        Assert.Equal(3, await Store.ForgetAsync(Start, 0, 10));
        Assert.Equal(0, await Store.ForgetAsync(Start, 0, 10));
        Assert.Equal(["j0", "open"], await AllAsync(new JobSearch()));
        Assert.Equal(1, (await Store.CountAsync(new JobSearch { HasEnded = false })).Open);

        // Unless it is too old.
        Assert.Equal(1, await Store.ForgetAsync(Start.AddSeconds(60), 0, 10));
    }

    [Fact]
    public async Task What_was_sent_counts_as_well_as_what_was_answered()
    {
        foreach (var id in (string[])["a", "b", "c"])
        {
            await Store.AddAsync([new StoredJob(id, new JobRequest("http://a.example/") { Method = "POST", Body = Encoding.UTF8.GetBytes(new string('x', 100_000)) }, Start)]);
            await Store.EndAsync(End(id) with { At = Start.AddSeconds(id[0]) });
        }

        // A store may keep a body longer than it is, in Base64.
        Assert.Equal(1, await Store.ForgetAsync(Start, 290_000, 10));
        Assert.Equal(["b", "c"], await AllAsync(new JobSearch()));
    }

    private async Task<List<string>> AllAsync(JobSearch search)
    {
        var ids = new List<string>();
        for (var page = await Store.SearchAsync(search); ; page = await Store.SearchAsync(search with { After = page.Next }))
        {
            Assert.InRange(page.Jobs.Count, 0, search.Limit);
            ids.AddRange(page.Jobs.Select(job => job.Id));
            if (page.Next is null)
                return ids;
        }
    }

    [Fact]
    public async Task A_lane_gives_its_jobs_in_the_order_in_which_they_came_and_each_once()
    {
        await Queue.EnqueueAsync([At("a"), At("b"), At("x", "other"), At("c")]);

        Assert.Equal(["a", "b"], await LeaseAsync(most: 2));
        Assert.Equal(["c"], await LeaseAsync());
        Assert.Empty(await LeaseAsync());
        Assert.Equal(["x"], await LeaseAsync("other"));
        Assert.Empty(await LeaseAsync("nobody's"));
    }

    [Fact]
    public async Task A_job_is_queued_once()
    {
        await Queue.EnqueueAsync([At("a")]);
        await Queue.EnqueueAsync([At("b"), At("a")]);

        Assert.Equal(["a", "b"], await LeaseAsync());
        await Queue.EnqueueAsync([At("a")]);
        Assert.Empty(await LeaseAsync());
    }

    [Fact]
    public async Task A_job_is_not_given_before_its_time_and_the_queue_says_when_that_is()
    {
        await Queue.EnqueueAsync([At("late", due: 20), At("soon", due: 10), At("now")]);

        var leased = await Queue.LeaseAsync("lane", 10);
        Assert.Equal(["now"], leased.Leases.Select(lease => lease.Id));
        Assert.Equal(Start.AddSeconds(10), leased.NextDue);

        Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(["soon", "late"], await LeaseAsync());
    }

    [Fact]
    public async Task What_is_done_is_gone_and_what_goes_back_stands_where_it_stood()
    {
        await Queue.EnqueueAsync([At("a"), At("b"), At("c")]);
        var leases = (await Queue.LeaseAsync("lane", 2)).Leases;

        Assert.Equal(1, await Queue.SettleAsync([leases[1]], isDone: true));
        Assert.Equal(1, await Queue.SettleAsync([leases[0]], isDone: false));

        Assert.Equal(["a", "c"], await LeaseAsync());
        Assert.Equal(2, (await Queue.CountAsync()).Sum(lane => lane.Jobs));
    }

    [Fact]
    public async Task A_lease_that_has_ended_ends_no_other()
    {
        await Queue.EnqueueAsync([At("a")]);
        var first = (await Queue.LeaseAsync("lane", 1)).Leases[0];
        await Queue.SettleAsync([first], isDone: false);
        var second = (await Queue.LeaseAsync("lane", 1)).Leases[0];

        Assert.Equal(0, await Queue.SettleAsync([first], isDone: true));
        Assert.Empty(await LeaseAsync());
        Assert.Equal(1, await Queue.SettleAsync([second], isDone: true));
        Assert.Empty(await Queue.CountAsync());
    }

    [Fact]
    public async Task Whoever_leases_at_once_gets_different_jobs()
    {
        await Queue.EnqueueAsync([.. Enumerable.Range(0, 500).Select(n => At($"j{n}"))]);

        var leased = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => LeaseAsync(most: 30))));

        Assert.Equal(500, leased.SelectMany(ids => ids).Distinct().Count());
        Assert.Equal(500, leased.Sum(ids => ids.Length));
    }
}
