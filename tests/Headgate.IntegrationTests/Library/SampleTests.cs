using System.Net;
using global::Library;
using Headgate.App.Simulator;
using Headgate.Limits;

namespace Headgate.IntegrationTests.Library;

/// <summary>Every sample of the library does what it says, against an API that enforces its limits.</summary>
public sealed class SampleTests
{
    [Fact]
    public async Task The_one_liner_gets_every_answer()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("100/s"), Limit.Parse("5000/h")] });

        Assert.All(await OneLiner.RunAsync(api.Url), answer => Assert.Contains("\"ok\":true", answer));

        Assert.Equal((50, 0), (api.Report().Accepted, api.Report().Refused));
    }

    [Fact]
    public async Task Token_limits_send_a_post_with_its_key()
    {
        await using var api = await SimulatedApi.StartAsync(new());

        Assert.Equal(200, await TokenLimits.RunAsync(api.Url));
    }

    [Fact]
    public async Task Three_tokens_are_all_used_and_named()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("5000/h")] });

        Assert.Equal(["key-1", "key-2", "key-3"], await ThreeTokens.RunAsync(api.Url, "ghp_a", "ghp_b", "ghp_c"));

        Assert.Equal(3, api.Report().Keys.Count);
    }

    [Fact]
    public async Task Two_clients_share_one_limit()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("20/s")] });

        Assert.Equal(30, await SharedLimits.RunAsync(api.Url));

        Assert.Equal(0, api.Report().Refused);
    }

    [Fact]
    public async Task Retries_stand_outside_and_inside_they_are_refused()
    {
        await using var api = await SimulatedApi.StartAsync(new());

        Assert.Equal(200, await OuterRetries.RunAsync(api.Url));
        Assert.Contains("RetryHandler", Assert.Throws<ArgumentException>(OuterRetries.Wrong).Message);
    }

    [Fact]
    public async Task Callers_of_a_service_share_the_limits_behind_it()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("20/s")] });
        await using var service = WebService.Build(api.Url, "--urls", "http://127.0.0.1:0", "--Logging:LogLevel:Default", "None");
        await service.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(service.Urls.Single()) };

        var answers = await Task.WhenAll(Enumerable.Range(1, 30).Select(number => http.GetAsync($"/things/{number}")));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.Equal(("Healthy", 0), (await http.GetStringAsync("/health"), api.Report().Refused));
    }
}
