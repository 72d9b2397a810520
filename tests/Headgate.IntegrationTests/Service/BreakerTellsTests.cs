using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.Limits;

namespace Headgate.IntegrationTests.Service;

/// <summary>What is told of jobs that a breaker holds, or a pause that the API asked for.</summary>
public sealed class BreakerTellsTests : IAsyncDisposable
{
    private readonly Cli _cli = new();

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Fact]
    public async Task A_job_behind_an_open_breaker_is_told_of_once_and_says_what_it_waits_for()
    {
        _cli.Write("headgate.json", ["""{ "upstreams": { "gone": { "base": ["http://127.0.0.1:1"], "retries": 0, "breaker": { "failureThreshold": 1, "recoveryTimeout": "10m" } } } }"""]);
        await using var service = await ServiceProcess.StartAsync(_cli);
        await service.WaitAsync(await service.SubmitAsync(["""{"url":"http://127.0.0.1:1/first"}"""]));
        using var call = new HttpRequestMessage(HttpMethod.Get, "/api/v1/events?events=request_circuit_open,request_cancelled");
        using var answer = await service.Client.SendAsync(call, HttpCompletionOption.ResponseHeadersRead);
        using var stream = new StreamReader(await answer.Content.ReadAsStreamAsync());
        await stream.ReadLineAsync();

        var ids = await service.SubmitAsync(Enumerable.Range(0, 4).Select(n => $$"""{"url":"http://127.0.0.1:1/{{n}}"}"""));
        var told = new List<string>();
        for (var count = 0; count < 4; count++)
            told.Add(await NextAsync(stream));
        var (_, why) = await service.CallAsync("GET", $"/api/v1/request/{ids[3]}/explain");
        await service.CallAsync("DELETE", $"/api/v1/request/{ids[0]}");

        Assert.Equal(ids.Select(id => $"request_circuit_open {id}").Order(), told.Order());
        Assert.Contains("its breaker, which is open", (string?)why["waiting_for"], StringComparison.Ordinal);
        // Nothing more was told of any of them.
        Assert.Equal($"request_cancelled {ids[0]}", await NextAsync(stream));
    }

    [Fact]
    public async Task Whoever_waits_for_the_answer_of_an_API_behind_an_open_breaker_is_told_that_and_of_no_timeout()
    {
        _cli.Write("headgate.json", ["""{ "upstreams": { "gone": { "base": ["http://127.0.0.1:1"], "retries": 0, "breaker": { "failureThreshold": 1, "recoveryTimeout": "10m" } } } }"""]);
        await using var service = await ServiceProcess.StartAsync(_cli);
        await service.WaitAsync(await service.SubmitAsync(["""{"url":"http://127.0.0.1:1/first"}"""]));

        var (status, problem) = await service.CallAsync("GET", "/api/v1/get?url=http://127.0.0.1:1/x");

        Assert.Equal(503, status);
        Assert.Contains("breaker", (string?)problem["error"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_whose_time_was_over_before_it_came_says_so()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}");
        using var call = new HttpRequestMessage(HttpMethod.Get, "/up/sim/x");
        call.Headers.Add("Headgate-Deadline", "0");
        using var answer = await service.Client.SendAsync(call);

        Assert.Contains("its time was over before it came", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_was_refused_says_what_it_waits_for()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("1/h")], Style = AnswerStyle.Plain });
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}");
        var ids = await service.SubmitAsync(Enumerable.Range(0, 2).Select(n => $$"""{"url":"{{api.Url}}/{{n}}"}"""));
        JsonNode? refused = null;
        for (var look = 0; look < 500 && refused is null; look++)
        {
            foreach (var id in ids)
                if ((await service.CallAsync("GET", $"/api/v1/request/{id}/explain")).Json is var why && (string?)why["status"] == "rate_limited" && why["waiting_for"] is not null)
                    refused = why;
            await Task.Delay(20);
        }

        Assert.Contains("sim", (string?)refused!["waiting_for"], StringComparison.Ordinal);
    }

    private static async Task<string> NextAsync(StreamReader stream)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var name = "";
        while (true)
        {
            var line = await stream.ReadLineAsync(patience.Token) ?? throw new EndOfStreamException("it ended");
            if (line.StartsWith("event: ", StringComparison.Ordinal))
                name = line[7..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
                return $"{name} {JsonNode.Parse(line[6..])!["request_id"]}";
        }
    }
}
