using System.Threading.RateLimiting;
using Headgate.Time;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;

namespace Headgate.Tests;

/// <summary>Code that was written for the limiters of the runtime, with ours in their place.</summary>
public sealed class GateLimiterDropInTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public async Task Behind_the_middleware_of_aspnet_each_partition_has_its_limiter()
    {
        var app = Pipeline(options =>
        {
            options.RejectionStatusCode = 429;
            options.OnRejected = (rejected, _) =>
            {
                if (rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after))
                    rejected.HttpContext.Response.Headers.RetryAfter = Math.Ceiling(after.TotalSeconds).ToString("0");
                return default;
            };
            options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context =>
                RateLimitPartition.Get(context.Request.Headers["X-Key"].ToString(), _ => new GateLimiter(["2/s", "3/min"], new GateLimiterOptions { TimeProvider = _time, QueueLimit = 0 })));
        });

        Assert.Equal([(200, ""), (200, ""), (429, "2")], await Ask(app, "a", 3));
        Assert.Equal([(200, ""), (200, ""), (429, "2")], await Ask(app, "b", 3));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal([(200, ""), (429, "59")], await Ask(app, "a", 2));
    }

    [Fact]
    public async Task Behind_the_middleware_of_aspnet_one_limiter_serves_every_key()
    {
        await using var limiter = new GateLimiter<string>(["2/s"], new GateLimiterOptions<string> { TimeProvider = _time, QueueLimit = 0, TotalLimits = ["3/s"] });
        var app = Pipeline(options =>
        {
            options.RejectionStatusCode = 429;
            options.GlobalLimiter = limiter.WithTranslatedKey<HttpContext>(context => context.Request.Headers["X-Key"].ToString(), leaveOpen: true);
        });

        Assert.Equal([200, 200, 429], (await Ask(app, "a", 3)).Select(answer => answer.Status));
        Assert.Equal([200, 429], (await Ask(app, "b", 2)).Select(answer => answer.Status));
    }

    [Fact]
    public async Task A_request_that_waits_goes_through_the_middleware_when_there_is_room()
    {
        using var limiter = new GateLimiter(["1/s"], new GateLimiterOptions { TimeProvider = _time });
        var app = Pipeline(options => options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, int>(_ => RateLimitPartition.Get(0, _ => limiter)));
        Assert.Equal([(200, "")], await Ask(app, "a", 1));
        var waits = Ask(app, "a", 1);
        Assert.False(waits.IsCompleted);
        Assert.Equal(1, limiter.Statistics.Waiting);
        _time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal([(200, "")], await waits);
    }

    [Fact]
    public async Task In_a_chain_it_is_a_link_like_any_other()
    {
        using var ours = new GateLimiter(["2/s", "3/min"], new GateLimiterOptions { TimeProvider = _time });
        using var theirs = new ConcurrencyLimiter(new ConcurrencyLimiterOptions { PermitLimit = 10 });
        await using var chain = RateLimiter.CreateChained(theirs, ours);
        using var first = chain.AttemptAcquire();
        using var second = await chain.AcquireAsync();
        Assert.True(first.IsAcquired && second.IsAcquired);
        using var third = chain.AttemptAcquire();
        Assert.False(third.IsAcquired);
        Assert.True(third.TryGetMetadata(MetadataName.RetryAfter, out var after));
        Assert.InRange(after.TotalSeconds, 1, 1.01);
        Assert.Equal(8, theirs.GetStatistics()!.CurrentAvailablePermits);
        var waits = chain.AcquireAsync();
        Assert.False(waits.IsCompleted);
        _time.Advance(after);
        Assert.True((await waits).IsAcquired);
    }

    [Fact]
    public async Task A_handler_that_takes_any_limiter_takes_this_one()
    {
        RateLimiter limiter = new GateLimiter(["2/s"], new GateLimiterOptions { TimeProvider = _time, QueueLimit = 1 });
        using var client = new HttpClient(new Limited(limiter)) { BaseAddress = new Uri("http://nowhere.invalid") };
        var answers = Enumerable.Range(0, 4).Select(_ => client.GetAsync("/")).ToList();
        while (limiter.GetStatistics()!.CurrentQueuedCount < 1 || answers.Count(answer => answer.IsCompleted) < 3)
            await Task.Yield();
        _time.Advance(TimeSpan.FromSeconds(2));
        await Task.WhenAll(answers);
        Assert.Equal([200, 200, 200, 429], answers.Select(answer => (int)answer.Result.StatusCode).Order());
        await limiter.DisposeAsync();
    }

    private static RequestDelegate Pipeline(Action<RateLimiterOptions> configure)
    {
        var services = new ServiceCollection().AddLogging().AddMetrics().AddRateLimiter(configure).BuildServiceProvider();
        var app = new ApplicationBuilder(services);
        app.UseRateLimiter();
        app.Run(context => Task.CompletedTask);
        return app.Build();
    }

    private static async Task<List<(int Status, string RetryAfter)>> Ask(RequestDelegate app, string key, int times)
    {
        var answers = new List<(int, string)>();
        for (; times > 0; times--)
        {
            var context = new DefaultHttpContext();
            context.Request.Headers["X-Key"] = key;
            await app(context);
            answers.Add((context.Response.StatusCode, context.Response.Headers.RetryAfter.ToString()));
        }
        return answers;
    }

    /// <summary>As the documentation of the runtime shows it.</summary>
    private sealed class Limited(RateLimiter limiter) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using var lease = await limiter.AcquireAsync(1, cancellationToken);
            return new HttpResponseMessage(lease.IsAcquired ? System.Net.HttpStatusCode.OK : System.Net.HttpStatusCode.TooManyRequests);
        }
    }
}
