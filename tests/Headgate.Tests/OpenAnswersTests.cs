using System.Net;

namespace Headgate.Tests;

[Collection(Threads.Alone)]
public sealed class OpenAnswersTests
{
    [Fact]
    public async Task An_answer_that_is_forgotten_keeps_a_breaker_half_open_for_no_more_than_five_minutes()
    {
        using var world = new FakeWorld(o => (o.Retries, o.Breaker.FailureThreshold, o.Breaker.SuccessThreshold, o.Breaker.RecoveryTimeout) = (0, 1, 1, TimeSpan.FromSeconds(2)));
        world.Server.Instead = (number, _) => number == 1 ? Task.FromResult(FakeServer.Text("", HttpStatusCode.InternalServerError)) : FakeServer.Done;
        (await world.Client.GetAsync("a")).Dispose();
        world.Time.Advance(TimeSpan.FromSeconds(3));
        using var forgotten = await world.Client.GetAsync("b", HttpCompletionOption.ResponseHeadersRead);
        var next = world.Client.GetStringAsync("c");
        world.Time.Advance(TimeSpan.FromMinutes(4.5));
        Assert.Equal((false, "half_open"), (next.IsCompleted, world.Client.GetMetrics().BreakerState));

        Assert.Equal("done", await world.EndAsync(next));

        Assert.InRange(world.Time.Elapsed, OpenAnswers.Patience, OpenAnswers.Patience + TimeSpan.FromSeconds(30));
        Assert.Equal("closed", world.Client.GetMetrics().BreakerState);
    }
}
