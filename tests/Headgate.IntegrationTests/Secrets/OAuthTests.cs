using System.Collections.Concurrent;
using System.Text;
using Headgate.IntegrationTests.Connections;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;
using Headgate.IntegrationTests.Service;
using Microsoft.AspNetCore.Http;

namespace Headgate.IntegrationTests.Secrets;

/// <summary>Tokens of OAuth, from a server that gives them and an API that wants them.</summary>
public sealed class OAuthTests : IAsyncDisposable
{
    private const string Secret = "s3cret-of-the-client";

    private readonly Cli _cli = new();
    private readonly ConcurrentDictionary<string, bool> _good = new();
    private readonly ConcurrentBag<string> _shown = [];
    private int _fetched;

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Fact]
    public async Task One_token_is_fetched_for_all_and_another_when_the_API_has_taken_it_back()
    {
        await using var api = await SmallServer.StartAsync(AnswerAsync);
        Configure(api.Url);
        await using var service = await ServiceProcess.StartAsync(_cli);
        var first = await service.WaitAsync(await service.SubmitAsync(Enumerable.Range(0, 50).Select(n => $$"""{"url":"{{api.Url}}/x/{{n}}"}""")));
        Assert.All(first, job => Assert.Equal("completed", job.GetProperty("status").GetString()));
        Assert.Equal(1, _fetched);
        Assert.Single(_shown.Distinct());

        _good.Clear();
        // One that was taken back within a second of its coming would not be asked for again.
        await Task.Delay(1100);
        var second = await service.WaitAsync(await service.SubmitAsync(Enumerable.Range(0, 20).Select(n => $$"""{"url":"{{api.Url}}/x/{{n}}"}""")));
        Assert.All(second, job => Assert.True(job.GetProperty("ok").GetBoolean(), $"{job}"));
        Assert.Equal(2, _fetched);

        service.Process.Terminate();
        var end = await service.Process.EndAsync();
        Assert.DoesNotContain(Secret, end.Output + end.Error + string.Concat(Directory.GetFiles(_cli.PathOf("data/ledgers")).Select(File.ReadAllText)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_without_a_token_says_why_and_sends_nothing()
    {
        await using var api = await SmallServer.StartAsync(AnswerAsync);
        Configure(api.Url, secret: "wrong");
        _cli.Write("in.jsonl", Requests.Items(api.Url, 3));

        var run = await _cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl");

        Assert.NotEqual(0, run.Code);
        Assert.All(_cli.ReadJson("out.jsonl"), line => Assert.Equal($"there is no token: the token endpoint of {new Uri(api.Url).Authority} answered 401 invalid_client", line.GetProperty("error").GetProperty("detail").GetString()));
        Assert.Empty(_shown);
    }

    [Theory]
    [InlineData("\"tokenUrl\": \"http://auth.example/token\", \"clientId\": \"me\", \"clientSecret\": \"env:X\"", "/upstreams/api/oauth/tokenUrl", "would get the secret unencrypted")]
    [InlineData("\"tokenUrl\": \"https://auth.example/token\", \"clientId\": \"me\"", "/upstreams/api/oauth", "clientSecret")]
    [InlineData("\"tokenUrl\": \"https://auth.example/token\", \"clientId\": \"me\", \"clientSecret\": \"the-secret-itself\"", "/upstreams/api/oauth/clientSecret", "does not belong here")]
    public async Task What_cannot_be_used_is_told_with_its_place(string oauth, string pointer, string says)
    {
        _cli.Write("headgate.json", $$"""{ "upstreams": { "api": { "base": ["https://api.example"], "oauth": { {{oauth}} } } } }""");

        var check = await _cli.RunAsync("config", "check");

        Assert.Equal(3, check.Code);
        Assert.Contains(pointer, check.Error, StringComparison.Ordinal);
        Assert.Contains(says, check.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("the-secret-itself", check.Error, StringComparison.Ordinal);
    }

    private void Configure(string url, string secret = Secret)
    {
        _cli.Environment["CLIENT_SECRET"] = secret;
        _cli.Write("headgate.json", $$"""{ "upstreams": { "api": { "base": ["{{url}}"], "oauth": { "tokenUrl": "{{url}}/token", "clientId": "me", "clientSecret": "env:CLIENT_SECRET", "scopes": ["read"] } } } }""");
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var credentials = (string?)context.Request.Headers.Authorization ?? "";
        if (context.Request.Path == "/token")
        {
            var isClient = credentials == $"Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes($"me:{Secret}"))}";
            var token = $"token-{Interlocked.Increment(ref _fetched)}";
            _good[$"Bearer {token}"] = true;
            context.Response.StatusCode = isClient ? 200 : 401;
            await context.Response.WriteAsync(isClient ? $$"""{"access_token":"{{token}}","token_type":"Bearer","expires_in":3600}""" : """{"error":"invalid_client"}""");
            return;
        }
        _shown.Add(credentials);
        context.Response.StatusCode = _good.ContainsKey(credentials) ? 200 : 401;
    }
}
