using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Headgate.App.OpenApi;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Service;
using Headgate.Tests.Configuration;

namespace Headgate.IntegrationTests.OpenApi;

/// <summary>The document against the service: whatever the one tells the other does, with answers of the shape that is told.</summary>
public sealed class OpenApiTests : IAsyncLifetime
{
    private readonly Cli _cli = new();
    private readonly HashSet<(string Method, string Path, int Status)> _seen = [];
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromMinutes(1) };
    private JsonObject _document = null!;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _cli.DisposeAsync();
    }

    [Fact]
    public async Task Every_call_is_answered_as_the_document_says_and_every_answer_of_the_document_is_met()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var slow = await SimulatedApi.StartAsync(new() { Latency = LatencyShape.TryParse("5s")! });
        _cli.Write("keys.txt", ["k1 secret"]);
        _cli.Write("proxies.txt", ["http://127.0.0.1:1"]);
        _cli.Write("headgate.json", [$$"""{ "defaults": { "retries": 0, "timeout": 1 }, "proxies": { "p": { "from": ["file:proxies.txt"] } }, "upstreams": { "sim": { "base": ["{{api.Url}}"], "limits": ["1000/s"], "routes": { "part": { "match": "/part/**", "limits": ["500/s"] } }, "keys": { "from": ["file:keys.txt"] } }, "slow": { "base": ["{{slow.Url}}"] }, "gone": { "base": ["http://127.0.0.1:1"], "patience": "1ms", "breaker": { "failureThreshold": 4, "recoveryTimeout": "1h" } } } }"""]);
        await using (var open = await ServiceProcess.StartAsync(_cli))
        {
            await BeginAsync(open);
            // Where no token is needed, none is made by a call.
            await CallAsync(new("POST", "/api/v1/tokens", 403, """{"name":"x","scopes":["read"]}"""));
            await CallAsync(new("GET", "/api/v1/calls", 404));
            open.Process.Terminate();
            await open.Process.EndAsync();
        }
        _client.DefaultRequestHeaders.Add("Headgate-Token", await _cli.AddTokenAsync("boss", "admin"));
        await using var service = await ServiceProcess.StartAsync(_cli, "--record", "all");
        await BeginAsync(service);

        foreach (var call in Calls(api.Url, slow.Url))
            await CallAsync(call);
        await JobsAsync(api.Url);

        var missing = Documented().Except(_seen).Select(answer => $"{answer.Method} {answer.Path} {answer.Status}").ToList();
        Assert.True(missing.Count == 0, $"documented, and not met:\n{string.Join('\n', missing)}");
    }

    [Fact]
    public async Task Every_page_is_described_and_every_description_has_its_page()
    {
        await using var service = await ServiceProcess.StartAsync(_cli);
        await BeginAsync(service);

        Assert.Equal("3.1.0", (string?)_document["openapi"]);
        var operations = Described().ToList();
        var plain = operations.Where(operation => (string?)operation.Described["tags"]![0] == "Others").Select(operation => $"{operation.Method} {operation.Path}").ToList();
        Assert.True(plain.Count == 0, $"give these a line in {nameof(Operations)}:\n{string.Join('\n', plain)}");
        Assert.Equal(Operations.All.SelectMany(call => call.Value.Paths.Select(path => path.Path).DefaultIfEmpty(OpenApiDocument.PathOf(call.Key.Route))).Distinct().Order(StringComparer.Ordinal), _document["paths"]!.AsObject().Select(path => path.Key).Order(StringComparer.Ordinal));
        Assert.Equal(operations.Count, operations.Select(operation => (string)operation.Described["operationId"]!).Distinct().Count());
        // What is referred to is there.
        foreach (Match reference in Regex.Matches(_document.ToJsonString(), "\"#/(?<way>[^\"]+)\"", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5)))
            Assert.NotNull(reference.Groups["way"].Value.Split('/').Aggregate((JsonNode?)_document, static (found, name) => found?[name]));
    }

    private async Task BeginAsync(ServiceProcess service)
    {
        _service = service.Client.BaseAddress!;
        using var answer = await _client.GetAsync(new Uri(_service, "/openapi.json"));
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        _document = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject();
    }

    private Uri _service = null!;

    private static IEnumerable<DocumentedCall> Calls(string api, string slow)
    {
        var request = $$"""{"url":"{{api}}/echo","method":"POST","data":{"a":1},"headers":{"X-A":["1","2"]},"params":{"q":1},"priority":"high","timeout":"20s","retries":0,"retry_delay":0.5,"context":{"n":1},"tags":["t"],"tenant":"x","deadline":"5m","cost":{"tokens":3},"expect":{"status":[404]},"not_before":null}""";
        yield return new("POST", "/api/v1/request", 202, request) { Headers = [("Idempotency-Key", "k")] };
        yield return new("POST", "/api/v1/request", 200, request) { Headers = [("Prefer", "wait=30")] };
        yield return new("POST", "/api/v1/request", 400, """{"url":"nowhere"}""");
        yield return new("POST", "/api/v1/request", 422, $$"""{"url":"{{api}}/other"}""") { Headers = [("Idempotency-Key", "k")] };
        yield return new("POST", "/api/v1/requests/bulk", 202, $$"""{"requests":[{"url":"{{api}}/1"},{}],"batch":"night"}""");
        yield return new("POST", "/api/v1/requests/bulk", 400, """{"requests":1}""");
        yield return new("POST", "/api/v1/requests/wait", 200, """{"request_ids":["nobody"],"timeout":"1s"}""");
        yield return new("POST", "/api/v1/requests/wait", 400, """{"request_ids":1}""");
        yield return new("POST", "/api/v1/requests:import", 202, $$"""{"url":"{{api}}/1"}""" + "\nnonsense\n");
        yield return new("POST", "/api/v1/requests:import", 415, "x") { Headers = [("Content-Encoding", "br")] };
        yield return new("POST", "/process", 200, $$"""{"requests":[{"url":"{{api}}/1"},{}]}""");
        yield return new("POST", "/process", 400, "{}");
        foreach (var path in (string[])["/api/v1/requests:cancel", "/api/v1/requests:retry", "/api/v1/dlq:replay"])
        {
            yield return new("POST", $"{path}?tag=nobody", 200);
            yield return new("POST", path, 400);
        }
        yield return new("DELETE", "/api/v1/dlq?tag=nobody", 200);
        yield return new("DELETE", "/api/v1/dlq", 400);
        yield return new("DELETE", "/api/v1/dlq/nobody", 404);
        yield return new("POST", "/api/v1/dlq/nobody:replay", 404);
        yield return new("POST", "/api/v1/request/nobody:retry", 404);
        yield return new("GET", "/api/v1/requests?order=newest", 200);
        yield return new("GET", "/api/v1/requests?order=odd", 400);
        yield return new("GET", "/api/v1/requests?limit=5&status=ended", 200);
        yield return new("GET", "/api/v1/requests?limit=0", 400);
        yield return new("GET", "/api/v1/dlq?limit=1", 200);
        yield return new("GET", "/api/v1/dlq?status=odd", 400);
        foreach (var path in (string[])["", "/attempts", "/curl", "/explain"])
            yield return new("GET", $"/api/v1/request/nobody{path}", 404);
        yield return new("DELETE", "/api/v1/request/nobody", 404);
        yield return new("GET", "/api/v1/batches/night", 200);
        yield return new("GET", "/api/v1/batches/nobody", 404);
        yield return new("GET", "/api/v1/queues", 200);
        yield return new("PUT", "/api/v1/queues/bulk", 200, """{"workers":10}""");
        yield return new("PUT", "/api/v1/queues/bulk", 400, """{"workers":"many"}""");
        foreach (var change in (string[])["pause", "resume"])
        {
            yield return new("POST", $"/api/v1/queues/bulk:{change}", 200);
            yield return new("POST", $"/api/v1/queues/a%20b:{change}", 400);
        }
        var schedule = $$"""{"cron":"0 3 * * *","timezone":"Europe/Berlin","request":{"url":"{{api}}/nightly"},"paused":true}""";
        yield return new("PUT", "/api/v1/schedules/nightly", 201, schedule);
        yield return new("PUT", "/api/v1/schedules/nightly", 200, schedule);
        yield return new("PUT", "/api/v1/schedules/nightly", 400, """{"cron":"often"}""");
        yield return new("GET", "/api/v1/schedules", 200);
        yield return new("GET", "/api/v1/schedules/nightly", 200);
        yield return new("GET", "/api/v1/schedules/nobody", 404);
        yield return new("POST", "/api/v1/schedules/nightly:run", 202);
        yield return new("POST", "/api/v1/schedules/nobody:run", 404);
        yield return new("DELETE", "/api/v1/schedules/nightly", 204);
        yield return new("DELETE", "/api/v1/schedules/nightly", 404);
        yield return new("GET", "/api/v1/events?events=odd", 400);
        foreach (var (method, path) in ((string, string)[])[("GET", "/api/v1/get"), ("DELETE", "/api/v1/delete"), ("POST", "/api/v1/post"), ("PUT", "/api/v1/put")])
        {
            yield return Sent(method, path, $"{api}/echo", 200);
            yield return Sent(method, path, "", 400);
            yield return Sent(method, path, "http://127.0.0.2:1/", 403);
            yield return Sent(method, path, $"{slow}/x", 408);
            yield return Sent(method, path, "http://127.0.0.1:1/", 502);
        }
        // Four failures have opened its breaker.
        foreach (var (method, path) in ((string, string)[])[("GET", "/api/v1/get"), ("DELETE", "/api/v1/delete"), ("POST", "/api/v1/post"), ("PUT", "/api/v1/put")])
            yield return Sent(method, path, "http://127.0.0.1:1/", 503);
        yield return new("GET", "/api/v1/calls?limit=many", 400);
        foreach (var path in (string[])["/api/v1/limits", "/api/v1/limits/sim", "/api/v1/upstreams", "/api/v1/keys", "/api/v1/proxies", "/api/v1/config"])
            yield return new("GET", path, 200);
        yield return new("GET", "/api/v1/cache", 200);
        yield return new("GET", $"/api/v1/cache?url={Uri.EscapeDataString($"{api}/echo")}", 200);
        yield return new("GET", "/api/v1/cache?url=odd", 400);
        yield return new("DELETE", "/api/v1/cache?all=true&dry_run=true", 200);
        yield return new("DELETE", "/api/v1/cache", 400);
        yield return new("GET", "/api/v1/limits/nobody", 404);
        yield return new("PUT", "/api/v1/limits/sim", 200, """{"limits":["900/s"]}""");
        yield return new("PUT", "/api/v1/limits/sim", 400, """{"limits":["fast"]}""");
        yield return new("PUT", "/api/v1/limits/nobody", 404, """{"limits":["1/s"]}""");
        yield return new("GET", "/api/v1/limits/sim", 200);
        yield return new("GET", "/api/v1/limits/sim%2Froute%3Apart", 200);
        yield return new("POST", "/api/v1/limits/sim:reset", 200);
        yield return new("POST", "/api/v1/limits/nobody:reset", 404);
        yield return new("POST", "/api/v1/limits:reset", 200);
        foreach (var change in (string[])["pause", "resume"])
        {
            yield return new("POST", $"/api/v1/upstreams/sim/{change}", 200);
            yield return new("POST", $"/api/v1/keys/sim/k1/{change}", 200);
            yield return new("POST", $"/api/v1/proxies/p/http%3A%2F%2F127.0.0.1%3A1/{change}", 200);
            yield return new("POST", $"/api/v1/upstreams/nobody/{change}", 404);
            yield return new("POST", $"/api/v1/keys/nobody/k/{change}", 404);
            yield return new("POST", $"/api/v1/proxies/nobody/http%3A%2F%2F127.0.0.1%3A1/{change}", 404);
        }
        foreach (var path in (string[])["/health", "/status", "/api/v1/statistics", "/api/v1/performance", "/metrics", "/livez", "/readyz", "/startupz", "/openapi.json", "/api/v1/tokens"])
            yield return new("GET", path, 200);
        yield return new("POST", "/api/v1/tokens", 201, """{"name":"ci","scopes":["read"],"expires":"2999-01-01T00:00:00Z"}""");
        yield return new("POST", "/api/v1/tokens", 400, """{"name":"ci"}""");
        yield return new("DELETE", "/api/v1/tokens/ci", 204);
        yield return new("DELETE", "/api/v1/tokens/ci", 404);
    }

    private static DocumentedCall Sent(string method, string path, string url, int status) => method is "GET" or "DELETE"
        ? new(method, $"{path}?url={Uri.EscapeDataString(url)}", status)
        : new(method, path, status, url.Length == 0 ? "{}" : $$"""{"url":"{{url}}"}""");

    /// <summary>What needs a job that is there.</summary>
    private async Task JobsAsync(string api)
    {
        var later = (string)(await CallAsync(new("POST", "/api/v1/request", 202, $$"""{"url":"{{api}}/later","not_before":"1h"}""")))["request_id"]!;
        var failed = (string)(await CallAsync(new("POST", "/api/v1/request", 200, """{"url":"http://127.0.0.2:1/"}""") { Headers = [("Prefer", "wait=30")] }))["request_id"]!;
        foreach (var id in (string[])[later, failed])
            foreach (var path in (string[])["", "/attempts", "/curl", "/explain"])
                await CallAsync(new("GET", $"/api/v1/request/{id}{path}", 200));
        await CallAsync(new("POST", "/api/v1/requests/wait", 200, $$"""{"request_ids":["{{later}}","{{failed}}"],"timeout":0}"""));
        await CallAsync(new("DELETE", $"/api/v1/request/{later}", 200));
        await CallAsync(new("DELETE", $"/api/v1/request/{later}", 400));
        await CallAsync(new("POST", $"/api/v1/request/{later}:retry", 400, """{"url":"odd"}"""));
        var retried = (string)(await CallAsync(new("POST", $"/api/v1/request/{later}:retry", 202, """{"not_before":"1h"}""")))["request_id"]!;
        await CallAsync(new("POST", $"/api/v1/request/{retried}:retry", 409));
        await CallAsync(new("POST", $"/api/v1/dlq/{failed}:replay", 400, """{"url":"odd"}"""));
        var again = (string)(await CallAsync(new("POST", $"/api/v1/dlq/{failed}:replay", 202)))["request_id"]!;
        await CallAsync(new("POST", "/api/v1/requests/wait", 200, $$"""{"request_ids":["{{again}}"],"timeout":30}"""));
        await CallAsync(new("DELETE", $"/api/v1/dlq/{again}", 200));
        await CallAsync(new("GET", "/api/v1/requests?limit=1000", 200));
        using (var passed = await _client.GetAsync(new Uri(_service, "/up/sim/echo")))
            Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
        await CallAsync(new("GET", "/api/v1/calls?limit=5", 200));
        await EventsAsync();
        await ReplayedTwiceAsync();
    }

    private async Task EventsAsync()
    {
        using var stream = await _client.GetAsync(new Uri(_service, "/api/v1/events"), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(("text/event-stream", HttpStatusCode.OK), (stream.Content.Headers.ContentType!.MediaType, stream.StatusCode));
        _seen.Add(("GET", "/api/v1/events", 200));
    }

    /// <summary>Two at the same time: one of them comes too late.</summary>
    private async Task ReplayedTwiceAsync()
    {
        for (var round = 0; round < 50; round++)
        {
            var id = (string)(await CallAsync(new("POST", "/api/v1/request", 200, """{"url":"http://127.0.0.2:1/"}""") { Headers = [("Prefer", "wait=30")] }))["request_id"]!;
            var statuses = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
            {
                using var answer = await _client.PostAsync(new Uri(_service, $"/api/v1/dlq/{id}:replay"), null);
                return (int)answer.StatusCode;
            }));
            if (statuses.Contains(409))
            {
                _seen.Add(("POST", "/api/v1/dlq/{id}:replay", 409));
                return;
            }
        }
    }

    private async Task<JsonNode> CallAsync(DocumentedCall call)
    {
        var (path, described) = Find(call);
        using var request = new HttpRequestMessage(new HttpMethod(call.Method), new Uri(_service, call.Path)) { Content = call.Body is null ? null : new StringContent(call.Body, Encoding.UTF8, (string?)described["requestBody"]?["content"]?.AsObject().First().Key ?? "text/plain") };
        foreach (var (name, value) in call.Headers)
            if (!request.Headers.TryAddWithoutValidation(name, value))
                request.Content!.Headers.TryAddWithoutValidation(name, value);
        using var answer = await _client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();

        Assert.True((int)answer.StatusCode == call.Status, $"{call}: {(int)answer.StatusCode} {text}");
        _seen.Add((call.Method, path, call.Status));
        if (call is { Body: not null, IsWrong: false } && (string?)described["requestBody"]?["content"]?.AsObject().First().Key == "application/json")
            Fits(described["requestBody"]!["content"]!["application/json"]!["schema"]!, JsonNode.Parse(call.Body), call);
        return CheckAnswer(call, described, answer, text);
    }

    private JsonNode CheckAnswer(DocumentedCall call, JsonNode described, HttpResponseMessage answer, string text)
    {
        var response = described["responses"]![$"{call.Status}"]!;
        if ((string?)response["$ref"] is { } reference)
            response = reference["#/".Length..].Split('/').Aggregate((JsonNode)_document, static (found, name) => found[name]!);
        if (response["content"] is not { } content)
        {
            Assert.Equal("", text);
            return new JsonObject();
        }
        var (type, media) = content.AsObject().First();
        Assert.True(type == answer.Content.Headers.ContentType?.MediaType, $"{call}: {answer.Content.Headers.ContentType}");
        if (type == "text/plain")
            return new JsonObject();
        var values = type == "application/x-ndjson" ? text.Split('\n', StringSplitOptions.RemoveEmptyEntries) : [text];
        foreach (var value in values)
            Fits(media!["schema"]!, JsonNode.Parse(value), call);
        return JsonNode.Parse(values[0])!;
    }

    private void Fits(JsonNode schema, JsonNode? value, DocumentedCall call) =>
        Assert.True(new SchemaCheck(_document).Passes(schema, value), $"{call}: not as {schema.ToJsonString()} says\n{value?.ToJsonString()}");

    private (string Path, JsonNode Described) Find(DocumentedCall call)
    {
        var found = Described().Where(operation => operation.Method == call.Method && Regex.IsMatch(call.Path.Split('?')[0], $"^{Regex.Replace(Regex.Escape(operation.Path), @"\\\{[a-z]+}", "[^/]+", RegexOptions.None, TimeSpan.FromSeconds(1))}$", RegexOptions.None, TimeSpan.FromSeconds(1))).OrderByDescending(operation => operation.Path.Length).ToList();
        Assert.True(found.Count > 0, $"{call} is not in the document");
        return (found[0].Path, found[0].Described);
    }

    private IEnumerable<(string Method, string Path, int Status)> Documented() =>
        Described().SelectMany(operation => operation.Described["responses"]!.AsObject().Where(answer => answer.Key != "default").Select(answer => (operation.Method, operation.Path, int.Parse(answer.Key))));

    private IEnumerable<(string Method, string Path, JsonNode Described)> Described() =>
        _document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Where(member => member.Key != "parameters").Select(operation => (operation.Key.ToUpperInvariant(), path.Key, operation.Value!)));
}
