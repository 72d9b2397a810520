using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Docs;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;

namespace Headgate.IntegrationTests.Service;

/// <summary>What a service tells whoever watches it: true, in a form that Prometheus takes, without a secret, and no more the more is called.</summary>
public sealed partial class MetricsTests : IAsyncLifetime
{
    private readonly Cli _cli = new();
    private SimulatedApi _api = null!;

    public async ValueTask InitializeAsync() => _api = await SimulatedApi.StartAsync(new());

    public async ValueTask DisposeAsync()
    {
        await _cli.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Promtool_finds_no_fault_with_it_and_the_figures_are_true()
    {
        _cli.Environment["SIM_KEY"] = "hunter2-in-the-key";
        _cli.Write("headgate.json", $$"""{ "upstreams": { "sim": { "base": ["{{_api.Url}}"], "limits": ["500/s"], "breaker": { "failureThreshold": 3, "recoveryTimeout": "1h" }, "retries": 0, "keys": { "from": ["env:SIM_KEY"], "as": "X-Api-Key: {key}" } } } }""");
        await using var service = await ServiceProcess.StartAsync(_cli, "--metrics-listen", "127.0.0.1:0");
        var ids = await service.SubmitAsync(Requests.Items(_api.Url, 40));
        await service.WaitAsync(ids);
        Assert.Equal(200, (await service.CallAsync("GET", "/up/sim/called?token=hunter2")).Status);
        await service.WaitAsync(await service.SubmitAsync(Enumerable.Range(1, 3).Select(n => Requests.Line($"bad{n}", $"{_api.Url}/status/500"))));
        Assert.Equal(404, (await service.CallAsync("GET", "/hunter2/nowhere")).Status);
        Assert.Equal(400, (await service.CallAsync("POST", "/api/v1/request", "{")).Status);

        var text = await FiguresAsync(service);

        Assert.Equal("", await PromtoolAsync(text));
        Assert.Equal((40, 3, 0), (Of(text, "headgate_jobs_ended_total{status=\"completed\"}"), Of(text, "headgate_jobs_ended_total{status=\"failed\"}"), Of(text, "headgate_jobs_open")));
        Assert.Equal((41, 3, 44), (Of(text, "headgate_attempts_total{upstream=\"sim\",outcome=\"ok\"}"), Of(text, "headgate_attempts_total{upstream=\"sim\",outcome=\"server\"}"), Of(text, "headgate_permits_total{upstream=\"sim\"}")));
        Assert.Equal((41, 44, 44), (Of(text, "headgate_requests_total{upstream=\"sim\",outcome=\"ok\"}"), Of(text, "headgate_wait_duration_seconds_count{upstream=\"sim\"}"), Of(text, "headgate_attempt_duration_seconds_count{upstream=\"sim\"}")));
        Assert.Equal((1, 1, 0), (Of(text, "headgate_breaker_state{upstream=\"sim\"}"), Of(text, "headgate_breaker_opens_total{upstream=\"sim\"}"), Of(text, "headgate_attempts_in_flight")));
        Assert.Equal((1, 1), (Of(text, "headgate_keys{upstream=\"sim\",state=\"ok\"}"), Of(text, "headgate_key_state{upstream=\"sim\",key=\"SIM_KEY\",state=\"ok\"}")));
        Assert.Equal(1, Of(text, "multiplexer_requests_total{method=\"GET\",endpoint=\"/up/{api}/{**path}\",status=\"200\"}"));
        Assert.Equal((1, 1), (Of(text, "multiplexer_errors_total{error_type=\"bad_request\"}"), Of(text, "multiplexer_errors_total{error_type=\"not_found\"}")));
        foreach (var name in (string[])["multiplexer_request_duration_seconds_count", "multiplexer_active_requests", "multiplexer_queue_size", "process_cpu_seconds_total", "process_resident_memory_bytes", "dotnet_gc_collections_total", "dotnet_thread_pool_threads", "headgate_build_info", "headgate_data_bytes", "headgate_disk_free_bytes"])
            Assert.Contains($"\n{name}", text, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        // What alerts look at is there, but for what has not happened.
        var alerts = Path.Combine(Document.Root, "deploy", "alerts.yml");
        foreach (var name in FigureName().Matches(await File.ReadAllTextAsync(alerts)).Select(match => match.Value).Where(name => name != "headgate_refusals_total").Distinct())
            Assert.Contains($"\n{name}", text, StringComparison.Ordinal);
        Assert.Contains("SUCCESS", await PromtoolAsync("", "check", "rules", alerts), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_by_a_limit_is_counted_as_that()
    {
        await using var limited = await SimulatedApi.StartAsync(PaceTests.Options("0", "1ms", "5/s"));
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={limited.Url}", "--limit", "none");
        await service.WaitAsync(await service.SubmitAsync(Requests.Items(limited.Url, 12)));

        var text = await FiguresAsync(service);

        var refused = Of(text, "headgate_refusals_total{upstream=\"sim\"}");
        Assert.True(refused > 0, text);
        Assert.Equal((refused, refused), (Of(text, "headgate_holds_total{upstream=\"sim\"}"), Of(text, "headgate_attempts_total{upstream=\"sim\",outcome=\"rate_limit\"}")));
    }

    [Fact]
    public async Task However_many_hosts_are_called_the_lines_stay_few()
    {
        await using var service = await ServiceProcess.StartAsync(_cli, "--allow-private", "--retries", "0");
        // Each address of loopback is an API of its own; nobody listens there.
        var ids = await service.SubmitAsync(Enumerable.Range(1, 150).Select(n => Requests.Line($"h{n}", $"http://127.0.9.{n}:9/", "\"retries\":0")));
        await service.WaitAsync(ids);

        var text = await FiguresAsync(service);

        Assert.Equal("", await PromtoolAsync(text));
        var named = UpstreamLabel().Matches(text).Select(match => match.Groups["name"].Value).Distinct().ToList();
        Assert.Equal(101, named.Count);
        Assert.Contains("other", named);
        Assert.Equal(50, Of(text, "headgate_requests_total{upstream=\"other\",outcome=\"network\"}"));
    }

    [Fact]
    public async Task The_port_of_the_figures_has_nothing_else_and_no_page_reads_it_by_a_name_of_its_own()
    {
        await using var service = await ServiceProcess.StartAsync(_cli, "--metrics-listen", "127.0.0.1:0");
        var url = await MetricsUrlAsync(service);
        using var client = new HttpClient { BaseAddress = url };

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/metrics")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/api/v1/requests")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsync("/api/v1/request", new StringContent("{}"))).StatusCode);
        using var rebound = new HttpRequestMessage(HttpMethod.Get, "/metrics") { Headers = { Host = "evil.example" } };
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await client.SendAsync(rebound)).StatusCode);
    }

    [Fact]
    public async Task They_answer_while_the_service_drains()
    {
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={_api.Url}", "--metrics-listen", "127.0.0.1:0");
        var url = await MetricsUrlAsync(service);
        var call = service.CallAsync("GET", "/up/sim/delay/4000");
        while (_api.Report().Arrivals == 0)
            await Task.Delay(20);
        service.Process.Terminate();
        using var client = new HttpClient { BaseAddress = url };

        var text = "";
        for (var tries = 0; tries < 100 && !text.Contains("\nheadgate_draining 1", StringComparison.Ordinal); tries++)
            text = await client.GetStringAsync("/metrics");

        Assert.Equal((1, 1), (Of(text, "headgate_draining"), Of(text, "headgate_attempts_in_flight")));
        Assert.Equal(200, (await call).Status);
    }

    [Theory]
    [InlineData("nonsense", 3, "9092")]
    [InlineData("https://127.0.0.1:9092", 3, "9092")]
    public async Task An_address_that_is_none_is_told(string url, int code, string words)
    {
        var result = await _cli.RunAsync("serve", "--listen", "127.0.0.1:0", "--metrics-listen", url);

        Assert.Equal(code, result.Code);
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Beyond_loopback_it_is_read_only_once_there_is_a_token_or_where_anybody_may()
    {
        string[] arguments = ["--metrics-listen", "http://0.0.0.0:0"];

        var refused = await _cli.RunAsync(["serve", "--listen", "127.0.0.1:0", .. arguments]);
        Assert.Equal(3, refused.Code);
        foreach (var words in (string[])["metrics-listen http://0.0.0.0:0", "read its figures", "headgate tokens add", "--allow-anyone", "(http://127.0.0.1:0)"])
            Assert.Contains(words, refused.Error, StringComparison.Ordinal);

        await using (var anyone = await ServiceProcess.StartAsync(_cli, [.. arguments, "--allow-anyone"]))
            await MetricsUrlAsync(anyone);
        await _cli.AddTokenAsync("ci", "read");
        await using var guarded = await ServiceProcess.StartAsync(_cli, arguments);
        await MetricsUrlAsync(guarded);
    }

    [Fact]
    public async Task A_port_that_is_in_use_is_told_with_the_option()
    {
        await using var holder = new Loopback((socket, _) => { socket.Dispose(); return Task.CompletedTask; });

        var result = await _cli.RunAsync("serve", "--listen", "127.0.0.1:0", "--metrics-listen", $"127.0.0.1:{holder.Port}");

        Assert.Equal(3, result.Code);
        Assert.Contains("--metrics-listen", result.Error, StringComparison.Ordinal);
    }

    private static async Task<Uri> MetricsUrlAsync(ServiceProcess service)
    {
        var log = await service.Process.Error.WaitForAsync("\"MetricsStarted\"");
        return new Uri(MetricsUrl().Match(await service.Process.Error.WaitForAsync(text => MetricsUrl().IsMatch(text), Cli.Patience) ?? log).Groups["url"].Value);
    }

    private static Task<string> FiguresAsync(ServiceProcess service) => service.Client.GetStringAsync("/metrics");

    private static double Of(string text, string sample)
    {
        var line = Assert.Single(text.Split('\n'), line => line.StartsWith($"{sample} ", StringComparison.Ordinal));
        return double.Parse(line[(sample.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>What <c>promtool check metrics</c> has to say; nothing if all is well.</summary>
    private static Task<string> PromtoolAsync(string text) => PromtoolAsync(text, "check", "metrics");

    private static async Task<string> PromtoolAsync(string text, params string[] arguments)
    {
        using var promtool = Process.Start(new ProcessStartInfo("promtool", arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        await promtool.StandardInput.WriteAsync(text);
        promtool.StandardInput.Close();
        var said = await promtool.StandardOutput.ReadToEndAsync() + await promtool.StandardError.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        return promtool.ExitCode == 0 ? said : $"{promtool.ExitCode}: {said}";
    }

    [GeneratedRegex("upstream=\"(?<name>[^\"]*)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex UpstreamLabel();

    [GeneratedRegex("headgate_[a-z_]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FigureName();

    [GeneratedRegex("metrics at (?<url>http://[^/]+)/metrics\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MetricsUrl();
}
