using System.Net;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;
using Microsoft.AspNetCore.Http;

namespace Headgate.IntegrationTests.Service;

/// <summary>Answers of a service outlive it, are looked at and purged: over REST, by a verb, and in its figures.</summary>
public sealed class KeptAnswersTests : IAsyncLifetime
{
    private readonly Cli _cli = new();
    private int _count;
    private SmallServer _api = null!;
    private ServiceProcess _service = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await SmallServer.StartAsync(context =>
        {
            context.Response.Headers.CacheControl = "max-age=600";
            context.Response.Headers.Vary = "Accept";
            return context.Response.WriteAsync($"{Interlocked.Increment(ref _count)}");
        });
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _cli.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task They_are_there_again_after_a_kill_and_what_was_changed_is_not()
    {
        foreach (var path in (string[])["a", "b", "c"])
            await GetAsync(path);
        Assert.Equal("1", await GetAsync("a"));
        await WaitForDiskAsync(3);
        using (var changed = await _service.Client.PostAsync("/up/api/b", new StringContent("x")))
            Assert.Equal(HttpStatusCode.OK, changed.StatusCode);

        _service.Process.Kill();
        await _service.Process.EndAsync();
        await _service.DisposeAsync();
        await StartAsync();

        Assert.Equal("1", await GetAsync("a"));
        Assert.Equal("3", await GetAsync("c"));
        Assert.Equal("5", await GetAsync("b"));
        Assert.Equal(5, _api.Requests);
    }

    [Fact]
    public async Task What_is_kept_of_a_url_is_told_with_what_would_become_of_a_request()
    {
        await GetAsync("a?x=1", "Accept: text/plain");
        await GetAsync("a?x=1", "Accept: text/html");
        await GetAsync("a?x=1", "Accept: text/html", "Authorization: Bearer secret-4711");
        var (status, json) = await _service.CallAsync("GET", $"/api/v1/cache?url={Uri.EscapeDataString($"{_api.Url}/a?x=1")}");

        Assert.Equal((200, "api", "http"), (status, (string?)json["api"], (string?)json["cache"]));
        var answers = json["answers"]!.AsArray();
        Assert.Equal(3, answers.Count);
        Assert.All(answers, answer => Assert.Equal((200, "memory", false, "accept"), ((int)answer!["status"]!, (string?)answer["place"], (bool)answer["served"]!, (string?)answer["vary"]![0])));
        Assert.Equal(["its own credentials", "anybody", "anybody"], answers.Select(answer => (string?)answer!["whose"]));
        Assert.Contains("it is not for who asks", (string?)answers[0]!["why"], StringComparison.Ordinal);
        Assert.Contains("accept", (string?)answers[1]!["why"], StringComparison.Ordinal);
        Assert.All(answers, answer => Assert.InRange((double)answer!["fresh_for"]!, 500, 600));
        Assert.DoesNotContain("4711", json.ToJsonString(), StringComparison.Ordinal);

        using (var changed = await _service.Client.DeleteAsync("/up/api/a?x=1"))
            Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        (_, json) = await _service.CallAsync("GET", $"/api/v1/cache?url={Uri.EscapeDataString($"{_api.Url}/a?x=1")}");
        Assert.All(json["answers"]!.AsArray(), answer => Assert.False((bool)answer!["served"]!));
    }

    [Fact]
    public async Task Served_is_what_a_plain_get_gets_and_says_so_until_it_is_invalidated()
    {
        await GetAsync("a", "Headgate-Tenant: acme");
        await GetAsync("a", "Accept: text/html");
        await GetAsync("a");
        var answers = (await LookAsync("a"))["answers"]!.AsArray();
        Assert.Equal(("anybody", true, "it is fresh"), Row(0));
        Assert.Equal(("anybody", false), (Row(1).Whose, Row(1).Served));
        Assert.Equal(("tenant acme", false), (Row(2).Whose, Row(2).Served));
        Assert.Equal("3", await GetAsync("a"));

        using (var changed = await _service.Client.DeleteAsync("/up/api/a"))
            Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        answers = (await LookAsync("a"))["answers"]!.AsArray();
        Assert.Equal(("anybody", false, "it was invalidated: the API is asked anew, it has no ETag and no Last-Modified"), Row(0));

        (string? Whose, bool Served, string? Why) Row(int at) => ((string?)answers[at]!["whose"], (bool)answers[at]!["served"]!, (string?)answers[at]!["why"]);
    }

