using Headgate.IntegrationTests.Connections;
using Headgate.IntegrationTests.Transport;

namespace Headgate.IntegrationTests.Library;

/// <summary>Bodies that a caller reads by himself, and that do not come as they should.</summary>
public sealed class AnswerTests
{
    [Fact]
    public async Task A_copy_of_a_stream_that_ends_before_its_announced_length_fails()
    {
        await using var server = new FrameServer(_ => StreamReaction.ShortBody);
        using var client = new HeadgateClient(server.Uri.ToString(), o => o.Upstreams["api"] = new UpstreamOptions { Base = [server.Uri.ToString()], Connections = { Http = "2" } });
        using var answer = await client.GetAsync("a", HttpCompletionOption.ResponseHeadersRead);

        var failure = await Assert.ThrowsAsync<HeadgateException>(() => answer.Content.CopyToAsync(Stream.Null));

        Assert.Equal((FailureClass.Network, true), (failure.FailureClass, failure.MaybeSent));
        Assert.Equal((1, 0), (client.GetMetrics().Failed, client.GetMetrics().ActiveConnections));
    }

    [Fact]
    public async Task A_read_that_blocks_and_times_out_takes_nothing_of_the_next_answer()
    {
        var rest = new TaskCompletionSource();
        await using var server = new ByteServer(async request =>
        {
            if (request.Path == "/slow")
            {
                await request.SayAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
                await rest.Task.WaitAsync(request.Stop);
                await request.SayAsync("67890");
            }
            else
                await request.SayAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext");
            return true;
        });
        using var client = new HeadgateClient(server.Url, o => (o.Timeout, o.Retries) = (TimeSpan.FromMilliseconds(500), 0));
        for (var times = 0; times < 3; times++)
        {
            using (var slow = await client.GetAsync("slow", HttpCompletionOption.ResponseHeadersRead))
            {
                var stream = await slow.Content.ReadAsStreamAsync();
                var failure = await Assert.ThrowsAsync<TaskCanceledException>(() => Task.Run(() => stream.ReadExactly(new byte[10])));
                Assert.IsType<TimeoutException>(failure.InnerException);
            }
            rest.TrySetResult();
            rest = new TaskCompletionSource();

            Assert.Equal(["next", "next"], await Task.WhenAll(client.GetStringAsync("next"), client.GetStringAsync("next")));
        }
    }
}
