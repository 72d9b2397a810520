using System.Collections.Concurrent;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.Tests;

[Collection(Threads.Alone)]
public sealed class MultiplexerTests : IAsyncDisposable
{
    private static readonly TimeSpan Forever = Timeout.InfiniteTimeSpan;

    private readonly VirtualTime _time = new();
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string> _told = new();
    private Multiplexer? _mux;

    public async ValueTask DisposeAsync()
    {
        _open.TrySetResult();
        if (_mux is not null)
            await _mux.DisposeAsync();
    }

    [Fact]
    public async Task Each_of_ten_thousand_jobs_ends_once()
    {
        var api = new FakeApi();
        var mux = await StartAsync(api, o => o.Limits = ["none"]);

        var verdicts = await mux.SubmitManyAsync(Enumerable.Range(0, 10_000).Select(number => Get($"/{number}")));
        var jobs = await mux.WaitAsync(verdicts.Select(verdict => verdict.Id!), Forever);

        Assert.All(jobs, job => Assert.Equal((JobStatus.Completed, 200, "ok"), (job.Status, job.Result!.StatusCode, job.Result.Text)));
        Assert.Equal(10_000, api.Paths.Distinct().Count());
        Assert.Equal(10_000, _told.Count(told => told == "completed"));
        Assert.Equal((10_000, 10_000, 0), (mux.GetStatistics().Submitted, mux.GetStatistics().Ok, mux.GetStatistics().Queued));
        Assert.InRange(mux.GetStatistics().PeakConcurrency, 1, 100);
    }

    [Fact]
    public async Task Bodies_that_break_off_open_the_breaker_and_are_the_last_error()
    {
        var api = new FakeApi((_, _) => Task.FromResult(new System.Net.Http.HttpResponseMessage { Content = new StreamContent(new BrokenStream()) }));
        var mux = await StartAsync(api, o => (o.Retries, o.MaxConcurrency, o.Breaker.FailureThreshold, o.Patience) = (0, 1, 3, TimeSpan.FromMilliseconds(1)));

        var verdicts = await mux.SubmitManyAsync(Enumerable.Range(0, 10).Select(number => Get($"/{number}")));
        var jobs = await FakeWorld.EndAsync(_time, mux.WaitAsync(verdicts.Select(verdict => verdict.Id!), Forever));

        Assert.Equal((3, 7), (api.Paths.Count, jobs.Count(job => job.FailureClass == FailureClass.CircuitOpen)));
        Assert.Equal(3, jobs.Count(job => job.FailureClass == FailureClass.Network && job.LastError is not null));
    }

    [Fact]
    public async Task A_probe_that_fails_lets_nobody_into_its_place()
    {
        var sends = new ConcurrentQueue<TimeSpan>();
        var api = new FakeApi((_, _) =>
        {
            sends.Enqueue(_time.Elapsed);
            return Task.FromResult(FakeApi.Answer(500));
        });
        var mux = await StartAsync(api, o => (o.Retries, o.MaxConcurrency, o.Breaker.FailureThreshold, o.Breaker.SuccessThreshold, o.Breaker.RecoveryTimeout, o.Patience) = (0, 8, 1, 1, TimeSpan.FromSeconds(2), TimeSpan.FromHours(1)));

        await mux.SubmitManyAsync(Enumerable.Range(0, 40).Select(number => Get($"/{number}")));
        await Threads.PassUntilAsync(_time, () => sends.Count >= 16, 100);

        var probes = sends.Where(at => at > TimeSpan.FromSeconds(1)).ToList();
        Assert.All(probes.Zip(probes.Skip(1)), pair => Assert.True(pair.Second - pair.First >= TimeSpan.FromSeconds(2), string.Join(" ", probes)));
    }

    [Fact]
    public async Task A_job_says_at_every_moment_where_it_stands()
    {
        var mux = await StartAsync(Closed(), o => o.MaxConcurrency = 1);
        var first = await SubmitAsync(Get("/1"));
        var second = await SubmitAsync(Get("/2"));
        var later = await SubmitAsync(With(Get("/3"), request => request.NotBefore = TimeSpan.FromHours(1)));

        await FakeApi.Until(() => first.Status == JobStatus.Processing);
        Assert.Equal((JobStatus.Queued, JobStatus.Pending), (second.Status, later.Status));
        _open.SetResult();
        await mux.WaitAsync([first.Id, second.Id], Forever);
        Assert.Equal(JobStatus.Pending, later.Status);
        _time.Advance(TimeSpan.FromHours(1));
        await mux.WaitAsync([later.Id], Forever);

        Assert.Equal(JobStatus.Completed, later.Status);
        Assert.Equal(TimeSpan.FromHours(1), later.StartedAt - later.CreatedAt);
        Assert.Equal(TimeSpan.Zero, later.Wait);
    }

