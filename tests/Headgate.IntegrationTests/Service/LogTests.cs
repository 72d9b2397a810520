using System.Text.Json;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;

namespace Headgate.IntegrationTests.Service;

/// <summary>The log of a service, as whoever collects it reads it.</summary>
public sealed class LogTests : IAsyncLifetime
{
    private const string Secret = "hunter2";

    private readonly Cli _cli = new();
    private SimulatedApi _api = null!;

    public async ValueTask InitializeAsync() => _api = await SimulatedApi.StartAsync(new());

    public async ValueTask DisposeAsync()
    {
        await _cli.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Each_line_is_an_object_and_at_no_level_is_there_a_secret_in_it()
    {
        _cli.Environment["SIM_KEY"] = Secret;
        _cli.Write("headgate.json", $$"""{ "upstreams": { "sim": { "base": ["{{_api.Url}}"], "retries": 1, "retryDelay": "10ms", "keys": { "from": ["env:SIM_KEY"], "as": "?api_key={key}" } } } }""");
        await using var service = await ServiceProcess.StartAsync(_cli, "--log-level", "trace");
        var withSecrets = $$""" "headers":{"Authorization":"Bearer {{Secret}}"},"method":"POST","data":"{{Secret}}" """;
        await service.WaitAsync(await service.SubmitAsync([Requests.Line("q", $"{_api.Url}/x?token={Secret}", withSecrets), Requests.Line("bad", $"{_api.Url}/status/500?token={Secret}"), Requests.Line("gone", $"http://{Secret}.invalid/?token={Secret}")]));
        await service.CallAsync("GET", $"/up/sim/x?token={Secret}");
        await service.CallAsync("GET", $"/{Secret}?token={Secret}");
        await service.CallAsync("POST", "/api/v1/request", $$"""{"url":"http://x/","{{Secret}}":1}""");

        var lines = Lines(await StoppedAsync(service));

        Assert.Equal(["Started", "Stopping", "Stopped"], lines.Select(EventOf).Where(name => name is "Started" or "Stopping" or "Stopped"));
        Assert.All(lines, line => Assert.True(line.GetProperty("time").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddHours(-1)));
        Assert.Contains(lines, line => EventOf(line) == "RequestRetried" && line.GetProperty("upstream").GetString() == "sim");
        Assert.Contains(lines, line => EventOf(line) == "CallAnswered" && line.GetProperty("endpoint").GetString() == "/up/{api}/{**path}");
        // A host is no secret; what stands behind it may be one.
        Assert.DoesNotContain(lines, line => line.ToString().Replace($"{Secret}.invalid", "", StringComparison.Ordinal).Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_the_variable_of_the_original_each_step_is_a_line_with_microseconds()
    {
        _cli.Environment["DEBUG_ENABLE_REQUEST_TRACING"] = "True";
        _cli.Environment["LOG_LEVEL"] = "ERROR";
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={_api.Url}");
        var id = (await service.SubmitAsync([Requests.Line("a", $"{_api.Url}/x")]))[0];
        await service.WaitAsync([id]);
        await service.CallAsync("GET", "/up/sim/y");

        var lines = Lines(await StoppedAsync(service));

        Assert.All(lines, line => Assert.Equal("RequestStep", EventOf(line)));
        var steps = lines.Where(line => line.GetProperty("id").GetString() == id).ToList();
        Assert.Equal(["admitted", "permitted", "sent", "settled", "received"], steps.Select(line => line.GetProperty("step").GetString()));
        Assert.Equal(steps.Select(Microseconds).Order(), steps.Select(Microseconds));
        Assert.Equal(2, lines.Select(line => line.GetProperty("number").GetInt64()).Distinct().Count());

        static long Microseconds(JsonElement line) => line.GetProperty("microseconds").GetInt64();
    }

    [Fact]
    public async Task The_file_says_how_and_an_option_says_otherwise()
    {
        _cli.Write("headgate.json", """{ "log": { "level": "none", "format": "json" } }""");
        await using (var silent = await ServiceProcess.StartAsync(_cli))
            Assert.Equal("", await StoppedAsync(silent));

        await using var service = await ServiceProcess.StartAsync(_cli, "--log-level", "info", "--log-format", "text");

        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info  listening on http://127\.0\.0\.1:\d+\n", await StoppedAsync(service));
    }

    [Theory]
    [InlineData("--log-level", "loud", "trace, debug")]
    [InlineData("--log-format", "xml", "auto, text or json")]
    public async Task A_word_that_means_nothing_is_told(string option, string value, string words)
    {
        var result = await _cli.RunAsync("serve", option, value);

        Assert.Equal(3, result.Code);
        Assert.Contains(option, result.Error, StringComparison.Ordinal);
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
    }

    private static async Task<string> StoppedAsync(ServiceProcess service)
    {
        service.Process.Terminate();
        var result = await service.Process.EndAsync();
        Assert.Equal(0, result.Code);
        return result.Error;
    }

    private static List<JsonElement> Lines(string text) => [.. text.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];

    private static string? EventOf(JsonElement line) => line.TryGetProperty("event", out var name) ? name.GetString() : null;
}
