using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>The paths, members and statuses of the original service.</summary>
public sealed class OriginalContractTests : ServiceOverApi
{
    [Fact]
    public async Task A_request_is_submitted_waited_for_and_asked_for()
    {
        var (status, submitted) = await Service.CallAsync("POST", "/api/v1/request", $$"""
            {"url":"{{Api.Url}}/echo","method":"POST","headers":{"X-A":"1"},"data":{"n":1},"params":{"q":"x"},"timeout":30.0,"priority":2,"retries":3,"retry_delay":1.0,"context":{"mine":true} }
            """);
        Assert.Equal((202, "submitted"), (status, (string?)submitted["status"]));
        var id = (string)submitted["request_id"]!;
        Assert.True(Guid.TryParse(id, out _));
        Assert.True(DateTimeOffset.TryParse((string?)submitted["timestamp"], out _));

        (status, var waited) = await Service.CallAsync("POST", "/api/v1/requests/wait", $$"""{"request_ids":["{{id}}"],"timeout":30.0}""");
        Assert.Equal((200, 1, 1, 0), (status, (int)waited["count"]!, (int)waited["completed_count"]!, (int)waited["failed_count"]!));

        (status, var job) = await Service.CallAsync("GET", $"/api/v1/request/{id}");
        Assert.Equal(200, status);
        Assert.True(JsonNode.DeepEquals(job, waited["results"]![0]));
        foreach (var member in (string[])["request_id", "url", "method", "status", "created_at", "started_at", "completed_at", "attempts", "last_error", "result", "latency", "context"])
            Assert.True(job.AsObject().ContainsKey(member), member);
        Assert.Equal((id, "completed", 1, true), ((string?)job["request_id"], (string?)job["status"], (int)job["attempts"]!, (bool)job["context"]!["mine"]!));
        var result = job["result"]!;
        Assert.Equal((id, 200, false), ((string?)result["request_id"], (int)result["status_code"]!, (bool)result["cached"]!));
        Assert.Equal((string?)result["content"], (string?)result["text"]);
        foreach (var member in (string[])["headers", "elapsed", "proxy_used", "error"])
            Assert.True(result.AsObject().ContainsKey(member), member);
    }

    [Fact]
    public async Task Bulk_takes_what_it_can_and_names_the_rest()
    {
        var (status, json) = await Service.CallAsync("POST", "/api/v1/requests/bulk", $$"""{"requests":[{"url":"{{Api.Url}}/1"},{},{"url":"{{Api.Url}}/2","priority":9},7,{"url":"{{Api.Url}}/3"}]}""");

        Assert.Equal((202, 2, "submitted"), (status, (int)json["count"]!, (string?)json["status"]));
        Assert.Equal(2, json["request_ids"]!.AsArray().Count);
        Assert.Equal([1, 2, 3], json["errors"]!.AsArray().Select(error => (int)error!["index"]!));
        Assert.Equal("URL is required", (string?)json["errors"]![0]!["error"]);
    }