    [Fact]
    public async Task Where_nothing_is_kept_it_is_said_what_is_likely()
    {
        Assert.Contains("nobody has asked for this URL", (string?)(await LookAsync("never"))["note"], StringComparison.Ordinal);
        var shown = await _cli.RunAsync("cache", "show", $"{_service.Client.BaseAddress}up/api/a", "--server", $"{_service.Client.BaseAddress}");
        Assert.StartsWith("that is a URL of this service", shown.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_look_opens_no_api()
    {
        await GetAsync("a");
        var before = Files();
        foreach (var url in (string[])["http://h1.example/", "http://h2.example/", "http://127.0.0.1:9/", "http://169.254.169.254/latest"])
        {
            var (status, json) = await _service.CallAsync("GET", $"/api/v1/cache?url={Uri.EscapeDataString(url)}");
            Assert.Equal((200, 0), (status, json["answers"]!.AsArray().Count));
        }

        Assert.Equal(before, Files());
        Assert.Equal("api", (string?)Assert.Single((await _service.CallAsync("GET", "/api/v1/cache")).Json["apis"]!.AsArray())!["api"]);

        // What is written behind memory comes when it likes.
        string[] Files() => [.. Directory.GetFileSystemEntries(_cli.PathOf("data"), "*", SearchOption.AllDirectories).Where(path => !path.Contains(".db", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task A_purge_removes_what_it_says_from_memory_and_disk_and_nothing_else()
    {
        foreach (var path in (string[])["a", "a/b", "ab", "c?x=1"])
            await GetAsync(path);
        await WaitForDiskAsync(4);
        Assert.Equal("4 would go", await PurgeAsync("--prefix", $"{_api.Url}/", "--dry-run"));
        Assert.Equal("""{"matched":3,"deleted":0,"dry_run":true}""", await PurgeAsync("--prefix", $"{_api.Url}/a", "--dry-run", "--json"));
        Assert.Equal("1 gone", await PurgeAsync($"{_api.Url}/a"));
        Assert.Equal("0 gone", await PurgeAsync($"{_api.Url}/c"));
        Assert.Equal("5", await GetAsync("a"));
        Assert.Equal("2", await GetAsync("a/b"));

        _service.Process.Interrupt();
        await _service.Process.EndAsync();
        await _service.DisposeAsync();
        await StartAsync();
        Assert.Equal("1 gone", await PurgeAsync("--prefix", $"{_api.Url}/a/"));
        Assert.Equal("6", await GetAsync("a/b"));
        Assert.Equal("4 gone", await PurgeAsync("--api", "api"));
        Assert.Equal("7", await GetAsync("ab"));
        Assert.Contains("cache.purge", await File.ReadAllTextAsync(_cli.PathOf("data/audit.log")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_purge_of_a_url_with_a_query_leaves_the_one_without()
    {
        foreach (var path in (string[])["c", "c?x=1", "c?x=2"])
            await GetAsync(path);

        Assert.Equal("1 gone", await PurgeAsync($"{_api.Url}/c?x=1"));

        Assert.Equal(("1", "4", "3"), (await GetAsync("c"), await GetAsync("c?x=1"), await GetAsync("c?x=2")));
        Assert.Equal("1 gone", await PurgeAsync("--prefix", $"{_api.Url}/c?x=2"));
        Assert.Equal("1", await GetAsync("c"));
    }

    [Theory]
    [InlineData("DELETE", "/api/v1/cache", "say which answers")]
    [InlineData("DELETE", "/api/v1/cache?all=true&api=api", "say which answers")]
    [InlineData("DELETE", "/api/v1/cache?all=perhaps", "true or false")]
    [InlineData("DELETE", "/api/v1/cache?api=nobody", "no API is called")]
    [InlineData("DELETE", "/api/v1/cache?prefix=/a", "no absolute")]
    [InlineData("DELETE", "/api/v1/cache?url=http://a&dryrun=true", "dry_run")]
    [InlineData("GET", "/api/v1/cache?url=ftp://a/", "no absolute")]
    [InlineData("GET", "/api/v1/cache?url=", "no absolute")]
    public async Task What_cannot_be_meant_is_refused_and_removes_nothing(string method, string path, string told)
    {
        var (status, json) = await _service.CallAsync(method, path);

        Assert.Equal(400, status);
        Assert.Contains(told, (string?)json["error"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Figures_tell_hits_and_why_the_api_was_asked()
    {
        await GetAsync("a");
        await GetAsync("a");
        await GetAsync("a", "Accept: other");
        var (_, json) = await _service.CallAsync("GET", "/api/v1/cache");
        var api = json["apis"]![0]!;

        Assert.Equal((1, 2, 2, 1, 1), ((int)api["hits"]!, (int)api["misses"]!, (int)api["stored"]!, (int)api["forwarded"]!["uri_miss"]!, (int)api["forwarded"]!["vary_miss"]!));
        Assert.Equal(1, (int)json["memory"]!["entries"]!);
        var metrics = await _service.Client.GetStringAsync("/metrics");
        Assert.Contains("headgate_cache_hits_total{upstream=\"api\",kind=\"fresh\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("headgate_cache_forwards_total{upstream=\"api\",reason=\"vary-miss\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("headgate_cache_entries{place=\"memory\"} 1\n", metrics, StringComparison.Ordinal);
        var listed = await _cli.RunAsync("cache", "ls", "--server", $"{_service.Client.BaseAddress}");
        Assert.Equal(0, listed.Code);
        Assert.Contains("api  http   1     0            0      2       2", listed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_file_is_put_aside_and_stops_nothing()
    {
        await GetAsync("a");
        _service.Process.Interrupt();
        await _service.Process.EndAsync();
        await _service.DisposeAsync();
        await File.WriteAllBytesAsync(_cli.PathOf("data/cache.db"), new byte[20_000]);
        await StartAsync();

        Assert.Equal("2", await GetAsync("a"));
        Assert.Equal("2", await GetAsync("a"));
        Assert.Single(Directory.GetFiles(_cli.PathOf("data"), "cache.db.damaged-*"));
    }

    private async Task StartAsync() => _service = await ServiceProcess.StartAsync(_cli, "--data", _cli.PathOf("data"), "--up", $"api={_api.Url}");

    private async Task<System.Text.Json.Nodes.JsonNode> LookAsync(string path) => (await _service.CallAsync("GET", $"/api/v1/cache?url={Uri.EscapeDataString($"{_api.Url}/{path}")}")).Json;

    private async Task<string> PurgeAsync(params string[] which) => (await _cli.RunAsync(["cache", "purge", .. which, "--server", $"{_service.Client.BaseAddress}"])).Output.Trim();

    private async Task<string> GetAsync(string path, params string[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/up/api/{path}");
        foreach (var header in headers)
            request.Headers.TryAddWithoutValidation(header.Split(": ")[0], header.Split(": ")[1]);
        using var answer = await _service.Client.SendAsync(request);
        return await answer.Content.ReadAsStringAsync();
    }

    private async Task WaitForDiskAsync(int entries)
    {
        for (var tries = 0; tries < 300; tries++)
        {
            if ((int)(await _service.CallAsync("GET", "/api/v1/cache")).Json["disk"]!["entries"]! >= entries)
                return;
            await Task.Delay(100);
        }
        Assert.Fail("nothing is written");
    }
}
