using System.Net;
using Headgate.App.Simulator;
using Headgate.Limits;

namespace Headgate.IntegrationTests.Library;

/// <summary>A handler of the caller's at the end of the line keeps the promises that one of our own does.</summary>
public sealed class OwnHandlerTests
{
    [Fact]
    public async Task Its_sends_are_stamped_and_stay_within_the_limits()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("20/s")] });
        using var chain = new Passing { InnerHandler = new SocketsHttpHandler() };
        using var client = new HeadgateClient(api.Url, o => o.Limits = ["20/s"], chain);

        var answers = await Task.WhenAll(Enumerable.Range(1, 45).Select(number => client.GetAsync($"things/{number}")));

        Assert.All(answers, answer => Assert.Equal((HttpStatusCode.OK, 1), (answer.StatusCode, answer.GetHeadgate()!.Attempts)));
        Assert.Equal((45, 0), (api.Report().Accepted, api.Report().Refused));
        Assert.Equal((45, 0), (client.GetMetrics().Successful, client.GetMetrics().ActiveConnections));
    }

    [Fact]
    public async Task A_second_process_that_would_share_the_state_is_refused_and_a_later_one_remembers()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("2/min")] });
        var folder = Directory.CreateTempSubdirectory("headgate-library-").FullName;
        try
        {
            using (var first = Client())
            {
                await first.GetStringAsync("a");
                await first.GetStringAsync("b");
                using var second = Client();
                Assert.Contains("process ", (await Assert.ThrowsAsync<InvalidOperationException>(() => second.GetStringAsync("c"))).Message);
            }
            using var later = Client();
            using var request = new HttpRequestMessage(HttpMethod.Get, "d").WithDeadline(TimeSpan.FromSeconds(5));
            Assert.Equal(FailureClass.Deadline, (await Assert.ThrowsAsync<HeadgateException>(() => later.SendAsync(request))).FailureClass);
            Assert.Equal((2, 0), (api.Report().Accepted, api.Report().Refused));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        HeadgateClient Client() => new(api.Url, o => (o.Limits, o.StatePath) = (["2/min"], folder));
    }

    private sealed class Passing : DelegatingHandler;
}
