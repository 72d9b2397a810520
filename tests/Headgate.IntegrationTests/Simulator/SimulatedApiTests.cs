using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Headgate.App.Simulator;
using Headgate.Limits;

namespace Headgate.IntegrationTests.Simulator;

public sealed class SimulatedApiTests
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, MaxConnectionsPerServer = 50 });

    [Fact]
    public async Task Refuses_the_third_call_of_two_in_a_minute_and_reports_it()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("2/min")] });
        var answers = new List<HttpResponseMessage>();
        for (var i = 0; i < 3; i++)
            answers.Add(await _http.GetAsync($"{api.Url}/things/{i}"));
        Assert.Equal([200, 200, 429], answers.Select(answer => (int)answer.StatusCode));
        Assert.InRange(answers[2].Headers.RetryAfter!.Delta!.Value.TotalSeconds, 55, 60);
        Assert.Equal("""{"ok":true,"path":"/things/1","n":2}""", await answers[1].Content.ReadAsStringAsync());

        using var report = JsonDocument.Parse(await _http.GetStringAsync(api.Url + "/__report"));
        var root = report.RootElement;
        Assert.Equal((3, 2, 1, 3), (root.GetProperty("arrivals").GetInt32(), root.GetProperty("accepted").GetInt32(), root.GetProperty("refused").GetInt32(), root.GetProperty("answered").GetInt32()));
        var limit = root.GetProperty("limits")[0];
        Assert.Equal(("2/min", "key"), (limit.GetProperty("limit").GetString(), limit.GetProperty("scope").GetString()));
        Assert.Equal((2, 3, 150), (limit.GetProperty("worst_window").GetDouble(), limit.GetProperty("offered_worst_window").GetDouble(), limit.GetProperty("offered_worst_percent").GetDouble()));
        Assert.Equal(0, root.GetProperty("failures").GetArrayLength());
    }

    [Theory]
    [InlineData("Authorization", "Bearer alpha")]
    [InlineData("X-Api-Key", "alpha")]
    [InlineData("query", "alpha")]
    public async Task The_same_key_is_the_same_wherever_it_is_put(string place, string value)
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("1/min")] });
        using var request = new HttpRequestMessage(HttpMethod.Get, place == "query" ? $"{api.Url}/x?a=1&api_key={value}" : api.Url);
        if (place != "query")
            request.Headers.TryAddWithoutValidation(place, value);
        Assert.Equal(HttpStatusCode.OK, (await _http.SendAsync(request)).StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await _http.GetAsync(api.Url + "/y?api_key=alpha")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync(api.Url + "/y?api_key=beta")).StatusCode);
        Assert.Equal([ScopeTable.Fingerprint("alpha"), ScopeTable.Fingerprint("beta")], api.Report().Keys.Select(key => key.Fingerprint));
    }

    [Fact]
    public async Task Limits_per_address_or_for_all_do_not_look_at_keys()
    {
        foreach (var (per, name) in ((ScopeKind, string)[])[(ScopeKind.Ip, "127.0.0.1"), (ScopeKind.All, "all")])
        {
            await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("1/min")], Per = per });
            Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync(api.Url + "/y?api_key=alpha")).StatusCode);
            Assert.Equal(HttpStatusCode.TooManyRequests, (await _http.GetAsync(api.Url + "/y?api_key=beta")).StatusCode);
            Assert.Equal(name, api.Report().Keys.Single().Key);
        }
    }

    [Fact]
    public async Task Costs_are_read_from_the_request_and_told_as_usage()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("100 tokens/min")] });
        _http.DefaultRequestHeaders.Add("X-Cost", "tokens=60");
        Assert.Equal("""{"ok":true,"path":"/","n":1,"usage":{"total_tokens":60}}""", await _http.GetStringAsync(api.Url));
        Assert.Equal(HttpStatusCode.TooManyRequests, (await _http.GetAsync(api.Url)).StatusCode);
        _http.DefaultRequestHeaders.Remove("X-Cost");
        _http.DefaultRequestHeaders.Add("X-Cost", "tokens=many");
        Assert.Equal(HttpStatusCode.BadRequest, (await _http.GetAsync(api.Url)).StatusCode);
    }

    [Fact]
    public async Task Redirects_end_after_their_hops_and_each_is_an_arrival()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        using var following = new HttpClient();
        Assert.Equal("""{"ok":true,"path":"/redirect/0","n":4}""", await following.GetStringAsync(api.Url + "/redirect/3?item=7"));
        Assert.Equal((4, 1, 0), (api.Report().Arrivals, api.Report().Items.Succeeded, api.Report().Items.Doubled));
        Assert.Equal("/redirect-loop", (await _http.GetAsync(api.Url + "/redirect-loop")).Headers.Location?.ToString());
    }

    [Fact]
    public async Task Paths_behave_as_they_say()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        Assert.Equal(HttpStatusCode.NoContent, (await _http.GetAsync(api.Url + "/status/204")).StatusCode);
        var busy = await _http.GetAsync(api.Url + "/status/503?retry_after=7");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, 7.0), (busy.StatusCode, busy.Headers.RetryAfter!.Delta!.Value.TotalSeconds));
        Assert.Equal("Basic realm=\"simulator\"", (await _http.GetAsync(api.Url + "/unauthorized")).Headers.WwwAuthenticate.ToString());
        Assert.Equal(HttpStatusCode.BadRequest, (await _http.GetAsync(api.Url + "/bytes/many")).StatusCode);
        foreach (var length in (int[])[0, 1, 65_536, 65_537, 3_000_000])
            Assert.Equal(length, (await _http.GetByteArrayAsync($"{api.Url}/bytes/{length}")).Length);
        var head = await _http.SendAsync(new(HttpMethod.Head, api.Url + "/bytes/1000"));
        Assert.Equal((1000, 0), (head.Content.Headers.ContentLength, (await head.Content.ReadAsByteArrayAsync()).Length));
        var start = System.Diagnostics.Stopwatch.StartNew();
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync(api.Url + "/delay/120")).StatusCode);
        Assert.InRange(start.ElapsedMilliseconds, 120, 5000);
        Assert.Empty(api.Report().Failures);
    }

    [Fact]
    public async Task Echo_tells_the_request_back()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        using var request = new HttpRequestMessage(HttpMethod.Post, api.Url + "/echo?x=1") { Content = new StringContent("grüße", Encoding.UTF8, "text/plain") };
        request.Headers.Add("X-Two", ["a", "b"]);
        using var echo = JsonDocument.Parse(await (await _http.SendAsync(request)).Content.ReadAsStringAsync());
        Assert.Equal(("POST", "/echo", "?x=1", "grüße"), (Text("method"), Text("path"), Text("query"), Text("body")));
        Assert.Equal("text/plain; charset=utf-8", echo.RootElement.GetProperty("headers").GetProperty("content-type").GetString());
        using var binary = JsonDocument.Parse(await (await _http.PutAsync(api.Url + "/echo", new ByteArrayContent([0xff, 0xfe]))).Content.ReadAsStringAsync());
        Assert.Equal([0xff, 0xfe], binary.RootElement.GetProperty("body_base64").GetBytesFromBase64());

        string? Text(string name) => echo.RootElement.GetProperty(name).GetString();
    }

    [Fact]
    public async Task Arrivals_are_listed_as_json_lines_and_reset_forgets_them()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("5000/h")] });
        await Task.WhenAll(Enumerable.Range(0, 5010).Select(i => _http.GetAsync($"{api.Url}/p?item={i}")));
        var lines = (await _http.GetStringAsync(api.Url + "/__arrivals?since=4")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5006, lines.Length);
        var arrivals = lines.Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(Enumerable.Range(5, 5006), arrivals.Select(arrival => arrival.GetProperty("n").GetInt32()));
        Assert.Equal(10, arrivals.Count(arrival => arrival.GetProperty("status").GetInt32() == 429));
        var times = arrivals.Select(arrival => arrival.GetProperty("t_us").GetInt64()).ToArray();
        Assert.Equal(times.Order(), times);
        Assert.InRange(times[^1], times[0], System.Diagnostics.Stopwatch.GetTimestamp() / 1000);
        Assert.Equal(5010, api.Report().Items.Distinct);

        Assert.Equal("""{"ok":true}""", await (await _http.PostAsync(api.Url + "/__reset", null)).Content.ReadAsStringAsync());
        Assert.Equal((0, ""), (api.Report().Arrivals, await _http.GetStringAsync(api.Url + "/__arrivals")));
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(api.Url + "/__nothing")).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await _http.GetAsync(api.Url + "/__reset")).StatusCode);
    }

    [Fact]
    public async Task Errors_strike_in_their_shares_after_counting()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Errors = WireTests.Errors("500=20%,503=10%") });
        var answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => _http.GetAsync(api.Url)));
        var report = api.Report();
        Assert.Equal((1000, 1000), (report.Arrivals, report.Accepted));
        Assert.InRange(report.Errors["500"], 150, 250);
        Assert.InRange(report.Errors["503"], 60, 140);
        Assert.Equal(report.Errors["500"], answers.Count(answer => answer.StatusCode == HttpStatusCode.InternalServerError));
    }

    [Fact]
    public async Task No_window_is_exceeded_whatever_is_thrown_at_it()
    {
        await using var api = await SimulatedApi.StartAsync(new()
        {
            Limits = [Limit.Parse("50/s"), Limit.Parse("30/s burst=10"), Limit.Parse("20 concurrent")],
            Uplink = UplinkDelay.TryParse("0-30ms")!,
            Latency = new(TimeSpan.FromMilliseconds(5)),
        });
        var until = DateTime.UtcNow.AddSeconds(2);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async _ =>
        {
            while (DateTime.UtcNow < until)
                (await _http.GetAsync(api.Url)).Dispose();
        }));
        var report = api.Report();
        Assert.All(report.Limits, limit => Assert.True(limit.WorstPercent <= 100, limit.ToString()));
        Assert.InRange(report.Accepted, 40, 10 + 30 * 3);
        // The judge's own words against its list of arrivals.
        var accepted = api.Arrivals().Where(arrival => arrival.Accepted).Select(arrival => arrival.TUs).ToArray();
        Assert.Equal(report.Limits[0].WorstWindow, accepted.Max(end => accepted.Count(t => t <= end && t > end - 1_000_000)));
        Assert.Equal(report.Refused + report.Accepted, report.Arrivals);
    }

    [Fact]
    public async Task A_place_is_free_before_its_client_can_know_of_the_answer()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("4 concurrent")], Latency = new(TimeSpan.FromMilliseconds(1)) });
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            for (var i = 0; i < 300; i++)
                (await _http.GetAsync(api.Url + (i % 10 == 0 ? "/bytes/200000" : "/x"))).Dispose();
        }));
        Assert.Equal((1200, 0), (api.Report().Arrivals, api.Report().Refused));
    }

    [Fact]
    public async Task The_date_of_an_answer_is_true_to_the_second()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        for (var i = 0; i < 60; i++)
        {
            var sent = DateTimeOffset.UtcNow;
            var date = (await _http.GetAsync(api.Url)).Headers.Date!.Value;
            // The simulator's clock was set at its start, and may differ by what the machine's was slewed since.
            Assert.InRange(date, sent.AddMilliseconds(-1005), DateTimeOffset.UtcNow.AddMilliseconds(5));
            await Task.Delay(30);
        }
    }

    [Fact]
    public async Task Two_cannot_have_the_same_port()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await Assert.ThrowsAsync<IOException>(() => SimulatedApi.StartAsync(new() { Listen = new(IPAddress.Loopback, new Uri(api.Url).Port) }));
    }
}
