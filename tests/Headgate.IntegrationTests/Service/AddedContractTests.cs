using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>What the API has beyond the original.</summary>
public sealed class AddedContractTests : ServiceOverApi
{
    [Fact]
    public async Task A_submission_told_twice_with_its_key_is_one_job()
    {
        var body = $$"""{"url":"{{Api.Url}}/once","method":"POST","data":{"n":1} }""";

        var first = await SubmitAsync(body, ("Idempotency-Key", "k1"));
        var again = await SubmitAsync(body, ("Idempotency-Key", "k1"));
        var other = await SubmitAsync(body, ("Idempotency-Key", "k2"));
        var wrong = await SubmitAsync($$"""{"url":"{{Api.Url}}/another"}""", ("Idempotency-Key", "k1"));

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.UnprocessableEntity), (first.Status, again.Status, wrong.Status));
        Assert.Equal((string?)first.Json["request_id"], (string?)again.Json["request_id"]);
        Assert.NotEqual((string?)first.Json["request_id"], (string?)other.Json["request_id"]);
        Assert.Contains("Idempotency-Key", (string?)wrong.Json["error"], StringComparison.Ordinal);
        await Service.WaitAsync([(string)first.Json["request_id"]!, (string)other.Json["request_id"]!]);
        Assert.Equal(2, Api.Report().Arrivals);
    }

    [Fact]
    public async Task Whoever_prefers_to_wait_gets_the_job_when_it_has_ended_in_time()
    {
        var ended = await SubmitAsync($$"""{"url":"{{Api.Url}}/x"}""", ("Prefer", "respond-async, wait=30"));
        Assert.Equal((HttpStatusCode.OK, "completed"), (ended.Status, (string?)ended.Json["status"]));

        var later = await SubmitAsync($$"""{"url":"{{Api.Url}}/x","not_before":"1h"}""", ("Prefer", "wait=1"));
        Assert.Equal((HttpStatusCode.Accepted, "submitted"), (later.Status, (string?)later.Json["status"]));
    }

    [Fact]
    public async Task Jobs_are_looked_through_page_by_page()
    {
        await Service.WaitAsync(await Service.SubmitAsync(Enumerable.Range(0, 5).Select(n => $$"""{"id":"done{{n}}","url":"{{Api.Url}}/x"}""")));
        await Service.SubmitAsync([$$"""{"id":"later","url":"{{Api.Url}}/x","not_before":"1h"}"""]);

        var ids = new List<string>();
        for (var next = ""; ;)
        {
            var (_, page) = await Service.CallAsync("GET", $"/api/v1/requests?status=completed&limit=2{next}");
            ids.AddRange(page["requests"]!.AsArray().Select(job => (string)job!["id"]!));
            if ((string?)page["next"] is not { } cursor)
                break;
            next = $"&after={cursor}";
        }
        Assert.Equal(["done0", "done1", "done2", "done3", "done4"], ids);
        var (_, open) = await Service.CallAsync("GET", "/api/v1/requests?status=open");
        Assert.Equal("later", (string?)open["requests"]!.AsArray().Single()!["id"]);
        Assert.Equal(400, (await Service.CallAsync("GET", "/api/v1/requests?status=nonsense")).Status);
        Assert.Equal(400, (await Service.CallAsync("GET", "/api/v1/requests?limit=5000")).Status);
    }

    [Fact]
    public async Task Metrics_are_text_for_Prometheus()
    {
        await Service.WaitAsync(await Service.SubmitAsync(Enumerable.Range(0, 7).Select(n => $$"""{"url":"{{Api.Url}}/{{n}}" }""")));
        await Service.CallAsync("GET", "/api/v1/request/nobody");
        await Service.CallAsync("GET", "/nowhere/at/all");

        using var answer = await Service.Client.GetAsync("/metrics");
        var lines = (await answer.Content.ReadAsStringAsync()).TrimEnd().Split('\n');

        Assert.Equal("text/plain", answer.Content.Headers.ContentType!.MediaType);
        Assert.Contains("headgate_jobs_submitted_total 7", lines);
        Assert.Contains("headgate_jobs_ended_total{status=\"completed\"} 7", lines);
        Assert.Contains("headgate_jobs_open 0", lines);
        Assert.Contains("multiplexer_requests_total{method=\"GET\",endpoint=\"/api/v1/request/{id}\",status=\"404\"} 1", lines);
        Assert.Contains("multiplexer_requests_total{method=\"GET\",endpoint=\"none\",status=\"404\"} 1", lines);
        // Each family is told of before its samples, once.
        foreach (var line in lines.Where(line => !line.StartsWith('#')))
            Assert.Single(lines, other => other == $"# TYPE {line.Split('{', ' ')[0]} counter" || other == $"# TYPE {line.Split('{', ' ')[0]} gauge"
                || (other.EndsWith(" histogram", StringComparison.Ordinal) && line.Split('{', ' ')[0] is var name && Array.Exists(["_bucket", "_sum", "_count"], end => other == $"# TYPE {name.Replace(end, "", StringComparison.Ordinal)} histogram")));
    }

    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    public async Task A_page_of_another_origin_may_not_use_it(string name, string value)
    {
        Assert.Equal(HttpStatusCode.Forbidden, (await SubmitAsync($$"""{"url":"{{Api.Url}}/x"}""", (name, value))).Status);
        Assert.Equal(HttpStatusCode.Accepted, (await SubmitAsync($$"""{"url":"{{Api.Url}}/x"}""", ("Origin", Service.Client.BaseAddress!.ToString().TrimEnd('/')))).Status);
    }

    [Theory]
    [InlineData("""{"request_ids":["\ud800"]}""", 400)]
    [InlineData("""{"request_ids":[],"timeout":"60d"}""", 200)]
    [InlineData("""{"request_ids":[],"timeout":4294968}""", 200)]
    [InlineData("""{"request_ids":["a","a","a"],"timeout":0}""", 200)]
    public async Task Odd_waits_are_answered(string body, int expected)
    {
        var (status, json) = await Service.CallAsync("POST", "/api/v1/requests/wait", body);

        Assert.Equal(expected, status);
        Assert.InRange(json["unknown"]?.AsArray().Count ?? 0, 0, 1);
    }

    [Fact]
    public async Task Jobs_that_are_cancelled_while_they_are_taken_from_the_queue_are_not_sent()
    {
        for (var round = 0; round < 20; round++)
        {
            var ids = await Service.SubmitAsync(Enumerable.Range(0, 40).Select(n => $$"""{"id":"r{{round}}-{{n}}","url":"{{Api.Url}}/x?item=r{{round}}-{{n}}","method":"POST"}"""));
            var cancelled = await Task.WhenAll(ids.AsEnumerable().Reverse().Select(async id => (id, (await Service.CallAsync("DELETE", $"/api/v1/request/{id}")).Status)));
            var arrived = new HashSet<string>(Api.Arrivals().Select(arrival => arrival.Item!));
            foreach (var (id, status) in cancelled.Where(it => it.Status == 200))
            {
                var (_, job) = await Service.CallAsync("GET", $"/api/v1/request/{id}");
                Assert.Equal("cancelled", (string?)job["status"]);
                Assert.True((bool)job["maybe_sent"]! || !arrived.Contains((string)job["id"]!), $"{job}");
            }
        }
    }

    private async Task<(HttpStatusCode Status, JsonNode Json)> SubmitAsync(string body, (string Name, string Value) header)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/request") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add(header.Name, header.Value);
        using var answer = await Service.Client.SendAsync(request);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }
}
