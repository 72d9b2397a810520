using System.Net;
using Headgate.App.Simulator;
using Headgate.Limits;

namespace Headgate.IntegrationTests.Simulator;

public sealed class Http2Tests
{
    private readonly HttpClient _http = new() { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

    [Fact]
    public async Task Answers_and_refuses_over_http2_without_tls()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Http2 = true, Limits = [Limit.Parse("2/min")] });
        var answers = new List<HttpResponseMessage>();
        for (var i = 0; i < 3; i++)
            answers.Add(await _http.GetAsync(api.Url));
        Assert.Equal([200, 200, 429], answers.Select(answer => (int)answer.StatusCode));
        Assert.All(answers, answer => Assert.Equal(HttpVersion.Version20, answer.Version));
        Assert.Empty(api.Report().Failures);
    }

    [Fact]
    public async Task Each_way_of_breaking_leaves_the_simulator_unbroken()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Http2 = true });
        Assert.Equal(HttpRequestError.HttpProtocolError, await FailAsync(api.Url + "/reset"));
        Assert.Equal(1, api.Report().Arrivals);
        await FailAsync(api.Url + "/fin");
        await FailAsync(api.Url + "/refused-stream");
        using var brief = new CancellationTokenSource(200);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _http.GetAsync(api.Url + "/hang", brief.Token));
        await WireTests.UntilAsync(() => api.Report().InFlight == 0);
        Assert.Equal("""{"ok":true,"path":"/close",""", (await _http.GetStringAsync(api.Url + "/close"))[..27]);
        Assert.Empty(api.Report().Failures);
    }

    [Fact]
    public async Task The_bare_http_client_repeats_a_refused_stream()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Http2 = true });
        await FailAsync(api.Url + "/refused-stream");
        Assert.Equal(4, api.Report().Arrivals);
    }

    private async Task<HttpRequestError> FailAsync(string url) => (await Assert.ThrowsAsync<HttpRequestException>(() => _http.GetAsync(url))).HttpRequestError;
}
