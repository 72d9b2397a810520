using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary><c>headgate jobs</c> and <c>headgate dlq</c> against a running service, as somebody types them.</summary>
public sealed class JobVerbTests : IAsyncLifetime
{
    private readonly Cli _cli = new();
    private SimulatedApi _api = null!;
    private ServiceProcess _service = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await SimulatedApi.StartAsync(new());
        _service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={_api.Url}");
        _cli.Environment["HEADGATE_SERVER"] = _service.Client.BaseAddress!.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _cli.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Jobs_are_listed_by_filter_as_columns_or_as_lines()
    {
        var ids = await _service.SubmitAsync([$$"""{"url":"{{_api.Url}}/1","tags":["night"]}""", $$"""{"url":"{{_api.Url}}/2"}"""]);
        await _service.WaitAsync(ids);

        var table = await RunAsync(0, "jobs", "ls");
        var lines = await RunAsync(0, "jobs", "ls", "--filter", "status=completed tag=night", "--json");
        var first = await RunAsync(0, "jobs", "ls", "--limit", "1");

        Assert.Equal(["ID", ids[1], ids[0]], table.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]));
        Assert.Contains("completed", table.Output, StringComparison.Ordinal);
        Assert.Equal(ids[0], JsonDocument.Parse(Assert.Single(lines.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))).RootElement.GetProperty("request_id").GetString());
        Assert.Contains("these are the newest 1; there are more", first.Error, StringComparison.Ordinal);
        Assert.Equal($"{ids[1]} {ids[0]}", await IdsAsync());
        Assert.Equal($"{ids[0]} {ids[1]}", await IdsAsync("--order", "oldest"));
        Assert.Contains("no job fits", (await RunAsync(0, "jobs", "ls", "--filter", "tag=none")).Error, StringComparison.Ordinal);

        async Task<string> IdsAsync(params string[] order) =>
            string.Join(' ', (await RunAsync(0, ["jobs", "ls", "--json", .. order])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => (string?)JsonNode.Parse(line)!["request_id"]));
    }

    [Fact]
    public async Task Whatever_ended_and_is_not_ok_is_done_once_more_by_its_id()
    {
        var ids = await _service.SubmitAsync([$$"""{"url":"{{_api.Url}}/1","not_before":"1h"}""", $$"""{"url":"{{_api.Url}}/2"}"""]);
        await _service.WaitAsync([ids[1]]);

        Assert.Contains("has not ended yet", (await RunAsync(1, "jobs", "retry", ids[0])).Error, StringComparison.Ordinal);
        await RunAsync(0, "jobs", "cancel", ids[0]);
        var retried = (await RunAsync(0, "jobs", "retry", ids[0])).Output;
        Assert.StartsWith($"{ids[0]} submitted as ", retried, StringComparison.Ordinal);
        Assert.Equal("completed", (await _service.WaitAsync([retried.Trim().Split(' ')[^1]])).Single().GetProperty("status").GetString());
        Assert.Contains("replayed already", (await RunAsync(1, "jobs", "retry", ids[0])).Error, StringComparison.Ordinal);
        var mixed = await RunAsync(1, "jobs", "retry", ids[1], "nobody");
        Assert.Contains("it ended well", mixed.Error, StringComparison.Ordinal);
        Assert.Contains("nobody: Request not found", mixed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_is_shown_with_its_answer_its_attempts_and_what_it_waits_for()
    {
        var ids = await _service.SubmitAsync([$$"""{"url":"{{_api.Url}}/1","id":"mine","context":{"n":1} }""", $$"""{"url":"{{_api.Url}}/2","not_before":"1h"}"""]);
        await _service.WaitAsync([ids[0]]);

        var ended = (await RunAsync(0, "jobs", "show", ids[0])).Output;
        var open = (await RunAsync(0, "jobs", "show", ids[1])).Output;

        foreach (var expected in (string[])["completed", "mine", "{\"n\":1}", "answer       200", "content-type: application/json", "\"path\":\"/1\"", "SECONDS"])
            Assert.Contains(expected, ended, StringComparison.Ordinal);
        Assert.Contains("waits for    its time", open, StringComparison.Ordinal);
        Assert.Contains("Request not found", (await RunAsync(3, "jobs", "show", "nobody")).Error, StringComparison.Ordinal);
        Assert.Equal(ids[0], JsonDocument.Parse((await RunAsync(0, "jobs", "show", ids[0], "--json")).Output).RootElement.GetProperty("request_id").GetString());
    }

    [Fact]
    public async Task More_than_one_job_is_cancelled_only_by_who_says_so()
    {
        var ids = await _service.SubmitAsync(Enumerable.Range(0, 4).Select(number => $$"""{"url":"{{_api.Url}}/{{number}}","not_before":"1h","tags":["{{(number == 3 ? "one" : "many")}}"]}"""));

        Assert.Equal("3 would be cancelled\n", (await RunAsync(0, "jobs", "cancel", "--filter", "tag=many", "--dry-run")).Output);
        Assert.Contains("3 jobs fit: say --yes", (await RunAsync(2, "jobs", "cancel", "--filter", "tag=many")).Error, StringComparison.Ordinal);
        Assert.Equal("1 matched: 1 cancelled\n", (await RunAsync(0, "jobs", "cancel", "--filter", "tag=one")).Output);
        Assert.Equal(3, await OpenAsync());
        Assert.Equal($"{ids[0]} cancelled\n", (await RunAsync(0, "jobs", "cancel", ids[0])).Output);
        Assert.Contains("Cannot cancel", (await RunAsync(1, "jobs", "cancel", ids[0], "nobody")).Error, StringComparison.Ordinal);
        Assert.Equal("2 matched: 2 cancelled\n", (await RunAsync(0, "jobs", "cancel", "--all", "--yes")).Output);
        Assert.Equal(0, await OpenAsync());
    }

    [Fact]
    public async Task Dead_letters_are_replayed_and_forgotten()
    {
        // Nobody listens there, so that they fail.
        var dead = await _service.SubmitAsync(Enumerable.Range(0, 3).Select(number => $$"""{"url":"{{_api.Url}}/__nothing{{number}}","retries":0,"deadline":"1ms","tags":["t{{number}}"]}"""));
        await _service.WaitAsync(dead);

        Assert.Equal(4, (await RunAsync(0, "dlq", "ls")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        var replayed = (await RunAsync(0, "dlq", "replay", dead[0])).Output;
        Assert.StartsWith($"{dead[0]} submitted as ", replayed, StringComparison.Ordinal);
        await _service.WaitAsync([replayed.Trim().Split(' ')[^1]]);
        Assert.Equal("1 matched: 1 submitted\n", (await RunAsync(0, "jobs", "retry", "--filter", "tag=t1", "--rate", "10/s")).Output);
        Assert.Equal("1 matched: 1 deleted\n", (await RunAsync(0, "dlq", "rm", "--filter", "tag=t2")).Output);
        Assert.Contains("no dead letter", (await RunAsync(1, "dlq", "rm", dead[2])).Error + (await RunAsync(1, "dlq", "rm", dead[0])).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--filter: \"stauts\" is none of", "jobs", "ls", "--filter", "stauts=failed")]
    [InlineData("the quote \" is not closed", "jobs", "ls", "--filter", "tag=\"x")]
    [InlineData("status is given twice", "jobs", "ls", "--filter", "status=open status=failed")]
    [InlineData("--limit is a whole number", "jobs", "ls", "--limit", "0")]
    [InlineData("say which jobs", "jobs", "cancel")]
    [InlineData("not several of them", "dlq", "rm", "x", "--all")]
    [InlineData("--rate \"fast\"", "jobs", "retry", "--all", "--rate", "fast")]
    [InlineData("user name or password", "jobs", "ls", "--server", "http://a:b@127.0.0.1")]
    public async Task What_cannot_be_meant_is_said_before_anything_is_done(string expected, params string[] arguments) =>
        Assert.Contains(expected, (await RunAsync(2, arguments)).Error, StringComparison.Ordinal);

    [Theory]
    [InlineData("status is open, ended", "jobs", "ls", "--filter", "status=nonsense")]
    [InlineData("unknown period", "limits", "set", "sim", "5/parsec")]
    public async Task What_the_service_refuses_is_told_in_its_words(string expected, params string[] arguments) =>
        Assert.Contains(expected, (await RunAsync(3, arguments)).Error, StringComparison.Ordinal);

    [Theory]
    [InlineData("jobs", "ls")]
    [InlineData("dlq", "rm", "--all")]
    [InlineData("limits", "ls")]
    [InlineData("keys", "pause", "sim", "one")]
    [InlineData("config", "show")]
    public async Task A_service_that_is_not_there_and_something_else_that_is_have_a_code_of_their_own(params string[] arguments)
    {
        var away = await RunAsync(8, [.. arguments, "--server", $"127.0.0.1:{Ports.Free()}"]);
        var other = await RunAsync(8, [.. arguments, "--server", _api.Url.ToString()]);

        Assert.Contains("headgate serve", away.Error, StringComparison.Ordinal);
        Assert.Contains("does not answer as a Headgate service", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_proxy_of_the_environment_is_for_the_way_out_of_the_machine()
    {
        _cli.Environment["HTTP_PROXY"] = _cli.Environment["http_proxy"] = $"http://127.0.0.1:{Ports.Free()}";

        await RunAsync(0, "jobs", "ls");
        await RunAsync(0, "limits", "ls");
    }

    [Fact]
    public async Task A_token_is_asked_for_and_taken_from_a_file_or_the_environment()
    {
        var token = (await RunAsync(0, "tokens", "add", "reader", "--scope", "read")).Output.Trim();
        _cli.Write("token", $"{token}\n");
        while ((int)(await _service.Client.GetAsync("/api/v1/requests")).StatusCode != 401)
            await Task.Delay(100);

        var without = await RunAsync(3, "jobs", "ls");
        await RunAsync(0, "jobs", "ls", "--token-file", "token");
        var forbidden = await RunAsync(3, "dlq", "rm", "--all", "--token-file", "token");
        Assert.Contains("--token-file", without.Error, StringComparison.Ordinal);
        Assert.Contains("scope operate", forbidden.Error, StringComparison.Ordinal);
        Assert.Contains("cannot be read", (await RunAsync(3, "jobs", "ls", "--token-file", "nowhere")).Error, StringComparison.Ordinal);
        _cli.Environment["HEADGATE_TOKEN"] = token;
        await RunAsync(0, "jobs", "ls");
        Assert.DoesNotContain(token, without + forbidden.ToString(), StringComparison.Ordinal);
    }

    private async Task<CliResult> RunAsync(int code, params string[] arguments)
    {
        var result = await _cli.RunAsync(arguments);
        Assert.True(code == result.Code, $"{string.Join(' ', arguments)}: {result}");
        return result;
    }

    private async Task<int> OpenAsync() => (await _service.CallAsync("GET", "/api/v1/requests?status=open")).Json["requests"]!.AsArray().Count;
}
