using System.Net;
using System.Net.Http.Headers;

namespace Headgate.Tests;

[Collection(Threads.Alone)]
public sealed class HeadgateHandlerTokenTests
{
    [Fact]
    public async Task A_token_is_fetched_once_and_again_before_it_expires()
    {
        var fetched = 0;
        using var world = new FakeWorld();
        using var client = new HeadgateClient("https://api.test", o => o.Token = _ => Task.FromResult(new AccessToken($"token-{++fetched}", world.Time.GetUtcNow().AddMinutes(60))), world.Server, world.Time);
        await client.GetStringAsync("a");
        await client.GetStringAsync("b");
        world.Time.Advance(TimeSpan.FromMinutes(59.5));
        await client.GetStringAsync("c");
        using var own = new HttpRequestMessage(HttpMethod.Get, "d") { Headers = { Authorization = new AuthenticationHeaderValue("Basic", "mine") } };
        using var answer = await client.SendAsync(own);

        Assert.Equal(["Bearer token-1", "Bearer token-1", "Bearer token-2", "Basic mine"], world.Server.Credentials);
    }

    [Fact]
    public async Task Whoever_waits_for_longer_than_a_token_lives_goes_with_a_new_one_and_its_request_stays_as_it_was()
    {
        var fetched = 0;
        using var world = new FakeWorld();
        using var client = new HeadgateClient("https://api.test", o =>
        {
            (o.Limits, o.Timing) = (["1/min"], "nominal");
            o.Token = _ => Task.FromResult(new AccessToken($"token-{++fetched}", world.Time.GetUtcNow().AddSeconds(10)));
        }, world.Server, world.Time);
        await client.GetStringAsync("a");
        using var request = new HttpRequestMessage(HttpMethod.Get, "b");

        using var answer = await world.EndAsync(client.SendAsync(request));

        Assert.Equal(["Bearer token-1", "Bearer token-2"], world.Server.Credentials);
        Assert.Null(request.Headers.Authorization);
    }

    [Fact]
    public async Task A_supplier_that_gives_no_token_holds_nobody_beyond_his_deadline()
    {
        using var world = new FakeWorld(o => o.Token = async stop =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
            return new AccessToken("never");
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, "a").WithDeadline(TimeSpan.FromSeconds(1));

        var failure = await Assert.ThrowsAsync<HeadgateException>(() => world.EndAsync(world.Client.SendAsync(request)));

        Assert.Equal((FailureClass.Deadline, 0), (failure.FailureClass, failure.Attempts));
        Assert.InRange(world.Time.Elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        Assert.Empty(world.Server.Arrivals);
    }

    [Fact]
    public async Task Whose_deadline_passes_while_a_new_token_is_awaited_gives_his_permit_back()
    {
        var (fetched, later) = (0, new TaskCompletionSource<AccessToken>());
        using var world = new FakeWorld();
        using var client = new HeadgateClient("https://api.test", o =>
        {
            o.Limits = ["1 concurrent"];
            o.Token = _ => ++fetched == 1 ? Task.FromResult(new AccessToken("token-1", world.Time.GetUtcNow().AddSeconds(10))) : later.Task;
        }, world.Server, world.Time);
        var first = await client.GetAsync("a", HttpCompletionOption.ResponseHeadersRead);
        using var request = new HttpRequestMessage(HttpMethod.Get, "b").WithDeadline(TimeSpan.FromSeconds(25));
        var second = client.SendAsync(request);
        world.Time.Advance(TimeSpan.FromSeconds(20));
        // The permit comes now, and the token has expired meanwhile.
        first.Dispose();

        var failure = await Assert.ThrowsAsync<HeadgateException>(() => world.EndAsync(second));

        Assert.Equal((FailureClass.Deadline, 0, 2), (failure.FailureClass, failure.Attempts, fetched));
        Assert.InRange(world.Time.Elapsed, TimeSpan.FromSeconds(25), TimeSpan.FromSeconds(30));
        later.SetResult(new AccessToken("token-2"));
        Assert.Equal("done", await world.EndAsync(client.GetStringAsync("c")));
        Assert.Equal(["Bearer token-1", "Bearer token-2"], world.Server.Credentials);
    }

    [Fact]
    public async Task A_token_that_has_expired_when_it_comes_is_fetched_no_more_than_once_a_second()
    {
        var fetched = 0;
        using var world = new FakeWorld();
        using var client = new HeadgateClient("https://api.test", o => o.Token = _ => Task.FromResult(new AccessToken($"token-{++fetched}", world.Time.GetUtcNow().AddSeconds(-5))), world.Server, world.Time);
        await client.GetStringAsync("a");
        await client.GetStringAsync("b");
        world.Time.Advance(TimeSpan.FromSeconds(1));
        await client.GetStringAsync("c");

        Assert.Equal(["Bearer token-1", "Bearer token-1", "Bearer token-2"], world.Server.Credentials);
    }

    [Theory]
    [InlineData("")]
    [InlineData("x\r\nEvil: 1")]
    [InlineData("naïve")]
    public void A_token_that_no_header_can_carry_is_none(string value)
    {
        var wrong = Assert.Throws<ArgumentException>(() => new AccessToken(value));
        Assert.DoesNotContain("Evil", wrong.Message);
    }

    [Fact]
    public async Task A_redirect_elsewhere_leaves_the_token_behind()
    {
        using var world = new FakeWorld(o => o.Token = _ => Task.FromResult(new AccessToken("secret")));
        world.Server.Instead = (number, _) => number > 1 ? FakeServer.Done : Task.FromResult(new HttpResponseMessage(HttpStatusCode.Found) { Headers = { Location = new Uri("https://elsewhere.test/x") } });

        using var answer = await world.Client.GetAsync("a");

        Assert.Equal(["Bearer secret", null], world.Server.Credentials);
        Assert.Equal(("https://elsewhere.test/x", 2), (answer.RequestMessage!.RequestUri!.ToString(), answer.GetHeadgate()!.Attempts));
    }
}
