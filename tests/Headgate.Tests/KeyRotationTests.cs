using System.Net;

namespace Headgate.Tests;

[Collection(Threads.Alone)]
public sealed class KeyRotationTests : IDisposable
{
    private readonly Vault _vault = new();
    private readonly FakeWorld _world;

    public KeyRotationTests() => _world = new FakeWorld(o =>
    {
        (o.Timing, o.Retries) = ("nominal", 0);
        o.Upstreams["api"] = new UpstreamOptions { Base = ["https://api.test"], Keys = { Source = _vault, Refresh = TimeSpan.FromSeconds(2), Limits = ["2/min"] } };
    });

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Keys_are_read_anew_from_time_to_time_and_used_from_then_on()
    {
        _vault.Keys = [new ApiKey("one", "k1")];
        await SendAsync();
        _vault.Keys = [new ApiKey("two", "k2")];
        await PassAsync(TimeSpan.FromSeconds(3));
        await SendAsync();

        Assert.Equal(["Bearer k1", "Bearer k2"], _world.Server.Credentials);
    }

    [Fact]
    public async Task A_key_that_is_rejected_is_looked_up_before_it_is_given_up()
    {
        _vault.Keys = [new ApiKey("one", "k1")];
        _world.Server.Answer = request => FakeServer.Text("", request.Headers.Authorization!.Parameter == "k1" ? HttpStatusCode.Unauthorized : HttpStatusCode.OK);
        var first = _world.Client.GetAsync("a");
        await _world.EndAsync(first);
        Assert.Equal(HttpStatusCode.Unauthorized, (await first).StatusCode);

        _vault.Keys = [new ApiKey("one", "k2")];
        await PassAsync(TimeSpan.FromSeconds(3));
        _vault.Keys = [new ApiKey("one", "k3")];
        _world.Server.Answer = request => FakeServer.Text("", request.Headers.Authorization!.Parameter == "k2" ? HttpStatusCode.Unauthorized : HttpStatusCode.OK);
        using var second = await _world.EndAsync(_world.Client.GetAsync("b"));

        Assert.Equal((HttpStatusCode.OK, "one"), (second.StatusCode, second.GetHeadgate()!.Key));
        Assert.Equal(["Bearer k1", "Bearer k2", "Bearer k3"], _world.Server.Credentials);
    }

    [Fact]
    public async Task A_key_that_comes_back_finds_its_window_as_it_was()
    {
        _vault.Keys = [new ApiKey("one", "k1"), new ApiKey("two", "k2")];
        foreach (var _ in Enumerable.Range(0, 4))
            await SendAsync();
        _vault.Keys = [new ApiKey("two", "k2")];
        await PassAsync(TimeSpan.FromSeconds(3));
        _vault.Keys = [new ApiKey("uno", "k1"), new ApiKey("two", "k2")];
        await PassAsync(TimeSpan.FromSeconds(3));
        var begun = _world.Time.Elapsed;
        await _world.EndAsync(_world.Client.GetAsync("late"));

        Assert.InRange(_world.Time.Elapsed, TimeSpan.FromMinutes(1), begun + TimeSpan.FromMinutes(1.5));
    }

    [Fact]
    public async Task A_key_that_comes_back_after_it_was_forgotten_is_used_and_its_sends_are_remembered()
    {
        using var folder = new Input.TempFolder();
        using var world = new FakeWorld(o =>
        {
            (o.Timing, o.Retries, o.StatePath) = ("nominal", 0, folder["state"]);
            o.Upstreams["api"] = new UpstreamOptions { Base = ["https://api.test"], Keys = { Source = _vault, Refresh = TimeSpan.FromSeconds(2), Limits = ["2/s", "50/h"] } };
        });
        foreach (var key in (string[])["a", "b", "c", "d", "a"])
        {
            _vault.Keys = [new ApiKey(key, $"key {key}".Replace(' ', '-'))];
            world.Time.Advance(TimeSpan.FromSeconds(3));
            (await world.EndAsync(world.Client.GetAsync("x"))).Dispose();
            // As long as something of it counts it is kept.
            world.Time.Advance(TimeSpan.FromHours(2));
        }
        Assert.Equal("Bearer key-a", world.Server.Credentials[^1]);
    }

    [Fact]
    public async Task None_of_those_that_are_given_can_be_used_and_those_that_are_there_stay()
    {
        _vault.Keys = [new ApiKey("one", "k1")];
        await SendAsync();
        _world.Server.Answer = request => FakeServer.Text("", request.Headers.Authorization!.Parameter == "k2" ? HttpStatusCode.Unauthorized : HttpStatusCode.OK);
        _vault.Keys = [new ApiKey("one", "k1"), new ApiKey("two", "k2")];
        await PassAsync(TimeSpan.FromSeconds(3));
        await SendAsync();
        await SendAsync();
        _vault.Keys = [new ApiKey("two", "k2")];
        await PassAsync(TimeSpan.FromMinutes(2));
        await SendAsync();

        Assert.Equal("Bearer k1", _world.Server.Credentials[^1]);
    }

    [Fact]
    public async Task What_cannot_be_read_leaves_the_keys_as_they_are()
    {
        _vault.Keys = [new ApiKey("one", "k1")];
        await SendAsync();
        _vault.Keys = null;
        await PassAsync(TimeSpan.FromSeconds(3));
        await SendAsync();

        Assert.Equal(["Bearer k1", "Bearer k1"], _world.Server.Credentials);
    }

    private async Task SendAsync() => (await _world.EndAsync(_world.Client.GetAsync("a"))).Dispose();

    private Task PassAsync(TimeSpan time)
    {
        var until = _world.Time.Elapsed + time;
        return Threads.PassUntilAsync(_world.Time, () => _world.Time.Elapsed >= until, milliseconds: 500);
    }

    private sealed class Vault : IKeySource
    {
        public IReadOnlyList<ApiKey>? Keys { get; set; } = [new ApiKey("none", "k0")];

        public IReadOnlyList<ApiKey> GetKeys(string upstream) => Keys ?? throw new IOException("the vault is closed");
    }
}
