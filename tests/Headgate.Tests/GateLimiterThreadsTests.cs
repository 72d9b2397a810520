using System.Threading.RateLimiting;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>Many threads at once; time stands still, so that what may go is known.</summary>
public sealed class GateLimiterThreadsTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public async Task However_many_come_at_once_each_key_and_all_together_get_what_they_may()
    {
        using var limiter = new GateLimiter<int>(["5/s"], new GateLimiterOptions<int> { TimeProvider = _time, TotalLimits = ["400/s"], QueueLimit = 2 });
        var granted = new int[100];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            var random = new Random(thread);
            for (var times = 0; times < 5000; times++)
            {
                var key = random.Next(granted.Length);
                if (times % 100 == 0)
                    limiter.Update(["5/s"]);
                if (times % 3 == 0 ? limiter.TryAcquire(key) : limiter.AcquireAsync(key, 1, TimeSpan.Zero).Result.IsAcquired)
                    Interlocked.Increment(ref granted[key]);
            }
        })));
        Assert.Equal(400, granted.Sum());
        Assert.InRange(granted.Max(), 1, 5);
        Assert.Equal(400, limiter.Statistics.Allowed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whoever_comes_while_it_is_disposed_is_told(bool keyed)
    {
        for (var round = 0; round < 50; round++)
        {
            using var one = new GateLimiter(["1/s"], new GateLimiterOptions { TimeProvider = _time });
            using var many = new GateLimiter<int>(["1/s"], new GateLimiterOptions<int> { TimeProvider = _time });
            var waits = new List<ValueTask<RateLimitLease>>();
            using var begun = new SemaphoreSlim(0);
            var coming = Task.Run(() =>
            {
                try
                {
                    for (var times = 0; times < 100_000; times++)
                    {
                        waits.Add(keyed ? many.AcquireAsync(times % 3) : one.AcquireAsync());
                        if (times == 20)
                            begun.Release();
                    }
                }
                catch (ObjectDisposedException) { }
            });
            await begun.WaitAsync();
            if (keyed)
                many.Dispose();
            else
                one.Dispose();
            await coming;
            Assert.All(waits, wait => Assert.True(wait.IsCompletedSuccessfully));
            Assert.Equal(keyed ? 3 : 1, waits.Count(wait => wait.Result.IsAcquired));
        }
    }
}
