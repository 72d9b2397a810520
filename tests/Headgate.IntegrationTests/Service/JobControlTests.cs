using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Headgate.IntegrationTests.Service;

/// <summary>What is done to jobs after they were submitted: looked for, cancelled, done once more, counted.</summary>
public sealed class JobControlTests : ServiceOverApi
{
    private string Gone => Api.Url.Replace($":{new Uri(Api.Url).Port}", ":1", StringComparison.Ordinal);

    [Fact]
    public async Task Jobs_are_cancelled_by_a_filter_which_says_first_how_many_they_are()
    {
        await SubmitAsync(null, """{"url":"API/a","not_before":"1h","tags":["x"]}""", """{"url":"API/b","not_before":"1h","tags":["x"]}""", """{"url":"API/c","not_before":"1h"}""");

        Assert.Equal(400, (await Service.CallAsync("POST", "/api/v1/requests:cancel")).Status);
        var (_, preview) = await Service.CallAsync("POST", "/api/v1/requests:cancel?tag=x&dry_run=true");
        Assert.Equal((2, 0), (Number(preview, "matched"), Number(preview, "cancelled")));
        var (_, done) = await Service.CallAsync("POST", "/api/v1/requests:cancel?tag=x");
        Assert.Equal((2, 2), (Number(done, "matched"), Number(done, "cancelled")));

        Assert.Single((await Service.CallAsync("GET", "/api/v1/requests?status=open")).Json["requests"]!.AsArray());
        Assert.Equal(2, (await Service.CallAsync("GET", "/api/v1/requests?status=cancelled&tag=x")).Json["requests"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("DELETE", "/api/v1/dlq?all=true&dryrun=true", null, "dryrun is no parameter of this call; did you mean \"dry_run\"?")]
    [InlineData("POST", "/api/v1/requests:retry?all=true&raet=1/s", null, "did you mean \"rate\"?")]
    [InlineData("GET", "/api/v1/requests?staus=open", null, "did you mean \"status\"?")]
    [InlineData("POST", "/api/v1/requests:cancel?tag=a&tag=b&dry_run=true", null, "tag is given twice")]
    [InlineData("GET", "/api/v1/requests?status=completed&status=failed", null, "status is given twice")]
    [InlineData("PUT", "/api/v1/schedules/s", """{"cron":"* * *","request":{"url":"http://a.example"} }""", "is not five fields")]
    [InlineData("POST", "/api/v1/requests:import?batch=m", "{}", "batch is no parameter of this call")]
    [InlineData("PUT", "/api/v1/schedules/s", """{"cron":"* * * * *","pausd":true,"request":{"url":"http://a.example"} }""", "unknown member \"pausd\"; did you mean \"paused\"?")]
    [InlineData("PUT", "/api/v1/queues/q", """{"workers":5,"pausd":true}""", "unknown member \"pausd\"")]
    [InlineData("PUT", "/api/v1/limits/total", """{"limits":[],"limit":["1/s"]}""", "unknown member \"limit\"; did you mean \"limits\"?")]
    [InlineData("POST", "/api/v1/requests/bulk", """{"requests":[],"bach":"x"}""", "did you mean \"batch\"?")]
    [InlineData("POST", "/api/v1/requests/wait", """{"request_ids":[],"tiemout":5}""", "did you mean \"timeout\"?")]
    public async Task What_is_spelled_wrong_is_told_and_nothing_is_done(string method, string path, string? body, string says)
    {
        var (status, problem) = await Service.CallAsync(method, path, body);

        Assert.Equal(400, status);
        Assert.Contains(says, (string?)problem["error"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_tells_that_its_queue_or_its_API_is_paused()
    {
        await Service.CallAsync("POST", "/api/v1/queues/resting:pause");
        var id = (await SubmitAsync(null, """{"url":"API/a","queue":"resting"}"""))[0];
        var (_, explained) = await Service.CallAsync("GET", $"/api/v1/request/{id}/explain");
        Assert.Equal("queue resting, which is paused", (string?)explained["waiting_for"]);
        Assert.Null(explained["starts_in_seconds"]);

        await Service.CallAsync("POST", "/api/v1/queues/resting:resume");
        Assert.Equal("completed", (await Service.WaitAsync([id])).Single().GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_job_says_where_it_stands_and_whose_it_is_while_it_waits_and_when_it_has_ended()
    {
        await Service.CallAsync("POST", "/api/v1/queues/resting:pause");
        var id = (await SubmitAsync("mine", """{"url":"API/a","queue":"resting","priority":"high","tenant":"acme"}"""))[0];
        const string place = "sim resting mine 2 acme";
        Assert.Equal(place, PlaceOf((await Service.CallAsync("GET", $"/api/v1/request/{id}")).Json));

        await Service.CallAsync("POST", "/api/v1/queues/resting:resume");
        await Service.WaitAsync([id]);
        Assert.Equal(place, PlaceOf((await Service.CallAsync("GET", $"/api/v1/request/{id}")).Json));
        Assert.Equal(place, PlaceOf((await Service.CallAsync("GET", "/api/v1/requests?batch=mine")).Json["requests"]!.AsArray().Single()!));
    }

    [Fact]
    public async Task Nobody_knows_when_a_batch_ends_while_its_queue_or_its_API_is_paused()
    {
        await Service.CallAsync("PUT", "/api/v1/limits/sim", """{"limits":["1/h"]}""");
        await SubmitAsync("mine", [.. Enumerable.Range(0, 3).Select(n => $$"""{"url":"API/{{n}}","queue":"resting"}""")]);
        // What is under way may still be refused, so that nobody knows when the next may go.
        for (var look = 0; look < 500 && (int)(await Service.CallAsync("GET", "/api/v1/batches/mine")).Json["ended"]! == 0; look++)
            await Task.Delay(20);
        Assert.InRange(await EtaAsync() ?? 0, 3600, 7300);

        await Service.CallAsync("POST", "/api/v1/queues/resting:pause");
        Assert.Null(await EtaAsync());
        await Service.CallAsync("POST", "/api/v1/queues/resting:resume");
        Assert.NotNull(await EtaAsync());
        await Service.CallAsync("POST", "/api/v1/upstreams/sim/pause");
        Assert.Null(await EtaAsync());

        async Task<double?> EtaAsync() => (double?)(await Service.CallAsync("GET", "/api/v1/batches/mine")).Json["eta_seconds"];
    }

    [Fact]
    public async Task A_key_of_a_submission_that_comes_again_for_another_batch_is_refused()
    {
        Assert.Equal("", await ErrorOfAsync("one"));
        Assert.Equal("", await ErrorOfAsync("one"));
        Assert.Contains("another batch", await ErrorOfAsync("two"), StringComparison.Ordinal);
        Assert.Equal(404, (await Service.CallAsync("GET", "/api/v1/batches/two")).Status);

        async Task<string> ErrorOfAsync(string batch)
        {
            using var call = new HttpRequestMessage(HttpMethod.Post, "/api/v1/requests/bulk") { Content = JsonContent.Create(new { batch, requests = new[] { new { url = $"{Api.Url}/x" } } }) };
            call.Headers.Add("Idempotency-Key", "k");
            using var answer = await Service.Client.SendAsync(call);
            return string.Concat(JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["errors"]!.AsArray().Select(error => (string)error!["error"]!));
        }
    }

    [Fact]
    public async Task A_cost_in_a_unit_that_is_misspelt_is_not_sent_for_nothing()
    {
        await Service.CallAsync("PUT", "/api/v1/limits/sim", """{"limits":["100/s","1000 tokens/s"]}""");
        var ids = await SubmitAsync(null, """{"url":"API/a","cost":{"token":5}}""", """{"url":"API/b","cost":{"tokens":5}}""", """{"url":"API/c","cost":{"euros":5}}""");
        var ended = await Service.WaitAsync(ids);

        Assert.Equal(["failed", "completed", "completed"], ended.Select(job => job.GetProperty("status").GetString()));
        Assert.Equal(("invalid", "it declares a cost in \"token\", which no limit of sim counts; did you mean \"tokens\"?"), (ended[0].GetProperty("error").GetProperty("class").GetString(), ended[0].GetProperty("error").GetProperty("detail").GetString()));
        Assert.Equal(0, ended[0].GetProperty("attempts").GetInt32());
        Assert.Equal(2, Api.Report().Arrivals);
    }

    [Fact]
    public async Task JSON_that_is_broken_is_told_with_its_place()
    {
        var (status, problem) = await Service.CallAsync("POST", "/api/v1/request", """{"url": nobody}""");

        Assert.Equal((400, "Invalid JSON"), (status, (string?)problem["error"]));
        Assert.Matches("^not valid JSON: .*, at byte (9|10)$", (string?)problem["detail"]);
    }

    private static string PlaceOf(JsonNode job) => $"{job["api"]} {job["queue"]} {job["batch"]} {job["priority"]} {job["tenant"]}";

    [Fact]
    public async Task A_dead_letter_is_mended_and_done_once_more_by_a_job_of_its_own()
    {
        var id = (await SubmitAsync(null, $$"""{"url":"{{Gone}}/nobody","retries":0,"id":"mine"}"""))[0];
        await Service.WaitAsync([id]);
        var (_, letters) = await Service.CallAsync("GET", "/api/v1/dlq");
        Assert.Equal(id, (string?)letters["requests"]!.AsArray().Single()!["request_id"]);

        Assert.Equal(400, (await Service.CallAsync("POST", $"/api/v1/dlq/{id}:replay", """{"nonsense":1}""")).Status);
        var (status, replayed) = await Service.CallAsync("POST", $"/api/v1/dlq/{id}:replay", $$"""{"url":"{{Api.Url}}/mended","headers":{"x-a":"1"} }""");
        Assert.Equal((202, id), (status, (string?)replayed["replaces"]));
        var again = (await Service.WaitAsync([(string)replayed["request_id"]!])).Single();

        Assert.Equal(("completed", "mine", "/mended"), (again.GetProperty("status").GetString(), again.GetProperty("id").GetString(), new Uri(again.GetProperty("url").GetString()!).AbsolutePath));
        Assert.Equal((string?)replayed["request_id"], (string?)(await Service.CallAsync("GET", $"/api/v1/request/{id}")).Json["replaced_by"]);
        Assert.Empty((await Service.CallAsync("GET", "/api/v1/dlq")).Json["requests"]!.AsArray());
        Assert.Equal(404, (await Service.CallAsync("POST", $"/api/v1/dlq/{id}:replay")).Status);
    }

    [Fact]
    public async Task A_dead_letter_is_not_mended_by_what_makes_no_sense()
    {
        // Found: these were answered 500.
        var id = (await SubmitAsync(null, $$"""{"url":"{{Gone}}/nobody","retries":0,"context":{"a":{"b":1,"b":2} } }"""))[0];
        await Service.WaitAsync([id]);
        foreach (var patch in (string[])["""{"url":"http://a.example","url":"http://b.example"}""", """{"context":"\ud800"}""", """{"context":{"\ud800":1}}""", """{"context":{"a":{"c":1}}}""", $$"""{"context":{{new string('[', 300)}}{{new string(']', 300)}}}"""])
            Assert.Equal(400, (await Service.CallAsync("POST", $"/api/v1/dlq/{id}:replay", patch)).Status);
        Assert.Equal(400, (await Service.CallAsync("POST", "/api/v1/requests/wait", $$"""{"request_ids":{{new string('[', 100)}}{{new string(']', 100)}}}""")).Status);

        Assert.Equal(202, (await Service.CallAsync("POST", $"/api/v1/dlq/{id}:replay", $$"""{"context":{{new string('[', 200)}}{{new string(']', 200)}}}""")).Status);
    }

    [Fact]
    public async Task Dead_letters_are_replayed_at_a_rate_and_once_each()
    {
        await Service.WaitAsync(await SubmitAsync("b", [.. Enumerable.Range(0, 5).Select(n => $$"""{"url":"{{Gone}}/{{n}}","retries":0}""")]));

        var (_, preview) = await Service.CallAsync("POST", "/api/v1/dlq:replay?batch=b&dry_run=true");
        Assert.Equal((5, 0), (Number(preview, "matched"), Number(preview, "submitted")));
        var (_, done) = await Service.CallAsync("POST", "/api/v1/dlq:replay?batch=b&rate=1/h");
        Assert.Equal((5, 5), (Number(done, "matched"), Number(done, "submitted")));

        Assert.Equal(0, Number((await Service.CallAsync("POST", "/api/v1/dlq:replay?url=/4")).Json, "matched"));
        // The first goes at once and fails once more; the others have an hour of their own each.
        var open = (await Service.CallAsync("GET", "/api/v1/requests?status=open&batch=b")).Json["requests"]!.AsArray();
        Assert.InRange(open.Count, 4, 5);
        Assert.Equal(400, (await Service.CallAsync("POST", "/api/v1/dlq:replay?batch=b&rate=fast")).Status);
    }

    [Fact]
    public async Task A_deadline_counts_from_when_each_is_begun_and_not_from_when_all_were_replayed()
    {
        await Service.WaitAsync(await SubmitAsync("b", [.. Enumerable.Range(0, 3).Select(n => $$"""{"url":"{{Gone}}/{{n}}","retries":0,"deadline":"30m","start_by":"20m"}""")]));

        await Service.CallAsync("POST", "/api/v1/dlq:replay?batch=b&rate=1/h");
        Assert.Equal([80, 140], await LeftAsync());
        // Once more: nothing of the first time is added up.
        await Service.CallAsync("POST", "/api/v1/requests:cancel?batch=b");
        await Service.CallAsync("POST", "/api/v1/requests:retry?batch=b&rate=1/h");
        Assert.Equal([80, 140], await LeftAsync());

        // The minutes until the two that wait their hours are too late, counted from when they were accepted.
        async Task<List<double>> LeftAsync()
        {
            var left = new List<double>();
            foreach (var job in (await Service.CallAsync("GET", "/api/v1/requests?status=open&batch=b")).Json["requests"]!.AsArray())
            {
                var (_, why) = await Service.CallAsync("GET", $"/api/v1/request/{job!["request_id"]}/explain");
                if (((string?)why["waiting_for"])?.StartsWith("its time", StringComparison.Ordinal) == true)
                    left.Add(Math.Round((DateTimeOffset.Parse((string)why["expires_at"]!) - DateTimeOffset.Parse((string)job["created_at"]!)).TotalMinutes));
            }
            return [.. left.Order()];
        }
    }

    [Fact]
    public async Task Dead_letters_are_forgotten_and_nothing_else()
    {
        var ids = await SubmitAsync(null, $$"""{"url":"{{Gone}}/1","retries":0}""", $$"""{"url":"{{Gone}}/2","retries":0}""", """{"url":"API/ok"}""");
        await Service.WaitAsync(ids);

        Assert.Equal(404, (await Service.CallAsync("DELETE", $"/api/v1/dlq/{ids[2]}")).Status);
        Assert.Equal(1, Number((await Service.CallAsync("DELETE", $"/api/v1/dlq/{ids[0]}")).Json, "deleted"));
        Assert.Equal(1, Number((await Service.CallAsync("DELETE", "/api/v1/dlq?all=true")).Json, "deleted"));

        foreach (var (job, expected) in ids.Zip((int[])[404, 404, 200]))
            Assert.Equal(expected, (await Service.CallAsync("GET", $"/api/v1/request/{job}")).Status);
    }

    [Fact]
    public async Task A_batch_says_how_far_it_has_come()
    {
        await Service.WaitAsync(await SubmitAsync("night", """{"url":"API/1"}""", """{"url":"API/2"}"""));
        await SubmitAsync("night", """{"url":"API/3","not_before":"1h"}""");

        var (_, batch) = await Service.CallAsync("GET", "/api/v1/batches/night");

        Assert.Equal((3, 1, 2, 2), (Number(batch, "total"), Number(batch, "open"), Number(batch, "ended"), Number(batch, "ok")));
        Assert.Equal(0.6667, (double)batch["progress"]!);
        Assert.Equal(404, (await Service.CallAsync("GET", "/api/v1/batches/nobody")).Status);
        Assert.Equal(400, (await Service.CallAsync("POST", "/api/v1/requests/bulk", """{"requests":[],"batch":"a b"}""")).Status);
    }

    [Fact]
    public async Task A_waiting_job_says_what_it_waits_for()
    {
        var id = (await SubmitAsync(null, """{"url":"API/later","not_before":"1h","deadline":"2h"}"""))[0];

        var (_, why) = await Service.CallAsync("GET", $"/api/v1/request/{id}/explain");

        Assert.Equal(("queued", "sim", "default"), ((string?)why["status"], (string?)why["api"], (string?)why["queue"]));
        Assert.StartsWith("its time, ", (string?)why["waiting_for"], StringComparison.Ordinal);
        Assert.InRange((double)why["starts_in_seconds"]!, 3500, 3600);
        Assert.NotNull((string?)why["expires_at"]);
    }

    [Fact]
    public async Task Jobs_of_one_submission_say_how_many_of_them_come_before_and_when_they_start()
    {
        await Service.CallAsync("PUT", "/api/v1/limits/sim", """{"limits":["1/min"]}""");
        var ids = await SubmitAsync(null, [.. Enumerable.Range(0, 6).Select(n => $$"""{"url":"API/{{n}}"}""")]);
        await Service.WaitAsync([ids[0]]);

        for (var number = 1; number < 6; number++)
        {
            var (_, why) = await Service.CallAsync("GET", $"/api/v1/request/{ids[number]}/explain");
            Assert.Equal(number - 1, Number(why, "ahead"));
            Assert.Contains("1/min", (string?)why["waiting_for"], StringComparison.Ordinal);
            Assert.InRange((double)why["starts_in_seconds"]!, (number * 60) - 20, (number * 60) + 5);
        }
    }

    private async Task<List<string>> SubmitAsync(string? batch, params string[] requests)
    {
        var body = $$"""{"requests":[{{string.Join(',', requests).Replace("API", Api.Url, StringComparison.Ordinal)}}]{{(batch is null ? "" : $",\"batch\":\"{batch}\"")}} }""";
        var (status, json) = await Service.CallAsync("POST", "/api/v1/requests/bulk", body);
        Assert.Equal(202, status);
        Assert.Empty(json["errors"]!.AsArray());
        return [.. json["request_ids"]!.AsArray().Select(id => (string)id!)];
    }

    private static int Number(JsonNode json, string member) => (int)json[member]!;
}
