using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Runs;

/// <summary>What a configuration only names is looked at before it is called valid.</summary>
public sealed class NamedSourcesTests : IAsyncDisposable
{
    private readonly Cli _cli = new();

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Theory]
    [InlineData(null, "cannot be read")]
    [InlineData("ftp://p.example:1", "the proxy")]
    [InlineData("", "no proxy")]
    [InlineData("http://p.example:1\nhttp://p.example:1", "one proxy twice")]
    [InlineData("[{", "")]
    public async Task A_bad_file_of_proxies_is_told_by_a_dry_run_a_check_and_the_doctor(string? content, string says)
    {
        if (content is not null)
            _cli.Write("pool.txt", content);
        _cli.Write("in.jsonl", """{"url":"http://api.example/1"}""" + "\n");
        _cli.Write("headgate.json", """{ "proxies": { "p": { "from": ["file:pool.txt"] } }, "upstreams": { "api": { "base": ["http://api.example"], "proxies": "p" } } }""");

        var check = await _cli.RunAsync("config", "check");
        var dry = await _cli.RunAsync("run", "in.jsonl", "--proxies", "pool.txt", "--dry-run");
        var doctor = await _cli.RunAsync("doctor");

        Assert.Equal((3, 3, 3), (check.Code, dry.Code, doctor.Code));
        Assert.Contains(says, check.Error, StringComparison.Ordinal);
        Assert.Contains("(proxies of \"p\")", check.Error, StringComparison.Ordinal);
        Assert.Contains(says, dry.Error, StringComparison.Ordinal);
        Assert.Contains("fail  proxies", doctor.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("env:NOT_SET_ANYWHERE")]
    [InlineData("file:not-there")]
    public async Task A_secret_that_is_not_there_is_told(string source)
    {
        _cli.Write("headgate.json", OAuth(source));

        var check = await _cli.RunAsync("config", "check");
        var doctor = await _cli.RunAsync("doctor");

        Assert.Equal((3, 3), (check.Code, doctor.Code));
        Assert.Contains("(oauth.clientSecret of \"api\")", check.Error, StringComparison.Ordinal);
        Assert.Contains("fail  oauth", doctor.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_shows_tokens_and_proxies()
    {
        _cli.Environment["CLIENT_SECRET"] = "s3cret";
        _cli.Write("pool.txt", "http://p.example:1\nhttp://q.example:1");
        _cli.Write("headgate.json", OAuth("env:CLIENT_SECRET").Replace("\"upstreams\"", """ "proxies": { "p": { "from": ["file:pool.txt"] } }, "defaults": { "proxies": "p" }, "upstreams" """, StringComparison.Ordinal));

        var check = await _cli.RunAsync("config", "check");

        Assert.Equal(0, check.Code);
        Assert.Contains("; tokens from auth.example; proxies p (2)", check.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", check.Output + check.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cache_that_can_keep_nothing_says_so_in_a_check_and_once_in_a_run()
    {
        await using var api = await SmallServer.StartAsync(context => Task.CompletedTask);
        _cli.Write("two.txt", "a-key-1\na-key-2\n");
        _cli.Write("in.jsonl", Requests.Items(api.Url, 3));
        _cli.Write("headgate.json", $$"""{ "upstreams": { "api": { "base": ["{{api.Url}}"], "cache": "ttl=60", "keys": { "from": ["file:two.txt"] } } } }""");

        var check = await _cli.RunAsync("config", "check");
        var run = await _cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl");

        Assert.Equal((0, 0), (check.Code, run.Code));
        Assert.Contains("answersShared", check.Output, StringComparison.Ordinal);
        Assert.Equal(2, run.Error.Split("answersShared").Length);
    }

    private static string OAuth(string secret) =>
        $$"""{ "upstreams": { "api": { "base": ["https://api.example"], "oauth": { "tokenUrl": "https://auth.example/token", "clientId": "me", "clientSecret": "{{secret}}" } } } }""";
}
