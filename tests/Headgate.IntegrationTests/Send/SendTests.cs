using System.Text;
using System.Text.Json;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.CommandLine;
using Headgate.Limits;

namespace Headgate.IntegrationTests.Send;

public sealed class SendTests : IAsyncDisposable
{
    private readonly ProgramRun _program = new();

    public ValueTask DisposeAsync() => _program.DisposeAsync();

    [Fact]
    public async Task The_body_is_data_and_all_else_is_talk()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        var (code, output, error) = await _program.RunAsync("send", $"{api.Url}/things/1");

        Assert.Equal((0, """{"ok":true,"path":"/things/1","n":1}"""), (code, Encoding.UTF8.GetString(output)));
        Assert.Matches(@"^200 OK in [0-9.]+ (µs|ms|s)\n$", error);
    }

    [Theory]
    [InlineData(5_000, "16MiB")]
    [InlineData(5_000_000, "16MiB")]
    [InlineData(5_000_000, "1KiB")]
    public async Task A_body_comes_as_it_is_whatever_its_size(int length, string maxBody)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        var (code, output, _) = await _program.RunAsync("send", $"{api.Url}/bytes/{length}", "--max-body", maxBody);

        Assert.Equal((0, length), (code, output.Length));
        using var http = new HttpClient();
        Assert.Equal(await http.GetByteArrayAsync($"{api.Url}/bytes/{length}"), output);
    }

    [Fact]
    public async Task Two_in_a_row_hold_the_limit_and_so_does_a_run_between_them()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("1/4s")], Per = ScopeKind.All });
        await File.WriteAllTextAsync(Path.Combine(_program.Folder, "urls.txt"), $"{api.Url}/b\n");

        var first = await _program.RunAsync("send", $"{api.Url}/a", "--limit", "1/4s");
        var second = await _program.RunAsync("run", "urls.txt", "-o", "results.jsonl", "--limit", "1/4s");
        var third = await _program.RunAsync("send", $"{api.Url}/c", "--limit", "1/4s", "--explain");

        Assert.Equal((0, 0, 0), (first.Code, second.Code, third.Code));
        Assert.DoesNotContain("waited", first.Error, StringComparison.Ordinal);
        Assert.Matches(@"1 sent in the 4s before, the last [0-9.]+ m?s ago", third.Error);
        Assert.Matches(@"s  waiting for 1/4s \(http://127\.0\.0\.1:[0-9]+\): [0-9.]+ m?s", third.Error);
        Assert.Matches(@"200 OK in .*, waited [0-9.]+ m?s for 1/4s \(http://127\.0\.0\.1:[0-9]+\)\n$", third.Error);
        var report = api.Report();
        Assert.Equal((3, 0, 1), (report.Arrivals, report.Refused, report.Limits[0].OfferedWorstWindow));
    }

    [Fact]
    public async Task A_pause_the_server_asks_for_is_kept_and_explained()
    {
        await using var api = await SimulatedApi.StartAsync(new() { Limits = [Limit.Parse("1/4s")], Per = ScopeKind.All });
        await _program.RunAsync("send", api.Url);
        var (code, output, error) = await _program.RunAsync("send", $"{api.Url}/again?token=s3cret", "--explain");

        Assert.Equal((0, "/again"), (code, JsonDocument.Parse(output).RootElement.GetProperty("path").GetString()));
        Assert.Matches(@"attempt 1: 429 Too Many Requests after", error);
        Assert.Matches(@"pause of [0-9.]+ m?s, for everybody who shares this limit", error);
        Assert.Matches(@"waiting for a pause the server asked for", error);
        Assert.Matches(@"200 OK in .*, 2 attempts in [0-9.]+ m?s, waited", error);
        Assert.DoesNotContain("s3cret", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_is_the_line_of_a_run()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        var (code, output, _) = await _program.RunAsync("send", $"{api.Url}/status/404", "--json", "-d", "{}");

        Assert.Equal(1, code);
        Assert.Equal((byte)'\n', output[^1]);
        var line = JsonDocument.Parse(output).RootElement;
        Assert.Equal(("POST", "completed", false, 404, "client"), (line.GetProperty("method").GetString(), line.GetProperty("status").GetString(),
            line.GetProperty("ok").GetBoolean(), line.GetProperty("result").GetProperty("status_code").GetInt32(), line.GetProperty("error").GetProperty("class").GetString()));
        Assert.Equal(JsonValueKind.Null, line.GetProperty("line").ValueKind);
    }

    [Theory]
    [InlineData("/status/404", 1, "404 Not Found in ")]
    [InlineData("/status/500", 1, "headgate: the server answered 500, after 1 retry")]
    [InlineData("/fin", 1, "headgate: the server closed the connection without an answer, after 1 retry (network), 2 attempts in")]
    [InlineData("/redirect-loop", 1, "headgate: 10 redirects were followed; this one is not")]
    [InlineData("/redirect/2", 0, "3 attempts in")]
    public async Task What_came_of_it_is_told_with_its_code(string path, int expected, string message)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        var (code, _, error) = await _program.RunAsync("send", api.Url + path, "--retries", "1");

        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Equal(expected, code);
    }

    [Fact]
    public async Task A_post_of_which_nobody_knows_is_sent_once()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        var (code, _, error) = await _program.RunAsync("send", $"{api.Url}/fin", "-d", "x");

        Assert.Equal((1, 1), (code, api.Report().Arrivals));
        Assert.Contains("to send it twice could do harm (network)", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_are_walked_and_when_none_is_left_the_code_is_6()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await File.WriteAllTextAsync(Path.Combine(_program.Folder, "keys.txt"), "one v4lue-1\ntwo v4lue-2\n");
        var (code, _, error) = await _program.RunAsync("send", $"{api.Url}/unauthorized", "--keys", "keys.txt", "--explain");

        Assert.Equal((6, 2), (code, api.Report().Arrivals));
        Assert.Contains("headgate: the server answered 401, and no key is left", error, StringComparison.Ordinal);
        Assert.Contains("permit, with key ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("v4lue", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pasted_command_sends_what_curl_would()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        var (code, output, _) = await _program.RunAsync("send", $"curl '{api.Url}/echo?q=1' \\\n  -H 'X-A: b' -u me:pw --data-raw 'x=é'");

        Assert.Equal(0, code);
        var seen = JsonDocument.Parse(output).RootElement;
        Assert.Equal(("POST", "?q=1", "x=é"), (seen.GetProperty("method").GetString(), seen.GetProperty("query").GetString(), seen.GetProperty("body").GetString()));
        var headers = seen.GetProperty("headers");
        Assert.Equal(("b", "Basic bWU6cHc=", "application/x-www-form-urlencoded"), (headers.GetProperty("x-a").GetString(), headers.GetProperty("authorization").GetString(), headers.GetProperty("content-type").GetString()));
    }

    [Fact]
    public async Task Of_head_the_headers_are_written()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        var (code, output, _) = await _program.RunAsync("send", $"curl -I {api.Url}");

        Assert.Equal(0, code);
        Assert.Matches("(?s)^HTTP/1\\.1 200 OK\r\n.*Content-Type: application/json\r\n(.*\r\n)?\r\n$", Encoding.ASCII.GetString(output));
    }

    [Fact]
    public async Task Ctrl_C_ends_a_wait_before_anything_is_sent()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await _program.RunAsync("send", api.Url, "--limit", "1/min");
        var (code, output, error) = await _program.RunAsync(
            said =>
            {
                if (said.Error.EndsWith(" s\n", StringComparison.Ordinal) && said.Error.Contains("waiting for 1/min", StringComparison.Ordinal))
                    ProgramRun.Interrupt(said.Process);
            },
            "send", api.Url, "--limit", "1/min", "--explain");

        Assert.Equal((130, 0, 1), (code, output.Length, api.Report().Arrivals));
        Assert.EndsWith("headgate: interrupted before it was sent\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_on_its_way_says_that_it_may_have_been_done_and_counts_it()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        var (code, _, error) = await _program.RunAsync(
            said =>
            {
                if (said.Error.EndsWith("/hang\n", StringComparison.Ordinal))
                    ProgramRun.Interrupt(said.Process);
            },
            "send", $"{api.Url}/hang", "--limit", "1/3s", "--explain");

        Assert.Equal(130, code);
        Assert.EndsWith("headgate: interrupted; it was sent, and the server may have acted on it\n", error, StringComparison.Ordinal);
        var next = await _program.RunAsync("send", api.Url, "--limit", "1/3s");
        Assert.Contains(", waited ", next.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_another_process_holds_the_limit_it_is_refused_with_3()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        (int Code, byte[] Output, string Error)? second = null;
        var first = await _program.RunAsync(
            said =>
            {
                if (second is not null || !said.Error.EndsWith("/delay/20000\n", StringComparison.Ordinal))
                    return;
                second = _program.RunAsync("send", api.Url, "--limit", "5/s").GetAwaiter().GetResult();
                ProgramRun.Interrupt(said.Process);
            },
            "send", $"{api.Url}/delay/20000", "--limit", "5/s", "--explain");

        Assert.Equal((130, 3), (first.Code, second!.Value.Code));
        Assert.StartsWith("headgate: ", second.Value.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("HEADGATE_DEBUG", second.Value.Error, StringComparison.Ordinal);
    }
}
