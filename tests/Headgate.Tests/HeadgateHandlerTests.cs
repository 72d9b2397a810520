using System.Net;
using System.Net.Http.Headers;

namespace Headgate.Tests;

[Collection(Threads.Alone)]
public sealed class HeadgateHandlerTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_request_waits_for_its_turn_and_its_answer_tells_for_what()
    {
        using var world = new FakeWorld(o => (o.Limits, o.Timing) = (["2/s"], "nominal"));
        await world.Client.GetStringAsync("a");
        await world.Client.GetStringAsync("b");

        using var third = await world.EndAsync(world.Client.GetAsync("c"));

        // Time goes on while threads do.
        Assert.InRange(world.Server.Arrivals[2], Second, Second * 1.5);
        var path = third.GetHeadgate()!;
        Assert.Equal(("https://api.test", 1, 0, 0, null), (path.Upstream, path.Attempts, path.Retries, path.Refusals, path.Key));
        Assert.InRange(path.Wait, Second, Second * 1.5);
        Assert.Contains("2/s", path.WaitingFor);
        Assert.Equal("https://api.test/v1/c", third.RequestMessage!.RequestUri!.ToString());
        Assert.Equal("done", await third.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_failure_of_the_server_is_tried_again_and_a_pause_it_asks_for_is_kept()
    {
        using var world = new FakeWorld(o => o.RetryDelay = TimeSpan.Zero);
        world.Server.Instead = (number, _) => number == 1 ? Task.FromResult(FakeServer.Text("", HttpStatusCode.InternalServerError)) : number == 2 ? Task.FromResult(Refusal(7)) : FakeServer.Done;

        using var answer = await world.EndAsync(world.Client.GetAsync("a"));

        Assert.Equal((HttpStatusCode.OK, 3, 1, 1), (answer.StatusCode, answer.GetHeadgate()!.Attempts, answer.GetHeadgate()!.Retries, answer.GetHeadgate()!.Refusals));
        Assert.True(world.Server.Arrivals[2] - world.Server.Arrivals[1] >= TimeSpan.FromSeconds(7));
    }

    [Fact]
    public async Task A_429_after_all_pauses_is_an_answer()
    {
        using var world = new FakeWorld();
        world.Server.Answer = _ => Refusal(1);

        using var answer = await world.EndAsync(world.Client.GetAsync("a"));

        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.Equal((0, 1), (world.Client.GetMetrics().Successful, world.Client.GetMetrics().Failed));
    }

    [Fact]
    public async Task No_connection_is_an_HttpRequestException_with_its_class()
    {
        using var world = new FakeWorld(o => o.Retries = 1);
        world.Server.Instead = (_, _) => throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");

        var failure = await Assert.ThrowsAsync<HeadgateException>(() => world.EndAsync(world.Client.GetAsync("a")));

        Assert.IsAssignableFrom<HttpRequestException>(failure);
        Assert.Equal((FailureClass.Network, "https://api.test", 2), (failure.FailureClass, failure.Upstream, failure.Attempts));
        Assert.Equal((1, 1), (world.Client.GetMetrics().Failed, world.Client.GetMetrics().Retries));
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_is_a_timeout_as_HttpClient_tells_it()
    {
        using var world = new FakeWorld(o => (o.Retries, o.Timeout) = (0, TimeSpan.FromSeconds(3)));
        world.Server.Instead = (_, cancellation) => Never(cancellation);

        var failure = await Assert.ThrowsAsync<TaskCanceledException>(() => world.EndAsync(world.Client.GetAsync("a")));

        var timeout = Assert.IsType<TimeoutException>(failure.InnerException);
        Assert.Equal(FailureClass.Timeout, Assert.IsType<HeadgateException>(timeout.InnerException).FailureClass);
        Assert.Equal(TimeSpan.FromSeconds(3), world.Time.Elapsed);
    }

    [Fact]
    public async Task Whoever_gives_up_gets_a_cancellation_of_that_token()
    {
        using var world = new FakeWorld();
        using var giveUp = new CancellationTokenSource();
        world.Server.Instead = (_, cancellation) => Never(cancellation);
        var sending = world.Client.GetAsync("a", giveUp.Token);

        await giveUp.CancelAsync();

        Assert.Equal(giveUp.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending)).CancellationToken);
        Assert.Equal(0, world.Client.GetMetrics().ActiveConnections);
    }

    [Fact]
    public async Task A_deadline_that_cannot_be_met_is_told_at_once_with_what_is_in_the_way()
    {
        using var world = new FakeWorld(o => (o.Limits, o.Timing) = (["1/min"], "nominal"));
        await world.Client.GetStringAsync("a");

        var failure = await Assert.ThrowsAsync<HeadgateException>(() => world.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "b").WithDeadline(TimeSpan.FromSeconds(10))));

        Assert.Equal((FailureClass.Deadline, 0, false), (failure.FailureClass, failure.Attempts, failure.MaybeSent));
        Assert.InRange(failure.RetryAfter!.Value, TimeSpan.FromSeconds(59), TimeSpan.FromSeconds(61));
        Assert.Single(world.Server.Arrivals);
    }

    [Fact]
    public async Task A_place_is_held_until_the_body_was_read_to_its_end()
    {
        using var world = new FakeWorld(o => o.Limits = ["1 concurrent"]);
        using var first = await world.Client.GetAsync("a", HttpCompletionOption.ResponseHeadersRead);
        var second = world.Client.GetStringAsync("b");
        Assert.Equal((1L, 1L), (world.Client.GetMetrics().Queue, world.Client.GetMetrics().ActiveConnections));

        Assert.Equal("done", await first.Content.ReadAsStringAsync());

        Assert.Equal("done", await world.EndAsync(second));
        Assert.Equal((0L, 0L), (world.Client.GetMetrics().Queue, world.Client.GetMetrics().ActiveConnections));
    }

    [Fact]
    public async Task Or_until_the_answer_is_disposed()
    {
        using var world = new FakeWorld(o => o.Limits = ["1 concurrent"]);
        var first = await world.Client.GetAsync("a", HttpCompletionOption.ResponseHeadersRead);
        var second = world.Client.GetStringAsync("b");

        first.Dispose();

        Assert.Equal("done", await world.EndAsync(second));
    }

    [Fact]
    public async Task A_body_that_comes_too_late_ends_as_a_timeout()
    {
        using var world = new FakeWorld(o => (o.Timeout, o.Retries) = (Second, 0));
        world.Server.Answer = _ => new HttpResponseMessage { Content = new StreamContent(new SlowStream()) };

        var failure = await Assert.ThrowsAsync<TaskCanceledException>(() => world.EndAsync(world.Client.GetStringAsync("a")));

        Assert.IsType<TimeoutException>(failure.InnerException);
        Assert.Equal((1L, 0L), (world.Client.GetMetrics().Failed, world.Client.GetMetrics().ActiveConnections));
    }

    [Fact]
    public async Task What_a_request_cost_is_read_from_its_answer()
    {
        using var world = new FakeWorld(o =>
        {
            var api = o.Upstreams["api"] = new UpstreamOptions { Base = ["https://api.test"], Limits = ["1000 tokens/min"], Timing = "nominal" };
            api.Cost["tokens"] = new CostOptions { Estimate = 600, Actual = "/usage/total" };
        });
        world.Server.Answer = _ => FakeServer.Text("""{"usage":{"total":100}}""");
        for (var i = 0; i < 4; i++)
            await world.Client.GetStringAsync("a");

        var fifth = world.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "b").WithCost("tokens", 601));

        Assert.False(fifth.IsCompleted);
        Assert.Equal(4, world.Server.Arrivals.Count);
    }

    [Fact]
    public async Task The_key_is_named_and_shown_nowhere()
    {
        using var world = new FakeWorld(o => o.Upstreams["api"] = new UpstreamOptions { Base = ["https://api.test"], Keys = { Values = ["sk-1111"] } });

        using var answer = await world.Client.GetAsync("a");

        Assert.Equal("Bearer sk-1111", world.Server.Credentials.Single());
        Assert.Equal("key-1", answer.GetHeadgate()!.Key);
        Assert.DoesNotContain("sk-1111", answer.ToString() + answer.RequestMessage);
    }

    [Theory]
    [InlineData(11, true)]
    [InlineData(11, false)]
    [InlineData(null, false)]
    public async Task An_answer_larger_than_allowed_is_read_no_further(int? most, bool tellsLength)
    {
        using var world = new FakeWorld(o => o.MaxBody = most);
        world.Server.Instead = (_, _) => Task.FromResult(new HttpResponseMessage { Content = tellsLength ? new StringContent("twelve bytes") : new StreamContent(new OneWay("twelve bytes"u8.ToArray())) });

        using var answer = await world.Client.GetAsync("a", HttpCompletionOption.ResponseHeadersRead);
        if (most is null)
        {
            Assert.Equal("twelve bytes", await answer.Content.ReadAsStringAsync());
            return;
        }
        using var stream = await answer.Content.ReadAsStreamAsync();
        var failure = await Assert.ThrowsAsync<HeadgateException>(() => stream.ReadAsync(new byte[100]).AsTask());
        Assert.Equal((FailureClass.Invalid, "https://api.test", 1), (failure.FailureClass, failure.Upstream, failure.Attempts));
        Assert.Contains("larger than 11", failure.Message);
        await Assert.ThrowsAsync<HeadgateException>(() => world.Client.GetStringAsync("b"));
        Assert.Equal((2, 0), (world.Client.GetMetrics().Failed, world.Client.GetMetrics().ActiveConnections));
    }

    [Theory]
    [InlineData("-5")]
    [InlineData("three")]
    [InlineData("3, 5")]
    [InlineData("99999999999999999999999")]
    public async Task An_answer_of_which_nobody_can_tell_where_it_ends_is_no_answer(string length)
    {
        using var world = new FakeWorld(o => o.Retries = 1);
        world.Server.Instead = (_, _) =>
        {
            var answer = new HttpResponseMessage { Content = new StreamContent(new OneWay("abc"u8.ToArray())) };
            answer.Content.Headers.TryAddWithoutValidation("Content-Length", length);
            return Task.FromResult(answer);
        };

        var failure = await Assert.ThrowsAsync<HeadgateException>(() => world.EndAsync(world.Client.GetAsync("a")));

        Assert.Equal((FailureClass.Network, 2, HttpRequestError.InvalidResponse), (failure.FailureClass, failure.Attempts, failure.HttpRequestError));
    }

    [Fact]
    public void What_sends_again_inside_is_refused_at_once()
    {
        using var retries = new RetryHandler { InnerHandler = new SocketsHttpHandler() };
        Assert.Contains("RetryHandler stands inside Headgate", Assert.Throws<ArgumentException>(() => new HeadgateHandler(new HeadgateOptions(), retries)).Message);
        using var repeats = new HttpClientHandler();
        Assert.Contains("SocketsHttpHandler", Assert.Throws<ArgumentException>(() => new HeadgateHandler(new HeadgateOptions(), repeats)).Message);
    }

    [Fact]
    public void A_handler_of_the_callers_follows_and_queues_nothing_by_itself()
    {
        using var sockets = new SocketsHttpHandler { MaxConnectionsPerServer = 2 };
        using var handler = new HeadgateHandler(new HeadgateOptions(), sockets);

        Assert.Equal((false, int.MaxValue), (sockets.AllowAutoRedirect, sockets.MaxConnectionsPerServer));
    }

    [Fact]
    public void Sending_without_async_is_refused_with_advice()
    {
        using var world = new FakeWorld();
        Assert.Contains("SendAsync", Assert.Throws<NotSupportedException>(() => world.Client.Send(new HttpRequestMessage(HttpMethod.Get, "a"))).Message);
    }

    [Fact]
    public async Task What_is_disposed_ends_the_handler_it_was_given_and_sends_no_more()
    {
        var world = new FakeWorld();
        world.Dispose();
        Assert.True(world.Server.IsDisposed);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => world.Client.GetAsync("a"));
    }

    [Fact]
    public async Task Counts_quantiles_and_health_are_those_of_what_was_sent()
    {
        using var world = new FakeWorld(o => (o.Retries, o.Limits) = (0, ["none"]));
        world.Server.Instead = (number, _) => number % 5 == 0 ? Task.FromResult(FakeServer.Text("", HttpStatusCode.NotFound)) : FakeServer.Done;
        Assert.Equal(SendingHealth.Healthy, world.Client.AssessHealth().Status);
        for (var i = 0; i < 10; i++)
            (await world.Client.GetAsync("a")).Dispose();

        var metrics = world.Client.GetMetrics();
        Assert.Equal((10, 8, 2, 0.8), (metrics.Total, metrics.Successful, metrics.Failed, metrics.SuccessRate));
        var health = world.Client.AssessHealth();
        Assert.Equal((SendingHealth.Unhealthy, 2), (health.Status, health.Reasons.Count));
        Assert.Contains("80.0", health.Reasons[0]);

        world.Client.ResetMetrics();
        Assert.Equal((0, 1), (world.Client.GetMetrics().Total, world.Client.GetMetrics().SuccessRate));
    }

    [Fact]
    public void A_request_allocates_little_more_than_without_it()
    {
        using var server = new Immediate();
        using var bare = new HttpMessageInvoker(server, disposeHandler: false);
        using var gated = new HttpMessageInvoker(new HeadgateHandler(new HeadgateOptions { Limits = ["1_000_000/s"] }, server));

        var more = PerRequest(gated) - PerRequest(bare);

        // 1,808 when measured: the attempt and its message, the permit, the exchange, and the answer's content with its headers.
        Assert.InRange(more, 1, 1900);

        static long PerRequest(HttpMessageInvoker sends)
        {
            for (var i = 0; i < 300; i++)
                Send(sends);
            return Allocated.Least(() =>
            {
                for (var i = 0; i < 100; i++)
                    Send(sends);
            }) / 100;
        }

        static void Send(HttpMessageInvoker sends)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "https://api.test/a");
            var sending = sends.SendAsync(request, CancellationToken.None);
            Assert.True(sending.IsCompletedSuccessfully);
            using var answer = sending.Result;
            Assert.True(answer.Content.CopyToAsync(Stream.Null).IsCompletedSuccessfully);
        }
    }

    private static HttpResponseMessage Refusal(int seconds)
    {
        var answer = FakeServer.Text("", HttpStatusCode.TooManyRequests);
        answer.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(seconds));
        return answer;
    }

    private static async Task<HttpResponseMessage> Never(CancellationToken cancellation)
    {
        var never = new TaskCompletionSource<HttpResponseMessage>();
        await using (cancellation.Register(() => never.TrySetCanceled(cancellation)))
            return await never.Task;
    }

    private sealed class Immediate : HttpMessageHandler
    {
        private static readonly byte[] Body = "done"u8.ToArray();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage { Content = new ByteArrayContent(Body) });
    }

    private sealed class RetryHandler : DelegatingHandler;

    /// <summary>A body of which nothing comes.</summary>
    private sealed class SlowStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Never(cancellationToken);
            return 0;
        }

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) => Never(cancellationToken);
    }

    /// <summary>A body of which nobody knows the length.</summary>
    private sealed class OneWay(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