    [Theory]
    [InlineData("/health", 200)]
    [InlineData("/livez", 200)]
    [InlineData("/readyz", 200)]
    [InlineData("/startupz", 200)]
    [InlineData("/api/v1/requests", 405)]
    public async Task Whoever_only_looks_whether_it_is_well_may_ask_for_the_head(string path, int expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        using var answer = await Service.Client.SendAsync(request);

        Assert.Equal((expected, ""), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }

    [Theory]
    [InlineData("gzip", 415)]
    [InlineData("identity", 202)]
    public async Task A_packed_body_is_refused_as_that(string packing, int expected)
    {
        using var body = new StringContent($$"""{"url":"{{Api.Url}}/x"}""");
        body.Headers.ContentEncoding.Add(packing);

        using var answer = await Service.Client.PostAsync("/api/v1/request", body);

        Assert.Equal(expected, (int)answer.StatusCode);
        if (expected == 415)
            Assert.Contains("Content-Encoding", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "/api/v1/request", "{", 400, "Invalid JSON")]
    [InlineData("POST", "/api/v1/request", "{}", 400, "URL is required")]
    [InlineData("POST", "/api/v1/request", "[]", 400, "the body must be a JSON object")]
    [InlineData("POST", "/api/v1/request", """{"url":"ftp://x"}""", 400, "http")]
    [InlineData("POST", "/api/v1/request", """{"url":"http://a.example","body_file":"/etc/passwd"}""", 400, "body_file")]
    [InlineData("POST", "/api/v1/request", """{"url":"http://a.example","headers":{"X":"a\r\nb"}}""", 400, "X")]
    [InlineData("POST", "/api/v1/request", """{"url":"http://a.example","nonsense":1}""", 400, "nonsense")]
    [InlineData("POST", "/api/v1/request", """{"url":"http://a.example","priority":9}""", 400, "priority \"9\" is not 1 to 5 nor critical")]
    [InlineData("POST", "/api/v1/request", """{"url":"http://a.example","params":{"q":null}}""", 400, "\"q\"")]
    [InlineData("POST", "/api/v1/requests/bulk", "{}", 400, "requests field is required")]
    [InlineData("POST", "/api/v1/requests/bulk", """{"requests":{}}""", 400, "requests must be a list")]
    [InlineData("POST", "/api/v1/requests/wait", "{}", 400, "request_ids field is required")]
    [InlineData("POST", "/api/v1/requests/wait", """{"request_ids":[1]}""", 400, "request_ids")]
    [InlineData("POST", "/api/v1/requests/wait", """{"request_ids":[],"timeout":"x"}""", 400, "timeout")]
    [InlineData("GET", "/api/v1/request/nobody", null, 404, "Request not found")]
    [InlineData("DELETE", "/api/v1/request/nobody", null, 404, "Request not found")]
    [InlineData("GET", "/api/v1/get", null, 400, "url parameter is required")]
    [InlineData("GET", "/api/v1/get?url=nonsense", null, 400, "no scheme")]
    [InlineData("GET", "/nowhere", null, 404, "/nowhere")]
    [InlineData("PATCH", "/health", null, 405, "PATCH")]
    public async Task What_is_wrong_is_told(string method, string path, string? body, int expected, string words)
    {
        var (status, json) = await Service.CallAsync(method, path, body);

        Assert.Equal(expected, status);
        Assert.Contains(words, (string?)json["error"], StringComparison.Ordinal);
        Assert.Equal(expected, (int)json["status"]!);
    }

    [Fact]
    public async Task One_call_gives_one_answer()
    {
        foreach (var (method, path, body) in ((string, string, string?)[])[("GET", $"/api/v1/get?url={Api.Url}/echo", null), ("DELETE", $"/api/v1/delete?url={Api.Url}/echo", null), ("POST", "/api/v1/post", $$"""{"url":"{{Api.Url}}/echo","data":{"a":1},"headers":{} }"""), ("PUT", "/api/v1/put", $$"""{"url":"{{Api.Url}}/echo" }""")])
        {
            var (status, result) = await Service.CallAsync(method, path, body);
            Assert.Equal((200, 200), (status, (int)result["status_code"]!));
            Assert.Equal(method, (string?)JsonNode.Parse((string)result["content"]!)!["method"]);
        }
        Assert.Equal(4, Api.Report().Arrivals);
    }

    [Fact]
    public async Task A_status_of_the_API_is_an_answer_and_no_connection_is_none()
    {
        var (status, result) = await Service.CallAsync("GET", $"/api/v1/get?url={Api.Url}/status/404");
        Assert.Equal((200, 404), (status, (int)result["status_code"]!));

        (status, var problem) = await Service.CallAsync("GET", "/api/v1/get?url=http://127.0.0.1:1/");
        Assert.Equal((403, "blocked"), (status, (string?)problem["class"]));
    }

    [Fact]
    public async Task A_job_that_waits_is_cancelled_and_never_sent()
    {
        var (_, submitted) = await Service.CallAsync("POST", "/api/v1/request", $$"""{"url":"{{Api.Url}}/never","not_before":"1h"}""");
        var id = (string)submitted["request_id"]!;

        var (status, cancelled) = await Service.CallAsync("DELETE", $"/api/v1/request/{id}");
        Assert.Equal((200, "cancelled", id), (status, (string?)cancelled["status"], (string?)cancelled["request_id"]));

        (_, var job) = await Service.CallAsync("GET", $"/api/v1/request/{id}");
        Assert.Equal("cancelled", (string?)job["status"]);
        (status, var again) = await Service.CallAsync("DELETE", $"/api/v1/request/{id}");
        Assert.Equal((400, "Cannot cancel request"), (status, (string?)again["error"]));
        Assert.Empty(Api.Arrivals());
    }

    [Fact]
    public async Task A_wait_ends_at_its_time_and_names_those_that_go_on()
    {
        var ids = await Service.SubmitAsync([$$"""{"url":"{{Api.Url}}/later","not_before":"1h"}""", $$"""{"url":"{{Api.Url}}/now"}"""]);
        await Service.WaitAsync([ids[1]]);

        var (status, waited) = await Service.CallAsync("POST", "/api/v1/requests/wait", $$"""{"request_ids":["{{ids[0]}}","{{ids[1]}}","nobody"],"timeout":1}""");

        Assert.Equal((200, 1), (status, (int)waited["count"]!));
        Assert.Equal(ids[1], (string?)waited["results"]![0]!["request_id"]);
        Assert.Equal(ids[0], (string?)waited["pending"]!.AsArray().Single());
        Assert.Equal("nobody", (string?)waited["unknown"]!.AsArray().Single());
    }

    [Fact]
    public async Task It_tells_how_it_is()
    {
        await Service.WaitAsync(await Service.SubmitAsync(Enumerable.Range(0, 20).Select(n => $$"""{"url":"{{Api.Url}}/{{n}}" }""")));

        var (status, health) = await Service.CallAsync("GET", "/health");
        Assert.Equal((200, "healthy"), (status, (string?)health["status"]));
        (_, var statistics) = await Service.CallAsync("GET", "/api/v1/statistics");
        Assert.Equal((20, 20, 0, 1.0), ((int)statistics["requests"]!["total"]!, (int)statistics["requests"]!["completed"]!, (int)statistics["requests"]!["open"]!, (double)statistics["requests"]!["success_rate"]!));
        (_, var same) = await Service.CallAsync("GET", "/status");
        Assert.Equal(20, (int)same["requests"]!["total"]!);
        (_, var performance) = await Service.CallAsync("GET", "/api/v1/performance");
        foreach (var member in (string[])["requests_per_second", "average_latency", "success_rate", "current_concurrency", "peak_concurrency", "uptime"])
            Assert.True(performance.AsObject().ContainsKey(member), member);
        foreach (var probe in (string[])["/livez", "/readyz", "/startupz"])
            Assert.Equal(200, (await Service.CallAsync("GET", probe)).Status);
    }

    [Fact]
    public async Task A_name_of_somebody_elses_that_leads_here_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/statistics") { Headers = { Host = "evil.example" } };
        using var answer = await Service.Client.SendAsync(request);

        Assert.Equal(421, (int)answer.StatusCode);
    }
}
