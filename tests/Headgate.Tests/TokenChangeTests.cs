using Headgate.Configuration;
using Headgate.Tokens;
using static Headgate.Tests.ChangingEngine;

namespace Headgate.Tests;

/// <summary>Tokens of an API whose configuration becomes another while requests wait for them, or with them.</summary>
[Collection(Threads.Alone)]
public sealed class TokenChangeTests
{
    [Fact]
    public async Task Who_waits_in_the_limits_while_tokens_are_given_up_goes_without_one_and_no_place_is_lost()
    {
        using var world = new ChangingEngine(Of(Tokened("a", "one", "1 concurrent")));
        world.Latency = TimeSpan.FromSeconds(10);
        var all = await world.SendManyAsync("https://a.test/", 4);

        world.Engine.Change(Of(Of("a", "1 concurrent")));
        await world.EndAsync(all);

        Assert.All(all, task => Assert.Equal("200", task.Result));
        Assert.Equal(["token", null, null, null], world.Arrivals.Select(arrival => arrival.Key));
        Assert.Equal(1, world.Left("a"));
    }

    [Fact]
    public async Task Who_waits_in_the_limits_while_another_client_takes_over_has_its_token()
    {
        using var world = new ChangingEngine(Of(Tokened("a", "one", "1 concurrent")));
        world.Latency = TimeSpan.FromSeconds(10);
        var all = await world.SendManyAsync("https://a.test/", 3);
        world.FetchToken = static _ => Task.FromResult(new AccessToken("of-two"));

        world.Engine.Change(Of(Tokened("a", "two", "1 concurrent")));
        await world.EndAsync(all);

        Assert.All(all, task => Assert.Equal("200", task.Result));
        Assert.Equal(["token", "of-two", "of-two"], world.Arrivals.Select(arrival => arrival.Key));
    }

    [Fact]
    public async Task Who_waits_in_the_limits_of_an_API_that_is_given_tokens_has_one_when_it_goes()
    {
        using var world = new ChangingEngine(Of(Of("a", "1 concurrent")));
        world.Latency = TimeSpan.FromSeconds(10);
        var all = await world.SendManyAsync("https://a.test/", 3);

        world.Engine.Change(Of(Tokened("a", "one", "1 concurrent")));
        await world.EndAsync(all);

        Assert.All(all, task => Assert.Equal("200", task.Result));
        Assert.Equal([null, "token", "token"], world.Arrivals.Select(arrival => arrival.Key));
    }

    [Fact]
    public async Task Where_there_is_no_token_after_all_who_waited_is_told_so_and_no_place_is_lost()
    {
        using var world = new ChangingEngine(Of(Of("a", "1 concurrent")));
        world.Latency = TimeSpan.FromSeconds(10);
        world.FetchToken = static _ => throw new TokenException("the token endpoint of login.test answered 401 invalid_client");
        var all = await world.SendManyAsync("https://a.test/", 3);

        world.Engine.Change(Of(Tokened("a", "one", "1 concurrent")));
        await world.EndAsync(all);

        Assert.Equal(["200", "Auth: there is no token: the token endpoint of login.test answered 401 invalid_client"], all.Select(task => task.Result).Distinct());
        Assert.Equal(1, world.Left("a"));
    }

    [Fact]
    public async Task Who_waits_for_the_token_of_a_client_that_another_takes_the_place_of_has_the_other_s()
    {
        using var world = new ChangingEngine(Of(Tokened("a", "one")));
        var asked = 0;
        world.FetchToken = async stop =>
        {
            Interlocked.Increment(ref asked);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
            return new AccessToken("never");
        };
        List<Task<string>> all = [world.SendAsync("https://a.test/1"), world.SendAsync("https://a.test/2", isDirect: true)];
        await FakeApi.Until(() => asked == 1);
        world.FetchToken = static _ => Task.FromResult(new AccessToken("of-two"));

        world.Engine.Change(Of(Tokened("a", "two")));
        await world.EndAsync(all);

        Assert.All(all, task => Assert.Equal("200", task.Result));
        Assert.Equal(["of-two", "of-two"], world.Arrivals.Select(arrival => arrival.Key));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_waits_for_an_answer_is_told_why_there_is_no_token_as_a_job_is(bool isDirect)
    {
        using var world = new ChangingEngine(Of(Tokened("a", "one")));
        world.FetchToken = static _ => throw new TokenException("the token endpoint of login.test answered 401 invalid_client");

        var sent = world.SendAsync("https://a.test/", isDirect: isDirect);
        await world.EndAsync([sent]);

        Assert.Equal("Auth: there is no token: the token endpoint of login.test answered 401 invalid_client", await sent);
        Assert.Empty(world.Arrivals);
    }

    [Fact]
    public async Task A_certificate_for_the_token_server_that_cannot_be_read_changes_nothing()
    {
        using var world = new ChangingEngine(Of(Tokened("a", "one", "5/min")));
        await world.EndAsync(await world.SendManyAsync("https://a.test/", 1));
        var before = world.Engine.UpstreamNamed("a")!.Token;

        var wrong = Assert.Throws<ConfigurationException>(() => world.Engine.Change(Of(Tokened("a", "one", "9/min") with { Tls = TlsConfiguration.Default with { Ca = "file:/there/is/none.pem" } })));

        Assert.Contains("/there/is/none.pem", wrong.Message, StringComparison.Ordinal);
        Assert.Equal((4L, before), (world.Left("a"), world.Engine.UpstreamNamed("a")!.Token));
        world.Engine.Change(Of(Tokened("a", "one", "9/min")));
        Assert.Equal(8, world.Left("a"));
    }

    private static UpstreamConfiguration Tokened(string name, string client, params string[] limits) =>
        Of(name, limits) with { OAuth = new OAuthConfiguration { TokenUrl = new Uri("https://login.test/token"), ClientId = client, ClientSecret = "env:NONE" } };
}
