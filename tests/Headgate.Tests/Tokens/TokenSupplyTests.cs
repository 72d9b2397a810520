using Headgate.Time;
using Headgate.Tokens;

namespace Headgate.Tests.Tokens;

public sealed class TokenSupplyTests
{
    private readonly VirtualTime _time = new();
    private readonly List<string> _notices = [];
    private readonly List<TaskCompletionSource<AccessToken>> _asked = [];
    private readonly TokenSupply _tokens;

    public TokenSupplyTests() => _tokens = new TokenSupply(_ =>
    {
        _asked.Add(new TaskCompletionSource<AccessToken>());
        return _asked[^1].Task;
    }, _time, _notices.Add);

    [Fact]
    public async Task All_who_need_one_wait_for_the_same_and_one_who_gives_up_ends_nothing()
    {
        using var giveUp = new CancellationTokenSource();
        var (first, second) = (_tokens.PrepareAsync(giveUp.Token).AsTask(), _tokens.PrepareAsync(default).AsTask());
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        Give("one", 100);
        await second;

        Assert.Equal(("Bearer one", 1), (_tokens.Current, _asked.Count));
    }

    [Fact]
    public async Task A_wall_clock_that_is_set_back_does_not_lengthen_the_pause_after_a_failure()
    {
        var first = _tokens.PrepareAsync(default).AsTask();
        _asked[^1].SetException(new InvalidOperationException("away"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => first);
        _time.StepWall(TimeSpan.FromHours(-1));
        _time.Advance(TimeSpan.FromSeconds(1.1));

        var second = _tokens.PrepareAsync(default);
        Give("two", 100);
        await second;

        Assert.Equal("Bearer two", _tokens.Current);
    }

    [Fact]
    public async Task It_is_renewed_at_four_fifths_of_its_life_and_nobody_waits_for_that()
    {
        var first = _tokens.PrepareAsync(default);
        Give("one", 100);
        await first;
        _time.Advance(TimeSpan.FromSeconds(79));
        await _tokens.PrepareAsync(default);
        Assert.Single(_asked);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_tokens.PrepareAsync(default).IsCompletedSuccessfully);
        Assert.Equal(("Bearer one", 2), (_tokens.Current, _asked.Count));
        Give("two", 100);
        Assert.Equal("Bearer two", _tokens.Current);
    }

    [Fact]
    public async Task A_renewal_that_fails_is_told_and_tried_again_after_a_second()
    {
        var first = _tokens.PrepareAsync(default);
        Give("one", 100);
        await first;
        _time.Advance(TimeSpan.FromSeconds(90));
        await _tokens.PrepareAsync(default);
        _asked[^1].SetException(new InvalidOperationException("no login today"));

        await _tokens.PrepareAsync(default);
        Assert.Equal(2, _asked.Count);
        Assert.Contains("no login today", Assert.Single(_notices));
        _time.Advance(TimeSpan.FromSeconds(1));
        await _tokens.PrepareAsync(default);
        Assert.Equal(("Bearer one", 3), (_tokens.Current, _asked.Count));
    }

    [Fact]
    public async Task Without_a_good_one_everybody_gets_the_failure_of_the_supplier()
    {
        var (first, second) = (_tokens.PrepareAsync(default).AsTask(), _tokens.PrepareAsync(default).AsTask());
        _asked[0].SetException(new InvalidOperationException("no login today"));

        Assert.Equal("no login today", (await Assert.ThrowsAsync<InvalidOperationException>(() => first)).Message);
        await Assert.ThrowsAsync<InvalidOperationException>(() => second);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _tokens.PrepareAsync(default).AsTask());
        Assert.Single(_asked);
    }

    [Fact]
    public async Task Of_tokens_that_come_expired_one_is_fetched_each_second_whoever_needs_them()
    {
        for (var second = 1; second <= 3; second++)
        {
            var first = _tokens.PrepareAsync(default);
            Give($"{second}", 0);
            await first;
            for (var request = 0; request < 100; request++)
            {
                Assert.True(_tokens.PrepareAsync(default).IsCompletedSuccessfully && _tokens.IsGood);
                _time.Advance(TimeSpan.FromMilliseconds(5));
            }
            Assert.Equal(($"Bearer {second}", second), (_tokens.Current, _asked.Count));
            _time.Advance(TimeSpan.FromMilliseconds(501));
            Assert.False(_tokens.IsGood);
        }
        Assert.All(_notices, notice => Assert.Contains("had expired when it came", notice, StringComparison.Ordinal));
    }

    private void Give(string token, int seconds) => _asked[^1].SetResult(new AccessToken(token, _time.GetUtcNow().AddSeconds(seconds)));
}
