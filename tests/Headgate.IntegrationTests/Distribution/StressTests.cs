using System.Text.Json.Nodes;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Distribution;

/// <summary><c>headgate stress</c> as it is typed.</summary>
public sealed class StressTests : IAsyncLifetime
{
    private readonly Cli _cli = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await _cli.DisposeAsync();

    [Fact]
    public async Task It_starts_a_service_and_tells_how_all_callers_fared()
    {
        var run = await _cli.RunAsync("stress", "--quick", "--json");

        Assert.Equal(0, run.Code);
        var report = JsonNode.Parse(run.Output)!;
        Assert.Equal(("test", 20, 20, 0, 400, 400), ((string?)report["mode"], (int)report["callers"]!, (int)report["successful"]!, (int)report["failed"]!, (int)report["calls"]!, (int)report["good_calls"]!));
        Assert.Contains("20 callers at once at http://127.0.0.1:", run.Error, StringComparison.Ordinal);
        // What it needed is gone again.
        Assert.Empty(Directory.EnumerateFileSystemEntries(_cli.Folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_lies_in_the_directory_is_not_for_it()
    {
        _cli.Write("headgate.json", """{ "jobs": { "most": 1 }, "serve": { "listen": ["http://127.0.0.1:1"] } }""");

        var run = await _cli.RunAsync("stress", "--quick");

        Assert.Equal("", run.Error.Replace(run.Error.Split('\n')[0], "", StringComparison.Ordinal).Trim());
        Assert.Equal(0, run.Code);
    }

    [Fact]
    public async Task The_variables_of_the_original_set_it_up()
    {
        foreach (var (name, value) in ((string, string)[])[("CONCURRENT_REQUESTS", "4"), ("TEST_REQUESTS_COUNT", "3"), ("API_KEYS", "only"), ("RATE_LIMIT", "10"), ("REQUEST_TIMEOUT", "2500"), ("DETAILED_LOGS", "true")])
            _cli.Environment[name] = value;

        var run = await _cli.RunAsync("stress");

        // Twelve calls, and the one key has ten a minute: whoever needs the eleventh waits in vain.
        Assert.Equal(1, run.Code);
        Assert.Contains("successful callers   3 of 4", run.Output, StringComparison.Ordinal);
        Assert.Contains("(1 key of 10 a minute)", run.Output, StringComparison.Ordinal);
        Assert.Contains("1 failed: timeout of 2500ms exceeded", run.Output, StringComparison.Ordinal);
        Assert.Equal(4, run.Output.Split('\n').Count(line => line.StartsWith("caller ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("--url http://127.0.0.1:1", 8, "is no service that could be stressed")]
    [InlineData("--quick --full", 2, "exclude each other")]
    [InlineData("--callers none", 2, "--callers \"none\": give a whole number")]
    [InlineData("--timeout soon", 2, "--timeout \"soon\" is no time")]
    [InlineData("--url shop.example", 2, "is no address")]
    public async Task What_cannot_be_is_told(string arguments, int code, string words)
    {
        var run = await _cli.RunAsync(["stress", .. arguments.Split(' ')]);

        Assert.Equal((code, ""), (run.Code, run.Output));
        Assert.Contains(words, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_variable_without_a_meaning_is_told()
    {
        _cli.Environment["RATE_LIMIT"] = "lots";

        var run = await _cli.RunAsync("stress");

        Assert.Equal(3, run.Code);
        Assert.Contains("RATE_LIMIT: must be a whole number", run.Error, StringComparison.Ordinal);
    }
}
