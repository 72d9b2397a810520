using System.Text.Json.Nodes;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>Calls that pass through, recorded and searched.</summary>
public sealed class RecordedCallsTests : IAsyncDisposable
{
    private readonly Cli _cli = new();

    [Fact]
    public async Task Calls_are_found_by_the_words_in_them_and_show_no_secret()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        _cli.Write("headgate.json", """{ "log": { "requests": { "record": "all", "bodies": "1KiB" } } }""");
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}", "--up", "gone=http://127.0.0.1:1", "--retries", "0");
        using (var request = new HttpRequestMessage(HttpMethod.Post, "/up/sim/orders?page=2&api_key=s3cret") { Content = new StringContent("a walrus") })
        {
            request.Headers.Add("Authorization", "Bearer s3cret");
            request.Headers.Add("X-Trace", "tr-42");
            (await service.Client.SendAsync(request)).Dispose();
        }
        (await service.Client.GetAsync("/up/gone/x")).Dispose();

        var walrus = Assert.Single(await FoundAsync(service, "?q=walrus%20tr-42", 1))!;
        Assert.Equal(("POST", 200, "sim", "a walrus"), ((string?)walrus["method"], (int)walrus["status_code"]!, (string?)walrus["api"], (string?)walrus["request_body"]));
        Assert.Contains("/orders", (string?)walrus["answer_body"], StringComparison.Ordinal);
        Assert.EndsWith("/orders?page=2&api_key=…", (string?)walrus["url"], StringComparison.Ordinal);
        var failed = Assert.Single(await FoundAsync(service, "?failed=true", 1))!;
        Assert.Equal(("network", 502), ((string?)failed["class"], (int)failed["status_code"]!));
        Assert.Empty(await FoundAsync(service, "?q=%22%20OR%20NEAR(", 0));
        Assert.Empty(await FoundAsync(service, "?q=walrus%00nobody", 0));
        Assert.Equal(2, (await FoundAsync(service, "?q=%00", 2)).Count);
        Assert.Equal(2, (await FoundAsync(service, "", 2)).Count);
        Assert.DoesNotContain("s3cret", (await service.CallAsync("GET", "/api/v1/calls")).Json["calls"]!.AsArray().Select(call => $"{call!["url"]}{call["request_headers"]}{call["answer_headers"]}").Aggregate(string.Concat), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_without_a_body_is_an_answer()
    {
        // Found: nothing had been written to the caller yet, and it was recorded as none.
        await using var api = await SimulatedApi.StartAsync(new());
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}", "--record", "all");
        using (var head = new HttpRequestMessage(HttpMethod.Head, "/up/sim/x"))
            (await service.Client.SendAsync(head)).Dispose();

        Assert.Equal(200, (int)Assert.Single(await FoundAsync(service, "?status=200", 1))!["status_code"]!);
        Assert.Empty(await FoundAsync(service, "?failed=true", 0));
    }

    [Fact]
    public async Task In_a_directory_that_others_may_read_what_is_kept_is_for_its_owner_alone()
    {
        if (OperatingSystem.IsWindows())
            return;
        await using var api = await SimulatedApi.StartAsync(new());
        const UnixFileMode ofOthers = UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        Directory.CreateDirectory(_cli.PathOf("data"));
        File.SetUnixFileMode(_cli.PathOf("data"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute | ofOthers);
        foreach (var wasOpen in (bool[])[false, true])
        {
            await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}", "--record", "all");
            (await service.Client.GetAsync("/up/sim/x")).Dispose();
            await FoundAsync(service, "", wasOpen ? 2 : 1);

            // Of locks nobody learns anything: they are empty.
            foreach (var path in Directory.GetFileSystemEntries(_cli.PathOf("data")).Where(path => !path.EndsWith(".lock", StringComparison.Ordinal)))
                Assert.True((File.GetUnixFileMode(path) & ofOthers) == UnixFileMode.None, path);
            if (wasOpen)
                Assert.Contains("calls.db: others than its owner could use it (644)", service.Process.Error.Text, StringComparison.Ordinal);
            service.Process.Terminate();
            await service.Process.EndAsync();
            File.SetUnixFileMode(_cli.PathOf("data/calls.db"), UnixFileMode.UserRead | UnixFileMode.UserWrite | ofOthers);
        }
    }

    [Fact]
    public async Task Of_errors_only_those_are_recorded_and_without_being_asked_for_nothing_is()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using (var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}", "--up", "gone=http://127.0.0.1:1", "--retries", "0", "--record", "errors"))
        {
            (await service.Client.GetAsync("/up/sim/x")).Dispose();
            (await service.Client.GetAsync("/up/gone/x")).Dispose();
            Assert.Single(await FoundAsync(service, "", 1));
            Assert.Equal(400, (await service.CallAsync("GET", "/api/v1/calls?limit=0")).Status);
        }
        await using (var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}"))
            Assert.Equal(404, (await service.CallAsync("GET", "/api/v1/calls")).Status);
    }

    [Fact]
    public async Task Calls_through_the_forward_proxy_are_answered_and_recorded()
    {
        // Found: nobody had said who called, so that each was answered 500.
        await using var api = await SimulatedApi.StartAsync(new());
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={api.Url}", "--proxy-listen", "127.0.0.1:0", "--record", "all");
        using var handler = new HttpClientHandler { Proxy = new System.Net.WebProxy(await service.ProxyAsync()) };
        using var client = new HttpClient(handler);

        using var answer = await client.GetAsync($"{api.Url}/proxied");

        Assert.Equal(200, (int)answer.StatusCode);
        var call = Assert.Single(await FoundAsync(service, "", 1))!;
        Assert.Equal(("sim", 200, "127.0.0.1"), ((string?)call["api"], (int)call["status_code"]!, (string?)call["caller"]));
    }

    public async ValueTask DisposeAsync()
    {
        await _cli.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Nobody waits for a call to be recorded: it is there a little later.</summary>
    private static async Task<JsonArray> FoundAsync(ServiceProcess service, string query, int expected)
    {
        for (var tries = 0; ; tries++)
        {
            var calls = (await service.CallAsync("GET", $"/api/v1/calls{query}")).Json["calls"]!.AsArray();
            if (calls.Count >= expected || tries > 100)
                return calls;
            await Task.Delay(100);
        }
    }
}
