using System.Text.Json.Nodes;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;

namespace Headgate.IntegrationTests.Formats;

/// <summary>Files of other programs through the program itself: in, run, and out.</summary>
public sealed class RoundTripTests : IAsyncLifetime
{
    private readonly Cli _cli = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await _cli.DisposeAsync();

    [Fact]
    public async Task A_batch_of_OpenAI_is_run_and_comes_out_as_OpenAI_would_give_it()
    {
        var api = await _cli.SimulateAsync("--limit", "500/s");
        _cli.Write("batch.jsonl", Enumerable.Range(0, 300).Select(n => $$"""{"custom_id":"r-{{n}}","method":"POST","url":"/{{(n % 100 == 99 ? "status/400" : "echo")}}/v1","body":{"model":"m","n":{{n}} } }"""));

        await PipeAsync($"import openai-batch batch.jsonl --base {api.Url}", "requests.jsonl");
        var run = await _cli.RunAsync("run", "requests.jsonl", "-o", "results.jsonl");
        await PipeAsync("export openai-batch results.jsonl", "output.jsonl");

        Assert.Equal(1, run.Code);
        var lines = _cli.Read("output.jsonl").Select(line => JsonNode.Parse(line)!).OrderBy(line => int.Parse(((string)line["custom_id"]!)[2..])).ToList();
        Assert.Equal(300, lines.Count);
        Assert.All(lines, (line, n) =>
        {
            Assert.Equal(["id", "custom_id", "response", "error"], line.AsObject().Select(member => member.Key));
            Assert.Equal(["status_code", "request_id", "body"], line["response"]!.AsObject().Select(member => member.Key));
            Assert.Equal(n % 100 == 99 ? 400 : 200, (int)line["response"]!["status_code"]!);
            Assert.Null(line["error"]);
            Assert.Equal(System.Text.Json.JsonValueKind.Object, line["response"]!["body"]!.GetValueKind());
        });
    }

    [Fact]
    public async Task What_a_batch_could_not_be_told_is_its_error()
    {
        _cli.Write("requests.jsonl", ["""{"id":"a","url":"http://127.0.0.1:1/","retries":0}"""]);

        await _cli.RunAsync("run", "requests.jsonl", "-o", "results.jsonl", "--limit", "none");
        await PipeAsync("export openai-batch results.jsonl", "output.jsonl");

        var line = JsonNode.Parse(_cli.Read("output.jsonl").Single())!;
        Assert.Null(line["response"]);
        Assert.Equal("network", (string?)line["error"]!["code"]);
        Assert.NotEmpty((string)line["error"]!["message"]!);
    }

    [Fact]
    public async Task Failed_results_become_commands_that_curl_runs_again()
    {
        var api = await _cli.SimulateAsync();
        _cli.Write("requests.jsonl", At(api, """{"url":"API/echo","id":"good"}""", """{"url":"API/status/404","method":"PUT","headers":{"X-A":"it's"},"data":{"n":"ä\n$HOME"},"id":"bad"}"""));

        await _cli.RunAsync("run", "requests.jsonl", "-o", "results.jsonl", "--limit", "none");
        await PipeAsync("export curl results.jsonl --failed --input requests.jsonl", "again.sh");
        var commands = File.ReadAllText(_cli.PathOf("again.sh"));
        Assert.Equal(1, commands.Count(c => c == '\n'));
        // The same to where it is echoed.
        var answer = await BashAsync(commands.Replace("/status/404", "/echo", StringComparison.Ordinal).Replace("curl ", "curl -s ", StringComparison.Ordinal));

        var echoed = JsonNode.Parse(answer)!;
        Assert.Equal(("PUT", "it's"), ((string?)echoed["method"], (string?)echoed["headers"]!["X-A"] ?? (string?)echoed["headers"]!["x-a"]));
        Assert.Equal("ä\n$HOME", (string?)JsonNode.Parse((string)echoed["body"]!)!["n"]);
    }

    [Fact]
    public async Task An_archive_that_was_exported_can_be_imported_again()
    {
        var api = await _cli.SimulateAsync();
        _cli.Write("requests.jsonl", At(api, """{"url":"API/echo?q=1","method":"POST","headers":{"X-A":"b"},"data":{"n":1}}""", """{"url":"API/echo","method":"POST","body_base64":"/wD+"}"""));

        await _cli.RunAsync("run", "requests.jsonl", "-o", "results.jsonl", "--limit", "none");
        await PipeAsync("export har results.jsonl --input requests.jsonl", "recorded.har");
        await PipeAsync("import har recorded.har", "again.jsonl");

        var again = _cli.Read("again.jsonl").Select(line => JsonNode.Parse(line)!).OrderBy(line => line["body_base64"] is not null).ToList();
        Assert.Equal(("POST", """{"n":1}""", "b"), ((string?)again[0]["method"], (string?)again[0]["data"], (string?)again[0]["headers"]!["X-A"]));
        Assert.Equal("/wD+", (string?)again[1]["body_base64"]);
    }

    [Fact]
    public async Task A_reader_that_goes_away_ends_an_import()
    {
        _cli.Write("urls.sh", Enumerable.Range(0, 200_000).Select(n => $"curl https://a.example/{n}"));

        var answer = await BashAsync($"{Program} import curl urls.sh 2>errors.txt | head -n 1; echo ${{PIPESTATUS[0]}}");

        Assert.Equal("{\"url\":\"https://a.example/0\"}\n7\n", answer);
        Assert.Contains("standard output", File.ReadAllText(_cli.PathOf("errors.txt")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("import openai-batch nowhere.jsonl", 4, "nowhere.jsonl does not exist")]
    [InlineData("import openai-batch --base example.com x", 2, "--base \"example.com\" is no address")]
    [InlineData("import postman x", 2, "unknown verb \"postman\"")]
    [InlineData("import har .", 4, "is a directory")]
    [InlineData("export csv --columns lattency -", 2, "there is no column \"lattency\"; did you mean \"latency\"?")]
    [InlineData("export curl --input nowhere.jsonl -", 4, "nowhere.jsonl does not exist")]
    [InlineData("export csv --input x -", 2, "unknown option \"--input\"")]
    public async Task What_cannot_be_is_told(string arguments, int code, string words)
    {
        var run = await _cli.RunAsync(arguments.Split(' '));

        Assert.Equal((code, ""), (run.Code, run.Output));
        Assert.Contains(words, run.Error, StringComparison.Ordinal);
    }

    private static IEnumerable<string> At(SimulatorProcess api, params string[] lines) => lines.Select(line => line.Replace("API", api.Url.ToString().TrimEnd('/'), StringComparison.Ordinal));

    private static string Program => $"dotnet {Path.Combine(AppContext.BaseDirectory, "headgate-cli.dll")}";

    private async Task PipeAsync(string arguments, string file)
    {
        var run = await _cli.RunAsync(arguments.Split(' '));
        Assert.True(run.Code == 0, run.ToString());
        File.WriteAllText(_cli.PathOf(file), run.Output);
    }

    private async Task<string> BashAsync(string script)
    {
        var start = new System.Diagnostics.ProcessStartInfo("bash", ["-c", script]) { WorkingDirectory = _cli.Folder, UseShellExecute = false, RedirectStandardOutput = true };
        using var process = System.Diagnostics.Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync().WaitAsync(Cli.Patience);
        await process.WaitForExitAsync().WaitAsync(Cli.Patience);
        return output;
    }
}
