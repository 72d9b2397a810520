using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>Callers of one tenant see and touch nothing of another.</summary>
public sealed class TenantTests
{
    [Theory]
    [InlineData("sqlite:")]
    [InlineData("memory:")]
    public async Task What_is_of_another_tenant_looks_as_if_it_were_not_there(string queue)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        var (all, a, b) = (await cli.AddTokenAsync("all", "read,submit"), await cli.AddTokenAsync("a", "read,submit", "--tenant", "a"), await cli.AddTokenAsync("b", "read,submit", "--tenant", "b"));
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}", "--queue", queue);
        var later = $$"""{"url":"{{api.Url}}/x","not_before":"1h"}""";
        var (ofA, ofB, ofNone) = (await SubmitAsync(service, a, later), await SubmitAsync(service, b, later), await SubmitAsync(service, all, later));

        foreach (var (token, own, foreign) in ((string, string, string[])[])[(a, ofA, [ofB, ofNone, "unknown"]), (b, ofB, [ofA, ofNone, "unknown"])])
        {
            Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("GET", $"/api/v1/request/{own}", token));
            using var found = await service.SendAsync("GET", "/api/v1/requests", token);
            Assert.Equal([own], (await found.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("requests").EnumerateArray().Select(job => job.GetProperty("request_id").GetString()));
            foreach (var other in foreign)
            {
                await SameAsUnknownAsync("GET", $"/api/v1/request/{other}", token);
                await SameAsUnknownAsync("DELETE", $"/api/v1/request/{other}", token);
            }
            // Nor does it wait for them.
            using var waited = await service.SendAsync("POST", "/api/v1/requests/wait", token, JsonSerializer.Serialize(new { request_ids = foreign, timeout = 3600 }));
            Assert.Equal(foreign, (await waited.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("unknown").EnumerateArray().Select(id => id.GetString()));
        }
        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("DELETE", $"/api/v1/request/{ofB}", b));
        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("DELETE", $"/api/v1/request/{ofA}", all));

        async Task SameAsUnknownAsync(string method, string path, string token)
        {
            using var answer = await service.SendAsync(method, path, token);
            Assert.Equal((HttpStatusCode.NotFound, """{"type":"about:blank","title":"Not Found","status":404,"detail":"Request not found","error":"Request not found"}"""), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        }
    }

    [Fact]
    public async Task A_job_is_of_the_tenant_of_its_caller_and_of_no_other()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        var token = await cli.AddTokenAsync("a", "read,submit", "--tenant", "a");
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");

        Assert.Equal(HttpStatusCode.Forbidden, await service.StatusAsync("POST", "/api/v1/request", token, $$"""{"url":"{{api.Url}}/x","tenant":"b"}"""));
        Assert.Equal(HttpStatusCode.Accepted, await service.StatusAsync("POST", "/api/v1/request", token, $$"""{"url":"{{api.Url}}/x","tenant":"a"}"""));
        using var bulk = await service.SendAsync("POST", "/api/v1/requests/bulk", token, $$"""{"requests":[{"url":"{{api.Url}}/x"},{"url":"{{api.Url}}/x","tenant":"b"}]}""");
        var verdicts = await bulk.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((1, 1), (verdicts.GetProperty("count").GetInt32(), verdicts.GetProperty("errors")[0].GetProperty("index").GetInt32()));
        using var foreign = await service.SendAsync("GET", "/up/sim/x", token, null, ("Headgate-Tenant", "b"));
        using var own = await service.SendAsync("GET", "/up/sim/x", token, null, ("Headgate-Tenant", "a"));
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.OK), (foreign.StatusCode, own.StatusCode));
        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("GET", $"/api/v1/get?url={api.Url}/x", token));
    }

    [Fact]
    public async Task What_one_tenant_calls_its_submissions_is_nothing_to_another()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        var (a, b) = (await cli.AddTokenAsync("a", "read,submit", "--tenant", "a"), await cli.AddTokenAsync("b", "read,submit", "--tenant", "b"));
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");

        var first = await SubmitAsync(service, a, $$"""{"url":"{{api.Url}}/1"}""", ("Idempotency-Key", "k"));
        var again = await SubmitAsync(service, a, $$"""{"url":"{{api.Url}}/1"}""", ("Idempotency-Key", "k"));
        var other = await SubmitAsync(service, b, $$"""{"url":"{{api.Url}}/2"}""", ("Idempotency-Key", "k"));

        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public async Task What_is_done_to_many_is_done_to_those_of_the_callers_tenant()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        var (a, b) = (await cli.AddTokenAsync("a", "read,submit", "--tenant", "a"), await cli.AddTokenAsync("b", "read,submit", "--tenant", "b"));
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");
        var later = $$"""{"url":"{{api.Url}}/x","not_before":"1h"}""";
        foreach (var token in (string[])[a, b])
            await service.StatusAsync("POST", "/api/v1/requests/bulk", token, $$"""{"requests":[{{later}},{{later}}],"batch":"night"}""");
        using var imported = await service.SendAsync("POST", "/api/v1/requests:import", b, later + "\n" + later.Replace("}", ",\"tenant\":\"a\"}", StringComparison.Ordinal) + "\n");
        Assert.Contains("\"count\":1,\"refused\":1", await imported.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var ofB = await IdsAsync(b);

        foreach (var other in ofB)
            foreach (var more in (string[])["/attempts", "/explain"])
                Assert.Equal(HttpStatusCode.NotFound, await service.StatusAsync("GET", $"/api/v1/request/{other}{more}", a));
        using var batch = await service.SendAsync("GET", "/api/v1/batches/night", a);
        Assert.Equal(2, (await batch.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("total").GetInt32());
        Assert.Equal(HttpStatusCode.Forbidden, await service.StatusAsync("POST", "/api/v1/requests:cancel?all=true&tenant=b", a));
        using var cancelled = await service.SendAsync("POST", "/api/v1/requests:cancel?all=true", a);
        Assert.Equal(2, (await cancelled.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("cancelled").GetInt32());
        Assert.Empty(await IdsAsync(a));
        Assert.Equal(ofB, await IdsAsync(b));

        async Task<List<string?>> IdsAsync(string token)
        {
            using var found = await service.SendAsync("GET", "/api/v1/requests?status=open", token);
            return [.. (await found.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("requests").EnumerateArray().Select(job => job.GetProperty("request_id").GetString())];
        }
    }

    [Fact]
    public async Task What_is_of_the_whole_service_is_not_for_one_tenant()
    {
        await using var cli = new Cli();
        var token = await cli.AddTokenAsync("a", "read,submit", "--tenant", "a");
        await using var service = await ServiceProcess.StartAsync(cli);

        foreach (var path in (string[])["/metrics", "/status", "/api/v1/statistics"])
            Assert.Equal(HttpStatusCode.Forbidden, await service.StatusAsync("GET", path, token));
        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("GET", "/health", token));
    }

    private static async Task<string> SubmitAsync(ServiceProcess service, string token, string body, params (string Name, string Value)[] headers)
    {
        using var answer = await service.SendAsync("POST", "/api/v1/request", token, body, headers);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("request_id").GetString()!;
    }
}
