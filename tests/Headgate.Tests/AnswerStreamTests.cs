namespace Headgate.Tests;

[Collection(Threads.Alone)]
public sealed class AnswerStreamTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_read_that_blocks_ends_at_the_timeout_as_one_that_does_not(bool saysThatNothingFollows)
    {
        using var body = new BlockingStream { SaysThatNothingFollows = saysThatNothingFollows };
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
        using var body = new BlockingStream();
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

    /// <summary>A body of which nothing comes, and whose reads know no token.</summary>
    private sealed class BlockingStream : MemoryStream
    {
        private readonly ManualResetEventSlim _isOver = new();

        public TaskCompletionSource IsRead { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>What the transport does of which a body was disposed: the end, in the place of an exception.</summary>
        public bool SaysThatNothingFollows { get; init; }

        public override bool CanSeek => false;

        public override int Read(Span<byte> buffer)
        {
            IsRead.TrySetResult();
            _isOver.Wait();
            return SaysThatNothingFollows ? 0 : throw new ObjectDisposedException(nameof(BlockingStream));
        }

        protected override void Dispose(bool disposing)
        {
            _isOver.Set();
            base.Dispose(disposing);
        }
    }
}
