using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Headgate.IntegrationTests.Service;

/// <summary>Callbacks, as a receiver written to the specification of Standard Webhooks sees them.</summary>
public sealed class CallbackTests : IAsyncLifetime
{
    private readonly Cli _cli = new();
    private readonly BlockingCollection<(IHeaderDictionary Headers, string Body)> _calls = [];
    private readonly ConcurrentQueue<int> _answers = new();
    private WebApplication _receiver = null!;
    private SimulatedApi _api = null!;
    private ServiceProcess _service = null!;

    private string Receiver => _receiver.Urls.Single();

    private string Secrets => Path.Combine(_cli.Folder, "data", "callback-secrets");

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _receiver = builder.Build();
        _receiver.MapPost("/done", async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            context.Response.StatusCode = _answers.TryDequeue(out var status) ? status : 204;
            _calls.Add((new HeaderDictionary(context.Request.Headers.ToDictionary()), body));
        });
        await _receiver.StartAsync();
        _api = await SimulatedApi.StartAsync(new());
        _service = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _cli.DisposeAsync();
        await _api.DisposeAsync();
        await _receiver.DisposeAsync();
        _calls.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task The_end_of_a_job_is_told_with_a_signature_that_holds()
    {
        var id = await SubmitAsync("{}");

        var call = Next();

        Assert.True(IsSigned(call, (await File.ReadAllTextAsync(Secrets)).Trim()));
        Assert.False(IsSigned(call with { Body = call.Body + " " }, (await File.ReadAllTextAsync(Secrets)).Trim()));
        using var told = JsonDocument.Parse(call.Body);
        Assert.Equal("request.completed", told.RootElement.GetProperty("type").GetString());
        var data = told.RootElement.GetProperty("data");
        Assert.Equal((id, "completed", 200), (data.GetProperty("request_id").GetString(), data.GetProperty("status").GetString(), data.GetProperty("result").GetProperty("status_code").GetInt32()));
        Assert.Equal("application/json", call.Headers.ContentType);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Secrets));
    }

    [Fact]
    public async Task What_is_told_is_the_job_as_it_can_be_asked_for()
    {
        var (_, json) = await _service.CallAsync("POST", "/api/v1/requests/bulk", $$"""{"batch":"night","requests":[{"url":"{{_api.Url}}/x","priority":"high","tenant":"acme","tags":["t"],"callback":{"url":"{{Receiver}}/done"} }]}""");

        var told = JsonNode.Parse(Next().Body)!["data"];

        Assert.Equal(("night", 2, "acme"), ((string?)told!["batch"], (int)told["priority"]!, (string?)told["tenant"]));
        var asked = (await _service.CallAsync("GET", $"/api/v1/request/{json["request_ids"]![0]}")).Json;
        Assert.True(JsonNode.DeepEquals(asked, told), $"{asked}\n{told}");
    }

    [Fact]
    public async Task A_call_that_fails_is_made_again_under_the_same_id()
    {
        _answers.Enqueue(500);
        await SubmitAsync("{}");

        var (first, second) = (Next(), Next());

        Assert.Equal(first.Headers["webhook-id"], second.Headers["webhook-id"]);
        Assert.Equal(first.Body, second.Body);
        Assert.True(IsSigned(second, (await File.ReadAllTextAsync(Secrets)).Trim()));
        Assert.True(long.Parse(second.Headers["webhook-timestamp"]!) >= long.Parse(first.Headers["webhook-timestamp"]!) + 4);
    }

    [Fact]
    public async Task A_call_that_is_made_again_later_is_no_dead_letter_and_one_that_may_not_go_is_not_made_again()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={api.Url}");
        foreach (var (callback, dead, open) in ((string, int, int)[])[($"{api.Url}/status/500", 0, 1), ("http://169.254.169.254/x", 1, 1)])
        {
            await service.WaitAsync(await service.SubmitAsync([$$"""{"url":"{{api.Url}}/x","callback":{"url":"{{callback}}"} }"""]));
            for (var tries = 0; (await CountAsync("/api/v1/requests?queue=callbacks&status=ended")) < dead + 1; tries++)
            {
                Assert.True(tries < 200, "it was never called");
                await Task.Delay(50);
            }
            Assert.Equal((dead, open), (await CountAsync("/api/v1/dlq"), await CountAsync("/api/v1/requests?queue=callbacks&status=open")));
        }

        async Task<int> CountAsync(string path) => (await service.CallAsync("GET", path)).Json["requests"]!.AsArray().Count;
    }

    [Fact]
    public async Task Whoever_says_that_it_is_gone_is_called_no_more()
    {
        _answers.Enqueue(410);
        await SubmitAsync("{}");
        Next();

        var (_, calls) = await SettledAsync();

        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task Only_the_ends_that_were_asked_for_are_told()
    {
        await SubmitAsync("""{"id":"fine"}""", "failed");
        await SubmitAsync("""{"id":"bad","retries":0}""", "failed", "http://127.0.0.1:1/");

        using var told = JsonDocument.Parse(Next().Body);

        Assert.Equal(("request.failed", "bad"), (told.RootElement.GetProperty("type").GetString(), told.RootElement.GetProperty("data").GetProperty("id").GetString()));
    }

    [Fact]
    public async Task With_two_secrets_each_call_is_signed_by_both()
    {
        await SubmitAsync("{}");
        Next();
        var (old, added) = ((await File.ReadAllTextAsync(Secrets)).Trim(), $"whsec_{Convert.ToBase64String(RandomNumberGenerator.GetBytes(24))}");
        await File.WriteAllTextAsync(Secrets, $"# new\n{added}\n{old}\n");

        await SubmitAsync("{}");

        var call = Next();
        Assert.True(IsSigned(call, old));
        Assert.True(IsSigned(call, added));
    }

    [Fact]
    public async Task What_is_wrong_with_the_secrets_is_for_the_log_and_not_for_callers()
    {
        await SubmitAsync("{}");
        Next();
        await File.WriteAllTextAsync(Secrets, "whsec_tooshort\n");

        await SubmitAsync("{}");

        await _service.Process.Error.WaitForAsync("callback-secrets:1: a secret is whsec_");
        JsonArray failed;
        do
            failed = (await _service.CallAsync("GET", "/api/v1/requests?queue=callbacks&status=failed")).Json["requests"]!.AsArray();
        while (failed.Count == 0);
        Assert.Equal("invalid", failed.Single()!["error"]!["class"]!.GetValue<string>());
        Assert.DoesNotContain(_cli.Folder, failed.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("tooshort", failed.ToJsonString() + _service.Process.Error.Text, StringComparison.Ordinal);
        // Found: it was never made again, even when the file was mended.
        await File.WriteAllTextAsync(Secrets, $"whsec_{Convert.ToBase64String(new byte[32])}\n");
        Next();
    }

    [Fact]
    public async Task A_call_outlives_the_death_of_the_service()
    {
        await _service.CallAsync("POST", "/api/v1/queues/callbacks:pause");
        var id = await SubmitAsync("{}");
        await _service.WaitAsync([id]);
        _service.Process.Kill();
        await _service.DisposeAsync();

        _service = await StartAsync();
        await _service.CallAsync("POST", "/api/v1/queues/callbacks:resume");

        using var told = JsonDocument.Parse(Next().Body);
        Assert.Equal(id, told.RootElement.GetProperty("data").GetProperty("request_id").GetString());
    }

    [Fact]
    public async Task A_call_that_is_replayed_is_signed_like_any_other_and_says_what_it_said()
    {
        // Found: it went to the queue of everybody, where nothing is signed.
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"sim={_api.Url}", "--up", $"receiver={Receiver}");
        var id = (await service.SubmitAsync([$$"""{"url":"{{_api.Url}}/x","callback":{"url":"http://169.254.169.254/x"} }"""]))[0];
        System.Text.Json.Nodes.JsonArray letters;
        for (var tries = 0; (letters = (await service.CallAsync("GET", "/api/v1/dlq?queue=callbacks")).Json["requests"]!.AsArray()).Count == 0; tries++)
        {
            Assert.True(tries < 300, "the call does not end");
            await Task.Delay(100);
        }
        var dead = (string)letters.Single()!["request_id"]!;
        Assert.Equal(400, (await service.CallAsync("POST", $"/api/v1/dlq/{dead}:replay", """{"data":"forged"}""")).Status);
        Assert.Equal(400, (await service.CallAsync("POST", $"/api/v1/dlq/{dead}:replay", """{"context":null}""")).Status);

        Assert.Equal(202, (await service.CallAsync("POST", $"/api/v1/dlq/{dead}:replay", $$"""{"url":"{{Receiver}}/done?again"}""")).Status);

        var call = Next();
        Assert.True(IsSigned(call, (await File.ReadAllTextAsync(cli.PathOf("data/callback-secrets"))).Trim()));
        using var told = JsonDocument.Parse(call.Body);
        Assert.Equal(id, told.RootElement.GetProperty("data").GetProperty("request_id").GetString());
    }

    [Fact]
    public async Task No_submission_takes_the_place_of_a_call()
    {
        // Found: the id of a call was that of a submission with a certain key.
        var id = await SubmitAsync("""{"not_before":1}""");
        using var thief = new HttpRequestMessage(HttpMethod.Post, "/api/v1/request") { Content = new StringContent($$"""{"url":"{{_api.Url}}/x"}""") };
        thief.Headers.Add("Idempotency-Key", $"callback:{id}");
        (await _service.Client.SendAsync(thief)).Dispose();

        using var told = JsonDocument.Parse(Next().Body);

        Assert.Equal(id, told.RootElement.GetProperty("data").GetProperty("request_id").GetString());
    }

    [Theory]
    [InlineData("deep")]
    [InlineData("half")]
    public async Task What_is_only_echoed_ends_is_told_and_is_read_like_anything_else(string what)
    {
        // Found: such a job was never ended where it had a callback, and no list that had it in it could be read.
        var context = what == "deep" ? $"{new string('[', 250)}{new string(']', 250)}" : """{"a":"\ud800"}""";
        var (status, json) = await _service.CallAsync("POST", "/api/v1/request", $$"""{"url":"{{_api.Url}}/x","context":{{context}},"callback":{"url":"{{Receiver}}/done"} }""");
        Assert.Equal(202, status);

        Assert.Contains($"\"context\":{context}", Next().Body, StringComparison.Ordinal);
        foreach (var path in (string[])[$"/api/v1/request/{json["request_id"]}", "/api/v1/requests"])
            Assert.Contains($"\"context\":{context}", await _service.Client.GetStringAsync(path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"url":"nowhere"}""")]
    [InlineData("""{"url":"http://a.example","on":["done"]}""")]
    [InlineData("""{"on":["failed"]}""")]
    [InlineData("""{"url":"http://a.example","secret":"x"}""")]
    public async Task A_callback_that_makes_no_sense_is_refused(string callback)
    {
        var (status, problem) = await _service.CallAsync("POST", "/api/v1/request", $$"""{"url":"{{_api.Url}}/x","callback":{{callback}} }""");

        Assert.Equal(400, status);
        Assert.NotEqual("", (string?)problem["error"]);
    }

    private Task<ServiceProcess> StartAsync() => ServiceProcess.StartAsync(_cli, "--up", $"sim={_api.Url}", "--allow-private");

    private async Task<string> SubmitAsync(string more, string on = "completed", string? url = null)
    {
        var request = System.Text.Json.Nodes.JsonNode.Parse(more)!.AsObject();
        request["url"] = url ?? $"{_api.Url}/x";
        request["callback"] = System.Text.Json.Nodes.JsonNode.Parse($$"""{"url":"{{Receiver}}/done","on":["{{on}}"]}""");
        var (status, json) = await _service.CallAsync("POST", "/api/v1/request", request.ToJsonString());
        Assert.Equal(202, status);
        return (string)json["request_id"]!;
    }

    private (IHeaderDictionary Headers, string Body) Next() => _calls.TryTake(out var call, TimeSpan.FromSeconds(60)) ? call : throw new TimeoutException("no call came");

    /// <summary>All jobs, those that call among them, have ended; how many of these there are.</summary>
    private async Task<(int Open, int Calls)> SettledAsync()
    {
        for (var tries = 0; ; tries++)
        {
            var open = (await _service.CallAsync("GET", "/api/v1/requests?status=open")).Json["requests"]!.AsArray().Count;
            if (open == 0)
                return (0, (await _service.CallAsync("GET", "/api/v1/requests?queue=callbacks")).Json["requests"]!.AsArray().Count);
            Assert.True(tries < 300, "they do not end");
            await Task.Delay(100);
        }
    }

    private static bool IsSigned((IHeaderDictionary Headers, string Body) call, string secret)
    {
        var signed = Encoding.UTF8.GetBytes($"{call.Headers["webhook-id"]}.{call.Headers["webhook-timestamp"]}.{call.Body}");
        var signature = $"v1,{Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), signed))}";
        return call.Headers["webhook-signature"].ToString().Split(' ').Contains(signature);
    }
}
