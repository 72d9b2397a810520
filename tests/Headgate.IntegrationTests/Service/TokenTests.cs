using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>Who may call a real service, and from where.</summary>
public sealed class TokenTests
{
    [Fact]
    public async Task From_the_first_token_on_every_call_needs_one_but_probes_and_without_a_restart()
    {
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli);
        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("GET", "/health", null));

        var token = await cli.AddTokenAsync("ci", "read");
        await service.UntilStatusAsync(null, HttpStatusCode.Unauthorized);

        foreach (var path in (string[])["/livez", "/readyz", "/startupz"])
            Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("GET", path, null));
        foreach (var path in (string[])["/health", "/status", "/metrics", "/api/v1/requests", "/api/v1/get?url=http://a.example", "/up/api/x", "/nowhere"])
            Assert.Equal(HttpStatusCode.Unauthorized, await service.StatusAsync("GET", path, null));
        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("GET", "/health", token));
        Assert.Equal(HttpStatusCode.NotFound, await service.StatusAsync("GET", "/nowhere", token));
        using var bearer = await service.SendAsync("GET", "/health", null, null, ("Authorization", $"Bearer {token}"));
        Assert.Equal(HttpStatusCode.OK, bearer.StatusCode);

        Assert.Equal(0, (await cli.RunAsync("tokens", "rm", "ci")).Code);
        await service.UntilStatusAsync(token, HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.Unauthorized, await service.StatusAsync("GET", "/health", null));
    }

    [Fact]
    public async Task A_call_without_a_token_or_with_too_little_of_one_is_told_what_is_missing()
    {
        await using var cli = new Cli();
        var token = await cli.AddTokenAsync("ci", "read");
        await using var service = await ServiceProcess.StartAsync(cli);

        using var none = await service.SendAsync("GET", "/health", null);
        using var wrong = await service.SendAsync("GET", "/health", "hg_wrong");
        using var little = await service.SendAsync("POST", "/api/v1/request", token, """{"url":"http://a.example/"}""");
        using var less = await service.SendAsync("POST", "/api/v1/tokens", token, """{"name":"x","scopes":["admin"]}""");

        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer realm=\"headgate\""), (none.StatusCode, none.Headers.WwwAuthenticate.ToString()));
        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer realm=\"headgate\", error=\"invalid_token\""), (wrong.StatusCode, wrong.Headers.WwwAuthenticate.ToString()));
        Assert.Equal((HttpStatusCode.Forbidden, "Bearer realm=\"headgate\", error=\"insufficient_scope\", scope=\"submit\""), (little.StatusCode, little.Headers.WwwAuthenticate.ToString()));
        Assert.Equal("this needs the scope submit; the token \"ci\" has read", (await little.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString());
        Assert.Contains("scope admin", await less.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("application/problem+json", less.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task Beyond_loopback_it_listens_only_once_there_is_a_token_or_where_anybody_may()
    {
        await using var cli = new Cli();

        var refused = await cli.RunAsync("serve", "--listen", "http://0.0.0.0:0");
        Assert.Equal(3, refused.Code);
        Assert.Contains("headgate tokens add NAME --scope read,submit\n", refused.Error, StringComparison.Ordinal);
        Assert.Contains("--allow-anyone", refused.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(cli.PathOf("data")));

        await using (var anyone = await ServiceProcess.StartAsync(cli, "--listen", "http://0.0.0.0:0", "--allow-anyone"))
            Assert.Contains("http://0.0.0.0:", await anyone.Process.Output.WaitForAsync("http://0.0.0.0:"), StringComparison.Ordinal);

        await cli.AddTokenAsync("ci", "read");
        await using var guarded = await ServiceProcess.StartAsync(cli, "--listen", "http://0.0.0.0:0");
        await guarded.Process.Output.WaitForAsync("http://0.0.0.0:");
        Assert.Equal(HttpStatusCode.Unauthorized, await guarded.StatusAsync("GET", "/health", null));
    }

    [Fact]
    public async Task It_answers_by_names_that_are_configured_and_with_a_token_by_any()
    {
        await using var cli = new Cli();
        cli.Write("headgate.json", """{ "serve": { "hosts": ["headgate.internal"] } }""");
        await using var service = await ServiceProcess.StartAsync(cli, "--listen", "http://localhost:0");

        foreach (var (host, expected) in ((string, int)[])[("headgate.internal", 200), ("Headgate.Internal:8015", 200), ("localhost", 200), ("evil.example", 421)])
            Assert.Equal(expected, await StatusByAsync(host, null));

        var token = await cli.AddTokenAsync("ci", "read");
        await service.UntilStatusAsync(token, HttpStatusCode.OK);
        await service.UntilStatusAsync(null, HttpStatusCode.Unauthorized);
        Assert.Equal(200, await StatusByAsync("evil.example", token));
        Assert.Equal(401, await StatusByAsync("evil.example", null));

        async Task<int> StatusByAsync(string host, string? token)
        {
            using var answer = await service.SendAsync("GET", "/health", token, null, ("Host", host));
            return (int)answer.StatusCode;
        }
    }

    [Fact]
    public async Task Tokens_of_the_configuration_and_of_a_mounted_file_are_known_and_the_file_is_read_anew()
    {
        await using var cli = new Cli();
        var (given, mounted, later) = ("hg_given", "hg_mounted", "hg_later");
        cli.Write("headgate.json", $$"""{ "serve": { "tokens": [{{Entry("given", given)}}] } }""");
        cli.Write("tokens.json", $$"""{ "tokens": [{{Entry("mounted", mounted)}}] }""");
        await using var service = await ServiceProcess.StartAsync(cli, "--tokens-file", "tokens.json");

        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("GET", "/health", given));
        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("GET", "/health", mounted));
        cli.Write("tokens.json", $$"""{ "tokens": [{{Entry("later", later)}}] }""");
        await service.UntilStatusAsync(later, HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.Unauthorized, await service.StatusAsync("GET", "/health", mounted));

        static string Entry(string name, string token) => $$"""{ "name": "{{name}}", "hash": "{{Headgate.App.Security.TokenText.HashOf(token)}}", "scopes": ["read"] }""";
    }

    [Fact]
    public async Task Many_wrong_tokens_are_answered_429_and_good_ones_as_ever()
    {
        await using var cli = new Cli();
        var token = await cli.AddTokenAsync("ci", "read");
        await using var service = await ServiceProcess.StartAsync(cli);

        var statuses = new List<HttpStatusCode>();
        for (var number = 0; number < 60; number++)
            statuses.Add(await service.StatusAsync("GET", "/health", $"hg_wrong{number}"));

        Assert.All(statuses.Take(20), status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("GET", "/health", token));
        // No token at all is no attempt.
        Assert.Equal(HttpStatusCode.Unauthorized, await service.StatusAsync("GET", "/health", null));
    }

    [Fact]
    public async Task Tokens_of_a_service_that_runs_elsewhere_are_given_shown_and_taken_by_the_same_verbs()
    {
        await using var cli = new Cli();
        cli.Write("admin.token", await cli.AddTokenAsync("boss", "admin"));
        cli.Write("weak.token", await cli.AddTokenAsync("weak", "read"));
        await using var service = await ServiceProcess.StartAsync(cli);
        string[] there = ["--server", service.Client.BaseAddress!.ToString(), "--token-file", cli.PathOf("admin.token")];

        var made = await cli.RunAsync(["tokens", "add", "web", "--scope", "read,submit", "--tenant", "acme", "--expires", "90d", .. there]);
        Assert.True(made.Code == 0, $"{made}");
        await service.UntilStatusAsync(made.Output.Trim(), HttpStatusCode.OK);
        var shown = await cli.RunAsync(["tokens", "ls", .. there]);
        Assert.Matches("(?m)^web +read,submit +acme ", shown.Output);
        Assert.Contains("sha256:", (await cli.RunAsync(["tokens", "ls", "--json", .. there])).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await cli.RunAsync(["tokens", "rm", "web", .. there])).Code);
        await service.UntilStatusAsync(made.Output.Trim(), HttpStatusCode.Unauthorized);

        var gone = await cli.RunAsync(["tokens", "rm", "web", .. there]);
        Assert.Equal(3, gone.Code);
        Assert.Contains("no token of this name", gone.Error, StringComparison.Ordinal);
        var refused = await cli.RunAsync("tokens", "ls", "--server", service.Client.BaseAddress!.ToString(), "--token-file", cli.PathOf("weak.token"));
        Assert.Equal(3, refused.Code);
        Assert.Contains("admin", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_administrator_gives_and_takes_tokens_over_HTTP_and_all_changes_are_in_the_audit_log()
    {
        await using var cli = new Cli();
        var admin = await cli.AddTokenAsync("ops", "admin");
        await using var service = await ServiceProcess.StartAsync(cli);

        using var added = await service.SendAsync("POST", "/api/v1/tokens", admin, """{"name":"web","scopes":["read","submit"],"tenant":"acme","expires":"2999-01-01T00:00:00Z"}""");
        Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        var token = (await added.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;
        await service.UntilStatusAsync(token, HttpStatusCode.OK);
        using var submitted = await service.SendAsync("POST", "/api/v1/request", token, """{"url":"http://a.example/","not_before":"1h"}""");
        var id = (await submitted.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("request_id").GetString()!;
        Assert.Equal(HttpStatusCode.OK, await service.StatusAsync("DELETE", $"/api/v1/request/{id}", token));
        using var listed = await service.SendAsync("GET", "/api/v1/tokens", admin);
        Assert.DoesNotContain(token, await listed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, await service.StatusAsync("DELETE", "/api/v1/tokens/web", admin));
        await service.UntilStatusAsync(token, HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.NotFound, await service.StatusAsync("DELETE", "/api/v1/tokens/web", admin));
        Assert.Equal(HttpStatusCode.BadRequest, await service.StatusAsync("POST", "/api/v1/tokens", admin, """{"name":"ops","scopes":["read"]}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await service.StatusAsync("POST", "/api/v1/tokens", admin, """{"name":"x","scopes":["write"]}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await service.StatusAsync("POST", "/api/v1/tokens", admin, """{"name":"x","scopes":["read"],"expires":"2020-12-01T00:00:00Z"}"""));

        var lines = cli.ReadJson("data/audit.log");
        Assert.Equal(["token.add ops", "token.add web", $"job.cancel {id}", "token.remove web"], lines.Select(line => $"{line.GetProperty("action")} {line.GetProperty("subject")}"));
        Assert.Equal([$"user {Environment.UserName}", "ops", "web", "ops"], lines.Select(line => line.GetProperty("who").GetString()));
        Assert.Equal(["this machine", "127.0.0.1", "127.0.0.1", "127.0.0.1"], lines.Select(line => line.GetProperty("from").GetString()));
        Assert.DoesNotContain("hg_", string.Concat(cli.Read("data/audit.log")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_are_kept_where_the_service_of_the_same_configuration_looks_for_them()
    {
        await using var cli = new Cli();
        cli.Write("headgate.json", """{ "serve": { "data": "elsewhere" }, "defaults": { "timeout": "${env:ONLY_FOR_THE_SERVICE}" } }""");
        await cli.AddTokenAsync("ci", "read");

        Assert.True(File.Exists(cli.PathOf("elsewhere/tokens.json")));
        cli.Write("headgate.json", """{ "serve": { "data": 7 } }""");
        Assert.Equal(3, (await cli.RunAsync("tokens", "ls")).Code);
        var listed = await cli.RunAsync("tokens", "ls", "--data", "elsewhere");
        Assert.Matches(@"^NAME +SCOPES +TENANT +CREATED +EXPIRES\nci +read +- +20..-..-.. ..:.. UTC +never\n$", listed.Output);
        Assert.Contains("there is no token in", (await cli.RunAsync("tokens", "ls", "--data", "nowhere")).Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(cli.PathOf("nowhere")));
    }

    [Fact]
    public async Task Whoever_listens_to_events_hears_no_more_when_its_token_is_taken_away()
    {
        await using var cli = new Cli();
        var (listener, other) = (await cli.AddTokenAsync("listener", "read"), await cli.AddTokenAsync("other", "submit,read"));
        await using var service = await ServiceProcess.StartAsync(cli);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/events");
        request.Headers.Add("Headgate-Token", listener);
        using var answer = await service.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var events = new StreamReader(await answer.Content.ReadAsStreamAsync());

        Assert.Equal(0, (await cli.RunAsync("tokens", "rm", "listener")).Code);
        await service.UntilStatusAsync(listener, HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.Accepted, await service.StatusAsync("POST", "/api/v1/request", other, """{"url":"http://a.example/","not_before":"1h"}"""));

        Assert.DoesNotContain("a.example", await events.ReadToEndAsync().WaitAsync(Cli.Patience), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_no_token_is_needed_none_can_be_made_over_HTTP()
    {
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli);

        Assert.Equal(HttpStatusCode.Forbidden, await service.StatusAsync("POST", "/api/v1/tokens", null, """{"name":"x","scopes":["admin"]}"""));
        Assert.False(File.Exists(cli.PathOf("data/tokens.json")));
    }
}
