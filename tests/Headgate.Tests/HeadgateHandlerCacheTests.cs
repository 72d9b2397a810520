using System.Net;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>Answers that a program's own client, and its jobs, get from the cache.</summary>
[Collection(Threads.Alone)]
public sealed class HeadgateHandlerCacheTests
{
    [Fact]
    public async Task An_answer_that_is_stored_tells_so_and_is_the_same_to_its_reader()
    {
        using var world = new FakeWorld(o => o.Cache = "http");
        world.Server.Answer = _ => Cacheable("täxt");
        using var first = await world.EndAsync(world.Client.GetAsync("a"));
        var read = await first.Content.ReadAsStringAsync();

        using var second = await world.EndAsync(world.Client.GetAsync("a"));

        Assert.Equal(("miss", "hit"), (first.GetHeadgate()!.Cache, second.GetHeadgate()!.Cache));
        Assert.Equal((read, 0, "https://api.test"), (await second.Content.ReadAsStringAsync(), second.GetHeadgate()!.Attempts, second.GetHeadgate()!.Upstream));
        Assert.Equal(first.Content.Headers.ContentType, second.Content.Headers.ContentType);
        Assert.Equal(("https://api.test/v1/a", TimeSpan.Zero), (second.RequestMessage!.RequestUri!.ToString(), second.Headers.Age));
        Assert.Single(world.Server.Arrivals);
        Assert.Equal((2, 2), (world.Client.GetMetrics().Successful, world.Client.GetMetrics().Total));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_that_is_read_as_a_stream_is_stored_when_it_was_read_to_its_end(bool isReadWhole)
    {
        using var world = new FakeWorld(o => o.Cache = "http");
        world.Server.Answer = _ => Cacheable(new string('x', 100_000));
        for (var number = 0; number < 2; number++)
        {
            using var answer = await world.EndAsync(world.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "a"), HttpCompletionOption.ResponseHeadersRead));
            await using var stream = await answer.Content.ReadAsStreamAsync();
            if (isReadWhole)
                await stream.CopyToAsync(Stream.Null);
            else
                await stream.ReadExactlyAsync(new byte[1000]);
        }

        Assert.Equal(isReadWhole ? 1 : 2, world.Server.Arrivals.Count);
    }

    [Fact]
    public async Task An_answer_that_is_held_and_never_read_holds_nobody_who_asks_the_same_for_long()
    {
        using var world = new FakeWorld(o => o.Cache = "http");
        world.Server.Answer = _ => Cacheable(new string('x', 100_000));
        using var held = await world.EndAsync(world.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "a"), HttpCompletionOption.ResponseHeadersRead));
        var before = world.Time.Elapsed;

        Assert.Equal(100_000, (await world.EndAsync(world.Client.GetStringAsync("a"))).Length);
        Assert.InRange(world.Time.Elapsed - before, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task An_answer_that_is_forgotten_is_collected_no_longer_and_whoever_comes_back_to_it_reads_all_of_it()
    {
        using var world = new FakeWorld(o => o.Cache = "ttl=3600");
        world.Server.Answer = _ => Cacheable(new string('x', 100_000));
        using var forgotten = await world.EndAsync(world.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "a"), HttpCompletionOption.ResponseHeadersRead));
        await using var stream = await forgotten.Content.ReadAsStreamAsync();
        await stream.ReadExactlyAsync(new byte[1000]);

        world.Time.Advance(OpenAnswers.Patience);
        var rest = new MemoryStream();
        await stream.CopyToAsync(rest);

        Assert.Equal(99_000, rest.Length);
        // It was not stored, though it was read to its end.
        using var next = await world.EndAsync(world.Client.GetAsync("a"));
        Assert.Equal("miss", next.GetHeadgate()!.Cache);
    }

    [Fact]
    public async Task A_job_that_finds_its_answer_ends_at_once_and_is_recorded_so()
    {
        var time = new VirtualTime();
        var sent = 0;
        var api = new FakeApi((_, _) =>
        {
            sent++;
            return Task.FromResult(Cacheable("ok"));
        });
        await using var mux = new Multiplexer(new MultiplexerOptions { Cache = "ttl=60" }, api.In(time));
        await mux.StartAsync(TestContext.Current.CancellationToken);
        List<string> ids = [];
        for (var number = 0; number < 3; number++)
        {
            ids.Add(await mux.SubmitAsync(new JobRequest("https://api.test/"), TestContext.Current.CancellationToken));
            var waiting = mux.WaitAsync(ids, Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken);
            await Threads.PassUntilAsync(time, () => waiting.IsCompleted);
            Assert.All(await waiting, job => Assert.Equal((JobStatus.Completed, "ok"), (job.Status, job.Result!.Text)));
        }

        Assert.Equal(1, sent);
    }

    private static HttpResponseMessage Cacheable(string text)
    {
        var answer = FakeServer.Text(text);
        answer.Headers.TryAddWithoutValidation("Cache-Control", "max-age=60");
        return answer;
    }
}
