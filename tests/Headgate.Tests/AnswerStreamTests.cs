namespace Headgate.Tests;

[Collection(Threads.Alone)]
public sealed class AnswerStreamTests
{
    [Fact]
    public async Task A_read_that_blocks_ends_at_the_timeout_as_one_that_does_not()
    {
        using var body = new StalledStream();
        using var world = new FakeWorld(o => (o.Timeout, o.Retries) = (TimeSpan.FromSeconds(3), 0));
        world.Server.Answer = _ => new HttpResponseMessage { Content = new StreamContent(body) };
        using var answer = await world.Client.GetAsync("a", HttpCompletionOption.ResponseHeadersRead);
        using var stream = await answer.Content.ReadAsStreamAsync();
        var reading = Task.Factory.StartNew(() => stream.Read(new byte[10]), TaskCreationOptions.LongRunning);
        await body.IsRead.Task;

        var failure = await Assert.ThrowsAsync<TaskCanceledException>(() => world.EndAsync(reading));

        Assert.IsType<TimeoutException>(failure.InnerException);
        // Time goes on while threads do.
        Assert.InRange(world.Time.Elapsed, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10));
        Assert.Equal((1L, 0L), (world.Client.GetMetrics().Failed, world.Client.GetMetrics().ActiveConnections));
        Assert.Throws<TaskCanceledException>(() => stream.Read(new byte[10]));
    }

    [Fact]
    public async Task Or_when_its_caller_gives_up()
    {
        using var body = new StalledStream();
        using var world = new FakeWorld();
        using var giveUp = new CancellationTokenSource();
        world.Server.Answer = _ => new HttpResponseMessage { Content = new StreamContent(body) };
        // As it is without an HttpClient around it, which keeps the token of its caller for itself.
        using var sends = new HttpMessageInvoker(new HeadgateHandler(new HeadgateOptions(), world.Server, world.Time), disposeHandler: true);
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://api.test/a");
        using var answer = await sends.SendAsync(request, giveUp.Token);
        using var stream = await answer.Content.ReadAsStreamAsync(CancellationToken.None);
        var reading = Task.Factory.StartNew(() => stream.Read(new byte[10]), TaskCreationOptions.LongRunning);
        await body.IsRead.Task;

        await giveUp.CancelAsync();

        Assert.Equal(giveUp.Token, (await Assert.ThrowsAsync<TaskCanceledException>(() => reading)).CancellationToken);
    }

    [Fact]
    public async Task A_body_that_is_read_in_time_is_whole()
    {
        using var world = new FakeWorld(o => o.Limits = ["1 concurrent"]);
        using var answer = await world.Client.GetAsync("a", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());

        Assert.Equal("done", reader.ReadToEnd());

        Assert.Equal((1, 0L), (world.Client.GetMetrics().Successful, world.Client.GetMetrics().ActiveConnections));
    }

    [Fact]
    public async Task Time_that_is_over_while_whoever_reads_is_busy_is_no_failure_of_the_servers()
    {
        using var world = new FakeWorld(o => (o.Timeout, o.Retries, o.Breaker.FailureThreshold) = (TimeSpan.FromSeconds(3), 0, 1));
        using var body = new StalledStream();
        world.Server.Answer = _ => new HttpResponseMessage { Content = new StreamContent(body) };
        using (var answer = await world.Client.GetAsync("a", HttpCompletionOption.ResponseHeadersRead))
        {
            using var stream = await answer.Content.ReadAsStreamAsync();
            world.Time.Advance(TimeSpan.FromSeconds(4));

            await Assert.ThrowsAsync<TaskCanceledException>(() => stream.ReadAsync(new byte[10]).AsTask());
        }
        Assert.Equal(("closed", 0L), (world.Client.GetMetrics().BreakerState, world.Client.GetMetrics().BreakerOpens));
        Assert.False(body.IsRead.Task.IsCompleted);
    }

    /// <summary>A body of which nothing comes.</summary>
    private sealed class StalledStream : MemoryStream
    {
        public TaskCompletionSource IsRead { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            ObjectDisposedException.ThrowIf(!CanRead, this);
            cancellationToken.ThrowIfCancellationRequested();
            IsRead.TrySetResult();
            return await new TaskCompletionSource<int>().Task.WaitAsync(cancellationToken);
        }

        public override int Read(Span<byte> buffer) => throw new NotSupportedException("whoever blocks here cannot be told to stop");
    }
}
