namespace Headgate.Tests;

[Collection(Threads.Alone)]
public sealed class AnswerContentTests
{
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task What_fails_where_a_body_is_copied_to_is_told_as_it_is_and_frees_its_place(bool isWatched, bool isAtOnce)
    {
        using var world = new FakeWorld(o => (o.Limits, o.MaxBody) = (["1 concurrent"], isWatched ? 1000 : null));
        using var answer = await world.Client.GetAsync("a", HttpCompletionOption.ResponseHeadersRead);
        var full = new IOException("No space left on device");

        var failure = await Assert.ThrowsAnyAsync<Exception>(() => answer.Content.CopyToAsync(new FullDisk(full, isAtOnce)));

        Assert.DoesNotContain(Chain(failure), told => told is HeadgateException);
        Assert.Contains(full, Chain(failure));
        Assert.Equal("done", await world.EndAsync(world.Client.GetStringAsync("b")));
        Assert.Equal(0L, world.Client.GetMetrics().ActiveConnections);
    }

    [Fact]
    public async Task More_than_HttpClient_buffers_is_told_in_its_own_words()
    {
        using var world = new FakeWorld();
        world.Client.MaxResponseContentBufferSize = 2;

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => world.Client.GetAsync("a"));

        Assert.Equal(HttpRequestError.ConfigurationLimitExceeded, failure.HttpRequestError);
        Assert.Equal(0L, world.Client.GetMetrics().ActiveConnections);
    }

    [Fact]
    public async Task A_copy_that_is_cancelled_while_it_writes_is_a_cancellation()
    {
        using var world = new FakeWorld();
        using var answer = await world.Client.GetAsync("a", HttpCompletionOption.ResponseHeadersRead);
        using var giveUp = new CancellationTokenSource();
        var copying = answer.Content.CopyToAsync(new FullDisk(null, isAtOnce: false), giveUp.Token);

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copying);
        Assert.Equal(0L, world.Client.GetMetrics().ActiveConnections);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_copy_of_a_body_that_is_shorter_than_announced_fails(bool isWatched)
    {
        using var world = new FakeWorld(o => (o.Limits, o.MaxBody) = (["1 concurrent"], isWatched ? 1000 : null));
        // As over HTTP/2, where the transport itself sees nothing wrong with a stream that ends early.
        world.Server.Answer = _ => new HttpResponseMessage { Content = new StreamContent(new MemoryStream("ok"u8.ToArray())) { Headers = { ContentLength = 10 } } };
        using var answer = await world.Client.GetAsync("a", HttpCompletionOption.ResponseHeadersRead);

        var failure = await Assert.ThrowsAsync<HeadgateException>(() => answer.Content.CopyToAsync(Stream.Null));

        Assert.Equal((FailureClass.Network, true), (failure.FailureClass, failure.MaybeSent));
        Assert.Equal((1, 0), (world.Client.GetMetrics().Failed, world.Client.GetMetrics().ActiveConnections));
    }

    private static IEnumerable<Exception> Chain(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
            yield return failure;
    }

    /// <summary>Fails every write, at once or later; without a failure they go on until they are cancelled.</summary>
    private sealed class FullDisk(Exception? failure, bool isAtOnce) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            isAtOnce ? throw failure! : new ValueTask(LateAsync(cancellationToken));

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        private async Task LateAsync(CancellationToken cancellation)
        {
            await Task.Yield();
            if (failure is not null)
                throw failure;
            await new TaskCompletionSource().Task.WaitAsync(cancellation);
        }
    }
}
