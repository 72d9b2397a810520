using System.Collections.Concurrent;
using Headgate.Backends;
using Headgate.Jobs;
using Headgate.Ledgers;
using Headgate.Queues;
using Headgate.Tests.Ledgers;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>Jobs that outlive a multiplexer. The file is a store in memory here; SQLite has its own tests.</summary>
[Collection(Threads.Alone)]
public sealed class MultiplexerFileTests : IAsyncDisposable
{
    private static readonly TimeSpan Forever = Timeout.InfiniteTimeSpan;

    private readonly VirtualTime _time = new();
    private readonly TempFolder _folder = new();
    private readonly ConcurrentQueue<string> _told = new();
    private readonly List<Multiplexer> _all = [];
    private readonly TaskCompletionSource _never = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MemoryJobs _store;

    public MultiplexerFileTests() => _store = new MemoryJobs(_time);

    public async ValueTask DisposeAsync()
    {
        foreach (var mux in _all)
            await mux.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_one_process_leaves_the_next_does_with_one_end_each()
    {
        var first = await StartAsync(Silent());
        var verdicts = await first.SubmitManyAsync(Enumerable.Range(0, 2500).Select(number => Get($"/{number}", $"job-{number}")));
        Assert.All(verdicts, verdict => Assert.True(verdict.IsAccepted));
        Assert.Equal((2500, 0), (first.GetStatistics().Submitted, first.GetStatistics().Ended));
        Assert.Empty(await first.StopAsync());
        Assert.Equal(2500, _told.Count(told => told == "submitted"));

        var api = new FakeApi();
        var second = await StartAsync(api);
        var jobs = await EndAsync(second.WaitAsync(verdicts.Select(verdict => verdict.Id!), Forever));

        Assert.All(jobs, job => Assert.Equal((JobStatus.Completed, 200, "ok"), (job.Status, job.Result!.StatusCode, job.Result.Text)));
        Assert.Equal((2500, 2500), (api.Paths.Count, api.Paths.Distinct().Count()));
        Assert.Equal((2500, 2500), (_told.Count(told => told == "completed"), _told.Count(told => told != "submitted")));
        Assert.Equal((0, 0, 2500), (second.GetStatistics().Submitted, second.GetStatistics().Queued, second.GetStatistics().Ok));
    }

    [Fact]
    public async Task An_end_of_yesterday_can_be_asked_for_with_its_answer()
    {
        var first = await StartAsync(new FakeApi((_, _) => Task.FromResult(FakeApi.Answer(404, "gone"))));
        var id = await first.SubmitAsync(Get("/x", "x"));
        await EndAsync(first.WaitAsync([id], Forever));
        await first.StopAsync();

        var second = await StartAsync(Silent());
        var job = (await second.GetAsync(id))!;

        Assert.Equal((JobStatus.Completed, false, 404, "gone", "https://api.example/x", 1), (job.Status, job.Ok, job.Result!.StatusCode, job.Result.Text, job.Request.Url, job.Attempts));
        Assert.Equal(job.CompletedAt, Assert.Single(await second.WaitAsync([id], Forever)).CompletedAt);
        Assert.Equal("there is a job \"x\" already", (await Assert.ThrowsAsync<HeadgateException>(() => second.SubmitAsync(Get("/x", "x")))).Message);
        Assert.Null(await second.GetAsync("y"));
        Assert.Equal(2, (await second.WaitAsync([id, id], Forever)).Count);
        await Assert.ThrowsAsync<KeyNotFoundException>(() => second.WaitAsync([id, "y"], Forever));
    }

    [Fact]
    public async Task What_was_in_flight_is_sent_again_only_where_that_does_no_harm()
    {
        var api = Silent();
        var first = await StartAsync(api);
        await first.SubmitAsync(Get("/get", "get"));
        var post = Get("/post", "post");
        post.Method = "POST";
        await first.SubmitAsync(post);
        await FakeApi.Until(() => api.Paths.Count == 1);
        // While the first is not answered the second leaves a moment later: nothing is known of the API.
        _time.Advance(TimeSpan.FromMilliseconds(10));
        await FakeApi.Until(() => api.Paths.Count == 2);
        await first.StopAsync();
        Assert.Equal(["submitted", "submitted"], _told);

        var again = new FakeApi();
        var second = await StartAsync(again);
        var jobs = await EndAsync(second.WaitAsync(["get", "post"], Forever));

        Assert.Equal(["/get"], again.Paths);
        Assert.Equal((JobStatus.Completed, JobStatus.Failed, FailureClass.MaybeSent), (jobs[0].Status, jobs[1].Status, jobs[1].FailureClass));
        Assert.All(jobs, job => Assert.True(job.MaybeSent || job.Ok));
        Assert.Equal(1, _told.Count(told => told == "failed"));
    }

    [Fact]
    public async Task An_id_that_was_forgotten_is_sent_anew_in_the_next_process()
    {
        var (api, post) = (new FakeApi(), Get("/nightly", "nightly"));
        post.Method = "POST";
        var first = await StartAsync(api);
        await EndAsync(first.WaitAsync([await first.SubmitAsync(post)], Forever));
        await first.StopAsync();
        Assert.Equal(1, await _store.DeleteAsync(["nightly"]));
        _time.Advance(TimeSpan.FromSeconds(1));

        var second = await StartAsync(api);
        var job = Assert.Single(await EndAsync(second.WaitAsync([await second.SubmitAsync(post)], Forever)));

        Assert.Equal((JobStatus.Completed, false, 2), (job.Status, job.MaybeSent, api.Paths.Count));
    }

    [Fact]
    public async Task The_file_is_given_away_when_nothing_can_be_sent_any_more()
    {
        var order = new ConcurrentQueue<string>();
        var mux = await StartAsync(Silent(), o => o.OpenFile = (file, time) => new JobFile(_store, new MemoryJobs(time), () => order.Enqueue("closed"))
        {
            Release = () =>
            {
                // Whoever sends has its ledger for itself.
                LedgerWriter.Resume(Assert.Single(Directory.GetFiles(file + ".sends/ledgers")), _time, out _).Dispose();
                order.Enqueue("given away");
            },
        });
        await mux.SubmitAsync(Get("/a", "a"));

        await mux.StopAsync();

        Assert.Equal(["closed", "given away"], order);
    }

    [Fact]
    public async Task Limits_go_on_where_the_last_process_left_them()
    {
        var api = new FakeApi();
        var first = await StartAsync(api, o => o.Limits = ["3/h"]);
        await first.SubmitManyAsync(Enumerable.Range(0, 3).Select(number => Get($"/{number}", null)));
        await Threads.PassUntilAsync(_time, () => first.GetStatistics().Ok == 3);
        await first.StopAsync();

        var second = await StartAsync(api, o => o.Limits = ["3/h"]);
        var job = (await second.GetAsync(await second.SubmitAsync(Get("/late", "late"))))!;
        await Threads.PassUntilAsync(_time, () => job.HasEnded || _time.Elapsed > TimeSpan.FromMinutes(50), milliseconds: 60_000);
        Assert.Equal(3, api.Paths.Count);
        await Threads.PassUntilAsync(_time, () => api.Paths.Count == 4, milliseconds: 60_000);

        Assert.True(_time.Elapsed >= TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task A_drain_lets_those_end_too_that_wait_and_a_wait_ends_with_the_multiplexer()
    {
        var mux = await StartAsync(new FakeApi(), o => o.Limits = ["10/s"]);
        await mux.SubmitManyAsync(Enumerable.Range(0, 40).Select(number => Get($"/{number}", null)));
        var later = Get("/later", "later");
        later.NotBefore = TimeSpan.FromDays(1);
        await mux.SubmitAsync(later);
        Assert.Equal(JobStatus.Pending, (await mux.GetAsync("later"))!.Status);

        var waiting = mux.WaitAsync(["later", "later"], Forever);
        await EndAsync(mux.StopAsync(TimeSpan.FromMinutes(1)));

        Assert.Equal((40, 1), (mux.GetStatistics().Ok, mux.GetStatistics().Queued));
        Assert.Equal([JobStatus.Pending, JobStatus.Pending], (await waiting).Select(job => job.Status));
        await Assert.ThrowsAsync<InvalidOperationException>(() => mux.SubmitAsync(Get("/", null)));
    }

    [Fact]
    public async Task One_that_waits_in_the_file_can_be_cancelled_and_is_told_of()
    {
        var mux = await StartAsync(Silent(), o => o.MaxConcurrency = 1);
        await mux.SubmitManyAsync(Enumerable.Range(0, 2000).Select(number => Get($"/{number}", $"{number}")));

        Assert.Equal(JobStatus.Queued, (await mux.GetAsync("1999"))!.Status);
        Assert.True(await mux.CancelAsync("1999"));
        Assert.False(await mux.CancelAsync("1999"));

        Assert.Equal(JobStatus.Cancelled, Assert.Single(await mux.WaitAsync(["1999"], Forever)).Status);
        Assert.Equal((1, 1), (_told.Count(told => told == "cancelled"), mux.GetStatistics().Cancelled));
    }

    [Fact]
    public async Task Beyond_what_may_wait_jobs_are_refused_each_by_itself()
    {
        var mux = await StartAsync(Silent(), o => (o.MaxQueueSize, o.MaxConcurrency) = (5, 1));

        var verdicts = await mux.SubmitManyAsync([.. Enumerable.Range(0, 7).Select(number => Get($"/{number}", $"{number}")), null!]);

        Assert.Equal([true, true, true, true, true], verdicts.Take(5).Select(verdict => verdict.IsAccepted));
        Assert.All(verdicts.Skip(5).Take(2), verdict => Assert.Equal((FailureClass.RateLimit, "5 jobs wait already, which is all that there is room for"), (verdict.Error!.FailureClass, verdict.Error.Message)));
        Assert.Equal(FailureClass.Invalid, verdicts[7].Error!.FailureClass);
        Assert.Equal(2, mux.GetStatistics().Rejected);
    }

    [Fact]
    public async Task Those_that_have_ended_are_forgotten_by_their_age_and_their_number()
    {
        var mux = await StartAsync(new FakeApi(), o => (o.KeepFinished, o.KeepFinishedFor) = (2, TimeSpan.FromMinutes(10)));
        foreach (var id in (string[])["a", "b", "c"])
            await EndAsync(mux.WaitAsync([await mux.SubmitAsync(Get("/", id))], Forever));

        await Threads.PassUntilAsync(_time, () => !Has(mux, "a"), milliseconds: 10_000);
        Assert.True(Has(mux, "b") && Has(mux, "c"));
        await Threads.PassUntilAsync(_time, () => !Has(mux, "b") && !Has(mux, "c"), milliseconds: 10_000);
        Assert.InRange(_time.Elapsed, TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(13));
    }

    [Theory]
    [InlineData("sqlite:", "Queue: say where its file is: \"sqlite:jobs.db\"")]
    [InlineData("sqlite:jobs.db", "Queue: SQLite comes with the package Headgate.Backends: add it, and say options.UseSqlite() (using Headgate.Backends)")]
    [InlineData("redis://user:secret@host", "Queue: \"redis\" is no place for jobs in this version; give sqlite:, sqlite:PATH or memory:")]
    public void A_queue_that_cannot_be_is_told_with_what_to_write(string queue, string message) =>
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => new Multiplexer(o => o.Queue = queue)).Message, StringComparison.Ordinal);

    [Fact]
    public void With_the_package_a_path_is_a_queue_and_more_is_kept()
    {
        var options = new MultiplexerOptions().UseSqlite("jobs.db");

        Assert.Equal(("sqlite:jobs.db", TimeSpan.FromDays(7)), (options.Queue, options.KeepFinishedFor));
        Assert.Empty(options.FindFaults());
        Assert.Throws<ArgumentException>(() => options.UseSqlite(" "));
    }

    private static JobRequest Get(string path, string? id) => new("https://api.example" + path) { Id = id };

    private static bool Has(Multiplexer mux, string id) => mux.GetAsync(id).GetAwaiter().GetResult() is not null;

    /// <summary>Answers nobody.</summary>
    private FakeApi Silent() => new(async (_, cancellation) =>
    {
        await _never.Task.WaitAsync(cancellation);
        return FakeApi.Answer();
    });

    private async Task<T> EndAsync<T>(Task<T> task)
    {
        await Threads.PassUntilAsync(_time, () => task.IsCompleted);
        return await task;
    }

    private async Task<Multiplexer> StartAsync(FakeApi api, Action<MultiplexerOptions>? change = null)
    {
        // Who is next is another one's to know after a restart: leases end with the process.
        var options = new MultiplexerOptions { Queue = $"sqlite:{_folder["jobs.db"]}", OpenFile = (_, time) => new JobFile(_store, new MemoryJobs(time), () => { }) };
        change?.Invoke(options);
        var mux = new Multiplexer(options, api.In(_time));
        _all.Add(mux);
        mux.RequestSubmitted += (_, _) => _told.Enqueue("submitted");
        mux.RequestCompleted += (_, _) => _told.Enqueue("completed");
        mux.RequestFailed += (_, _) => _told.Enqueue("failed");
        mux.RequestCancelled += (_, _) => _told.Enqueue("cancelled");
        await mux.StartAsync();
        return mux;
    }
}