    [Fact]
    public async Task A_job_counts_in_the_limits_of_its_country()
    {
        var mux = await StartAsync(new FakeApi(), o =>
        {
            o.Timing = "nominal";
            o.Upstreams["api"] = new UpstreamOptions { Base = ["https://api.example"], Geo = { ["DE"] = ["1/min"] } };
        });
        List<Job> jobs = [];
        foreach (var country in (string?[])["DE", "DE", null])
            jobs.Add(await SubmitAsync(With(Get("/"), request => request.Country = country)));

        await FakeApi.Until(() => jobs[0].HasEnded && jobs[2].HasEnded);
        Assert.False(jobs[1].HasEnded);
        await EndAsync(mux, jobs[1]);

        Assert.InRange(_time.Elapsed, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_job_can_be_cancelled_before_its_time_in_the_queue_and_in_flight()
    {
        var mux = await StartAsync(Closed(), o => o.MaxConcurrency = 1);
        var flies = await SubmitAsync(Get("/1"));
        var waits = await SubmitAsync(Get("/2"));
        var later = await SubmitAsync(With(Get("/3"), request => request.NotBefore = TimeSpan.FromHours(1)));
        await FakeApi.Until(() => flies.Status == JobStatus.Processing);

        foreach (var job in new[] { later, waits, flies })
        {
            Assert.True(await mux.CancelAsync(job.Id));
            Assert.False(await mux.CancelAsync(job.Id));
            Assert.Equal((JobStatus.Cancelled, FailureClass.Cancelled), (job.Status, job.FailureClass));
        }
        Assert.True(flies.MaybeSent);
        Assert.False(waits.MaybeSent);
        Assert.False(await mux.CancelAsync("nobody"));
        Assert.Equal(3, _told.Count(told => told == "cancelled"));
    }

    [Fact]
    public async Task Whoever_is_refused_by_a_limit_waits_for_the_end_of_the_pause()
    {
        var times = 0;
        var mux = await StartAsync(new FakeApi((_, _) =>
        {
            var answer = FakeApi.Answer(times++ == 0 ? 429 : 200);
            answer.Headers.Add("Retry-After", times == 1 ? "10" : "0");
            return Task.FromResult(answer);
        }));
        var job = await SubmitAsync(Get("/"));

        await FakeApi.Until(() => _told.Contains("rate_limited"));
        Assert.Equal(JobStatus.RateLimited, job.Status);
        Assert.Equal(1, mux.GetStatistics().RateLimited);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(JobStatus.RateLimited, job.Status);
        await EndAsync(mux, job);

        Assert.Equal((JobStatus.Completed, 2), (job.Status, job.Attempts));
        Assert.InRange(job.Latency!.Value.TotalSeconds, 10, double.MaxValue);
        Assert.Equal(1, mux.GetStatistics().Refusals);
    }

    [Fact]
    public async Task A_failed_attempt_is_tried_again_and_told()
    {
        var times = 0;
        var mux = await StartAsync(new FakeApi((_, _) => Task.FromResult(FakeApi.Answer(times++ == 0 ? 500 : 200))));
        var job = await SubmitAsync(Get("/"));
        await EndAsync(mux, job);

        Assert.Equal((JobStatus.Completed, 2, "the server answered 500"), (job.Status, job.Attempts, job.LastError));
        Assert.Equal(["submitted", "retry", "completed"], _told);
        Assert.Null(job.Error);
    }

    [Fact]
    public async Task What_is_urgent_goes_before_all_that_waits_in_the_gate_and_before_it()
    {
        var api = Closed();
        var mux = await StartAsync(api, o => o.MaxConcurrency = 1);
        var first = await SubmitAsync(Get("/first"));
        await FakeApi.Until(() => first.Status == JobStatus.Processing);
        var ids = (await mux.SubmitManyAsync(Enumerable.Range(0, 1000).Select(number => With(Get($"/{number}"), request => request.Priority = RequestPriority.Low)))).Select(verdict => verdict.Id!).ToList();
        ids.Add((await SubmitAsync(With(Get("/urgent"), request => request.Priority = RequestPriority.Critical))).Id);
        ids.Add((await SubmitAsync(With(Get("/urgent"), request => request.Priority = RequestPriority.Critical))).Id);
        // Both are on their way to the gate; nothing else may move until they are there.
        await FakeApi.Until(() => mux.GateWaiting >= 256 + 2);
        _open.SetResult();
        await mux.WaitAsync(ids, Forever);

        var paths = api.Paths.ToList();
        Assert.Equal(["/first", "/urgent", "/urgent"], paths.Take(3));
        Assert.Equal(Enumerable.Range(0, 1000).Select(number => $"/{number}"), paths.Skip(3));
    }

    [Fact]
    public async Task Each_of_many_that_are_submitted_together_is_taken_or_refused_by_itself()
    {
        var mux = await StartAsync(Closed(), o => (o.MaxConcurrency, o.MaxQueueSize) = (1, 3));
        var first = await SubmitAsync(Get("/"));
        await FakeApi.Until(() => first.Status == JobStatus.Processing);

        var far = TimeSpan.FromHours(1);
        var verdicts = await mux.SubmitManyAsync([Later("a"), Later("a"), null!, Later("b"), Later("c"), Later("d")]);

        Assert.Equal(["a", null, null, "b", "c", null], verdicts.Select(verdict => verdict.Id));
        Assert.Equal([FailureClass.Invalid, FailureClass.Invalid, FailureClass.RateLimit], verdicts.Where(verdict => !verdict.IsAccepted).Select(verdict => verdict.Error!.FailureClass));
        var refused = await Assert.ThrowsAsync<HeadgateException>(() => mux.SubmitAsync(Get("/")));
        Assert.Contains("3 jobs wait already", refused.Message, StringComparison.Ordinal);
        Assert.Equal(JobStatus.Pending, (await mux.GetAsync("a"))!.Status);

        JobRequest Later(string id) => With(Get("/"), request => (request.Id, request.NotBefore) = (id, far));
    }

    [Fact]
    public async Task Waiting_ends_with_its_time_and_shows_how_far_the_jobs_have_come()
    {
        var mux = await StartAsync(Closed());
        var job = await SubmitAsync(Get("/"));
        await FakeApi.Until(() => job.Status == JobStatus.Processing);

        var waiting = mux.WaitAsync([job.Id], TimeSpan.FromSeconds(5));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(JobStatus.Processing, Assert.Single(await waiting).Status);
        await Assert.ThrowsAsync<KeyNotFoundException>(() => mux.WaitAsync([job.Id, "nobody"], Forever));
    }

    [Fact]
    public async Task A_job_whose_time_is_over_ends_by_itself_wherever_it_waits()
    {
        var mux = await StartAsync(Closed(), o => o.MaxConcurrency = 1);
        await SubmitAsync(With(Get("/"), request => request.Timeout = TimeSpan.FromHours(1)));
        var ids = (await mux.SubmitManyAsync(Enumerable.Range(0, 600).Select(_ => With(Get("/"), request => request.Deadline = TimeSpan.FromSeconds(60))))).Select(verdict => verdict.Id!).ToList();
        _time.Advance(TimeSpan.FromSeconds(61));

        var jobs = await mux.WaitAsync(ids, Forever);
        Assert.All(jobs, job => Assert.Equal((JobStatus.Timeout, FailureClass.Deadline, 0), (job.Status, job.FailureClass, job.Attempts)));
        Assert.Equal(600, _told.Count(told => told == "timeout"));
    }

    [Fact]
    public async Task A_handler_that_fails_breaks_nothing()
    {
        var mux = await StartAsync(new FakeApi());
        mux.RequestSubmitted += (_, _) => throw new InvalidOperationException("mine");
        mux.RequestCompleted += (_, _) => throw new InvalidOperationException("mine");
        mux.RequestCompleted += (_, job) => _told.Enqueue($"second saw {job.Status}");
        var job = await SubmitAsync(Get("/"));

        Assert.Equal(JobStatus.Completed, Assert.Single(await mux.WaitAsync([job.Id], Forever)).Status);
        Assert.Contains("second saw Completed", _told);
    }

    [Fact]
    public async Task A_handler_may_cancel_the_job_it_is_told_of()
    {
        var mux = await StartAsync(new FakeApi());
        mux.RequestSubmitted += (_, job) => _ = mux.CancelAsync(job.Id);
        var job = await SubmitAsync(Get("/"));

        await mux.WaitAsync([job.Id], Forever);
        Assert.Equal(JobStatus.Cancelled, job.Status);
        Assert.Equal(["submitted", "cancelled"], _told);
    }

    [Fact]
    public async Task Stopping_lets_accepted_jobs_go_on_for_a_time_and_returns_what_was_not_done()
    {
        var mux = await StartAsync(Closed(), o => o.MaxConcurrency = 1);
        var first = await SubmitAsync(Get("/1"));
        var later = await SubmitAsync(With(Get("/2"), request => request.NotBefore = TimeSpan.FromHours(1)));
        var stopping = mux.StopAsync(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<InvalidOperationException>(() => mux.SubmitAsync(Get("/3")));
        _open.SetResult();
        await mux.WaitAsync([first.Id], Forever);
        await Threads.PassUntilAsync(_time, () => stopping.IsCompleted, milliseconds: 10_000);

        Assert.Equal(JobStatus.Completed, first.Status);
        Assert.Equal([later], await stopping);
        Assert.Equal(JobStatus.Cancelled, (await mux.GetAsync(later.Id))!.Status);
    }

    [Theory]
    [InlineData(true, JobStatus.Completed, FailureClass.None)]
    [InlineData(false, JobStatus.Failed, FailureClass.Auth)]
    public async Task Jobs_go_with_a_token_or_fail_for_want_of_one(bool hasLogin, JobStatus status, FailureClass failure)
    {
        var given = new System.Collections.Concurrent.ConcurrentQueue<string?>();
        var api = new FakeApi((request, _) =>
        {
            given.Enqueue(request.Headers.Authorization?.ToString());
            return Task.FromResult(FakeApi.Answer());
        });
        var mux = await StartAsync(api, o => o.Token = _ => hasLogin ? Task.FromResult(new AccessToken("t1")) : throw new InvalidOperationException("no login today"));
        var job = await SubmitAsync(Get("/"));

        await mux.WaitAsync([job.Id], Forever);

        Assert.Equal((status, failure), (job.Status, job.FailureClass));
        Assert.Equal(hasLogin ? ["Bearer t1"] : [], given);
        Assert.Equal(!hasLogin, job.Error?.Contains("no login today", StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public async Task Jobs_that_ended_are_forgotten_beyond_what_is_kept()
    {
        var mux = await StartAsync(new FakeApi(), o => o.KeepFinished = 2);
        for (var number = 0; number < 4; number++)
            await mux.WaitAsync([await mux.SubmitAsync(With(Get("/"), request => request.Id = $"{number}"))], Forever);

        Assert.Null(await mux.GetAsync("1"));
        Assert.NotNull(await mux.GetAsync("2"));
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Null(await mux.GetAsync("3"));
    }

    [Fact]
    public void All_that_is_wrong_with_options_is_told_at_once()
    {
        var wrong = Assert.Throws<ArgumentException>(() => new Multiplexer(o => (o.Queue, o.MaxQueueSize, o.Limits) = ("redis:", 0, ["7 per s"])));

        Assert.Contains("is no place for jobs", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("MaxQueueSize is 0", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("/defaults/limits", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_waits_costs_some_hundred_bytes()
    {
        const int Jobs = 50_000;
        var mux = await StartAsync(Closed(), o => o.MaxConcurrency = 1);
        var requests = Enumerable.Range(0, Jobs).Select(_ => Get("/")).ToList();
        await SubmitAsync(Get("/"));
        await FakeApi.Until(() => mux.GetStatistics().Processing == 1);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await mux.SubmitManyAsync(requests);
        await FakeApi.Until(() => mux.GateWaiting >= 256);
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Jobs;

        TestContext.Current.SendDiagnosticMessage($"{each} bytes a waiting job, beside its request");
        Assert.InRange(each, 100, 700);
        GC.KeepAlive(requests);
    }

    private static JobRequest Get(string path) => new("https://api.example" + path);

    private static JobRequest With(JobRequest request, Action<JobRequest> change)
    {
        change(request);
        return request;
    }

    /// <summary>Answers nobody before it is opened.</summary>
    private FakeApi Closed() => new(async (_, cancellation) =>
    {
        await _open.Task.WaitAsync(cancellation);
        return FakeApi.Answer();
    });

    private async Task<Job> SubmitAsync(JobRequest request) => (await _mux!.GetAsync(await _mux.SubmitAsync(request)))!;

    private Task EndAsync(Multiplexer mux, Job job)
    {
        var waiting = mux.WaitAsync([job.Id], Forever);
        return Threads.PassUntilAsync(_time, () => waiting.IsCompleted, milliseconds: 100);
    }

    private async Task<Multiplexer> StartAsync(FakeApi api, Action<MultiplexerOptions>? change = null)
    {
        var options = new MultiplexerOptions();
        change?.Invoke(options);
        var mux = _mux = new Multiplexer(options, api.In(_time));
        mux.RequestSubmitted += (_, _) => _told.Enqueue("submitted");
        mux.RequestCompleted += (_, _) => _told.Enqueue("completed");
        mux.RequestFailed += (_, _) => _told.Enqueue("failed");
        mux.RequestRetry += (_, _) => _told.Enqueue("retry");
        mux.RequestTimeout += (_, _) => _told.Enqueue("timeout");
        mux.RequestRateLimited += (_, _) => _told.Enqueue("rate_limited");
        mux.RequestCancelled += (_, _) => _told.Enqueue("cancelled");
        await mux.StartAsync();
        return mux;
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("the connection broke");
    }
}
