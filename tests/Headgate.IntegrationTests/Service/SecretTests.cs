using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Headgate.IntegrationTests.Connections;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;
using Microsoft.AspNetCore.Http;

namespace Headgate.IntegrationTests.Service;

/// <summary>A secret stands wherever one can stand, and is looked for wherever somebody else could read it.</summary>
public sealed class SecretTests
{
    /// <summary>Every secret begins so.</summary>
    private const string Mark = "s3cret";

    private readonly StringBuilder _read = new();

    [Fact]
    public async Task No_secret_is_in_what_the_service_says_or_writes_down()
    {
        await using var api = await SmallServer.StartAsync(AnswerAsync);
        await using var cli = new Cli();
        var token = await ConfigureAsync(cli, api.Url);
        await using (var service = await ServiceProcess.StartAsync(cli, "--listen", "https://127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--log-level", "trace", "--log-format", "json"))
        {
            await SubmitAsync(service, token, api.Url);
            await PassThroughAsync(service, token);
            foreach (var path in (string[])["/health", "/status", "/metrics", "/api/v1/statistics", "/api/v1/performance", "/api/v1/requests?limit=1000", "/api/v1/dlq?limit=1000", "/api/v1/queues", "/api/v1/schedules", "/api/v1/tokens", "/api/v1/proxies", "/api/v1/config", "/nowhere", "/readyz"])
                await ReadAsync(service, "GET", path, token);
            await LookCloselyAsync(service, token);
            // Files that change, for the better and for the worse.
            cli.Write("pass", $"{Mark}-wrong-password");
            cli.Write("mounted.json", $$"""{ "tokens": [{ "name": "x", "hash": "hg_{{Mark}}", "scopes": ["read"] }] }""");
            await service.Process.Error.WaitForAsync(text => text.Contains("tokens cannot be read anew", StringComparison.Ordinal) && text.Contains("certificate of the service cannot be read anew", StringComparison.Ordinal), Cli.Patience);
            service.Process.Terminate();
            Read(await service.Process.EndAsync());
        }
        foreach (var file in (string[])[.. Directory.GetFiles(cli.PathOf("data/ledgers")), .. Directory.GetFiles(cli.PathOf("data/state"), "*.jsonl", SearchOption.AllDirectories), cli.PathOf("data/audit.log"), cli.PathOf("data/tokens.json"), cli.PathOf("keys/keys.json"), .. Directory.GetFiles(cli.PathOf("keys/ring"))])
            _read.AppendLine(File.ReadAllText(file));
        foreach (var verb in (string[][])[["config", "show"], ["config", "show", "--json"], ["config", "check"], ["config", "schema"], ["tokens", "ls"], ["tokens", "ls", "--json"], ["doctor"], ["keys", "ls"], ["proxies", "ls"], ["proxies", "ls", "--json"], ["proxies", "rm", "stored", $"http://{Mark}-user:{Mark}-password@127.0.0.1:1"], .. Directory.GetFiles(cli.PathOf("data/ledgers")).Select(ledger => (string[])["verify", ledger])])
            Read(await cli.RunAsync(verb));

        var text = _read.ToString();
        // What is looked through is what there is: each of these was in it.
        foreach (var expected in (string[])["\"action\":\"token.add\"", "headgate_jobs_submitted_total", "\"key\":\"gold\"", "\"key\":\"own-", "/serve/tls/password", "\"pool\":\"stored\"", "store:stored", "has no such proxy", "application", "connection refused", "302 × ", "\"status\":\"failed\""])
            Assert.True(text.Contains(expected, StringComparison.Ordinal), $"{expected} is nowhere in\n{text}");
        var at = text.IndexOf(Mark, StringComparison.OrdinalIgnoreCase);
        Assert.True(at < 0, at < 0 ? "" : $"…{text[Math.Max(0, at - 300)..Math.Min(text.Length, at + 100)]}…");
        Assert.DoesNotContain(token[3..], text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://user:s3cret@a.example"] } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a.example"], "keys": { "from": ["s3cret"] } } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["http://a.example"], "keys": { "from": ["env:K"], "as": "Authorization: Bearer s3cret" } } } }""")]
    [InlineData("""{ "upstreams": { "a": { "base": ["https://a.example"], "tls": { "clientCertificate": "file:x", "password": "s3cret" } } } }""")]
    [InlineData("""{ "serve": { "tokens": [{ "name": "a", "hash": "hg_s3cret", "scopes": ["read"] }] } }""")]
    [InlineData("""{ "serve": { "tls": { "certificate": "file:x", "password": "s3cret" } } }""")]
    [InlineData("""{ "serve": { "cors": ["https://user:s3cret@a.example"] } }""")]
    [InlineData("""{ "serve": { "listen": ["${env:SECRET}"] } }""")]
    [InlineData("""{ "serve": { "rateLimits": ["${env:SECRET}"] } }""")]
    [InlineData("""{ "serve": { "hosts": ["${env:SECRET}"], "cors": ["${env:SECRET}"], "tokens": [{ "name": "${env:SECRET}", "hash": "${env:SECRET}", "scopes": ["${env:SECRET}"], "tenant": "${env:SECRET}", "expires": "${env:SECRET}" }] } }""")]
    public async Task A_secret_in_the_wrong_place_is_refused_and_not_repeated(string json)
    {
        await using var cli = new Cli();
        cli.Environment["SECRET"] = "s3cret value";
        cli.Write("headgate.json", json);

        foreach (var verb in (string[][])[["serve"], ["config", "check"], ["config", "show"]])
        {
            var result = await cli.RunAsync(verb);
            Assert.True(result.Code == 3, $"{result}");
            Assert.False(result.Output.Contains(Mark, StringComparison.Ordinal) || result.Error.Contains(Mark, StringComparison.Ordinal), $"{result}");
        }
    }

    private async Task<string> ConfigureAsync(Cli cli, string api)
    {
        using var authority = new TestAuthority("ours");
        using var certificate = authority.Sign("localhost");
        cli.Write("certificate.pem", certificate.ExportCertificatePem());
        cli.Write("key.pem", certificate.GetECDsaPrivateKey()!.ExportEncryptedPkcs8PrivateKeyPem($"{Mark}-password", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
        cli.Write("pass", $"{Mark}-password\n");
        cli.Write("keys.txt", $"gold {Mark}-key-1\nsilver {Mark}-key-2\n");
        cli.Write("template", $"X-Api-Key: {Mark}-{{key}}");
        cli.Environment["KEY"] = $"{Mark}-key-3";
        cli.Environment["COLLECTOR"] = $"{Mark}-collector";
        cli.Write("mounted.json", """{ "tokens": [] }""");
        cli.Environment["HEADGATE_KEYS"] = cli.PathOf("keys");
        cli.Environment["HEADGATE_SECRET"] = $"{Mark}-of-the-store-itself";
        // What answers to whole URLs is a proxy.
        Read(await cli.RunAsync(api.Replace("://", $"://{Mark}-user:{Mark}-password@", StringComparison.Ordinal), Cli.Patience, "proxies", "add", "stored", "-"));
        cli.Write("headgate.json", $$"""
            { "proxies": { "stored": { "from": ["store:stored"] } },
              "upstreams": {
                "header": { "base": ["{{api}}/header"], "keys": { "from": ["file:keys.txt"], "as": "${file:template}", "limits": ["100/s"] } },
                "query": { "base": ["{{api}}/query"], "keys": { "from": ["env:KEY"], "as": "?api_key={key}", "limits": ["100/s"] } },
                "bearer": { "base": ["{{api}}/bearer"], "limits": ["100/s"], "keys": { "from": ["env:KEY"], "limits": ["100/s"], "dead": [401] } },
                "proxied": { "base": ["{{api}}/proxied"], "limits": ["100/s"], "proxies": "stored" },
                "down": { "base": ["http://127.0.0.1:{{Ports.Free()}}"], "retries": 0, "keys": { "from": ["env:KEY"], "as": "?api_key={key}" } } },
              "otlp": { "endpoint": "http://127.0.0.1:{{Ports.Free()}}", "headers": { "x-collector": "env:COLLECTOR" } },
              "serve": { "tokensFile": "mounted.json", "tls": { "certificate": "file:certificate.pem", "key": "file:key.pem", "password": "file:pass" } } }
            """);
        return await cli.AddTokenAsync("ops", "admin");
    }

    /// <summary>Answers as APIs do, and never with what they were sent.</summary>
    private static Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path.EndsWith("/redirect", StringComparison.Ordinal))
            context.Response.Redirect("done?redirected");
        else if (path.EndsWith("/refuse", StringComparison.Ordinal))
            (context.Response.StatusCode, context.Response.Headers.RetryAfter) = (429, "1");
        else
            context.Response.StatusCode = path.EndsWith("/fail", StringComparison.Ordinal) ? 500 : path.EndsWith("/unauthorized", StringComparison.Ordinal) ? 401 : 200;
        return context.Response.WriteAsync("application");
    }

    private async Task SubmitAsync(ServiceProcess service, string token, string api)
    {
        var requests = new JsonArray();
        foreach (var url in (string[])[$"{api}/header/ok", $"{api}/query/ok", $"{api}/query/fail", $"{api}/query/redirect", $"{api}/bearer/unauthorized", $"{api}/free/unauthorized", "http://127.0.0.1:1/x", $"http://user:{Mark}@127.0.0.1/x"])
            requests.Add(new JsonObject
            {
                ["url"] = url,
                ["method"] = "POST",
                ["headers"] = new JsonObject { ["Cookie"] = $"session={Mark}", ["X-Secret"] = Mark },
                ["data"] = $"{Mark}-body",
                ["idempotency_key"] = $"{Mark}-{requests.Count}",
                ["retries"] = 0,
                ["timeout"] = 5,
            });
        await ReadAsync(service, "POST", "/api/v1/requests/bulk", token, new JsonObject { ["requests"] = requests }.ToJsonString(), ("Idempotency-Key", $"{Mark}-key"));
        await ReadAsync(service, "POST", "/api/v1/request?wait", token, $$"""{"url":"{{api}}/bearer/ok","headers":{"Authorization":"Bearer {{Mark}}"} }""", ("Prefer", "wait=20"));
        await ReadAsync(service, "POST", "/api/v1/requests:import", token, $$"""{"url":"{{api}}/bearer/ok","headers":{"Authorization":"Bearer {{Mark}}"} }""" + "\n" + $$"""{"url":"{{api}}/x","headers":{"Authorization":7,"X":"{{Mark}}"} }""" + "\n");
        // Bodies that cannot be read are told of, and not repeated.
        await ReadAsync(service, "POST", "/api/v1/request", token, $$"""{"url":"http://a.example","headers":{"Authorization":"{{Mark}}\n"} }""");
        await ReadAsync(service, "POST", "/api/v1/request", token, $$"""{"{{Mark}}""");
        await ReadAsync(service, "POST", "/api/v1/request", token, $$"""{"url":"http://a.example","headers":{"Proxy-Authorization":"{{Mark}}"} }""");
        await ReadAsync(service, "GET", $"/api/v1/get?url=http://127.0.0.1:1/", token);
        for (var open = "open"; open.Length > 0; await Task.Delay(100))
        {
            using var answer = await service.SendAsync("GET", "/api/v1/requests?status=open", token);
            open = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["requests"]!.AsArray().Count > 0 ? "open" : "";
        }
    }

    private async Task PassThroughAsync(ServiceProcess service, string token)
    {
        foreach (var path in (string[])["/up/header/ok", "/up/query/ok", "/up/query/redirect", "/up/bearer/ok", "/up/bearer/unauthorized", "/up/proxied/ok", "/up/down/x", "/up/nobody/x"])
        {
            await ReadAsync(service, "GET", path, token, null, ("Cookie", Mark), ("X-Secret", Mark));
            await ReadAsync(service, "GET", path, token, null, ("Authorization", $"Bearer {Mark}"));
        }
        await ReadAsync(service, "GET", "/up/query/ok", $"hg_{Mark}");
        await ReadAsync(service, "GET", "/health", null, null, ("Authorization", $"Basic {Mark}"));
        await ReadAsync(service, "GET", "/health", null, null, ("Authorization", $"Bearer hg_{Mark}"));
    }

    /// <summary>Every job by itself, and the events of all.</summary>
    private async Task LookCloselyAsync(ServiceProcess service, string token)
    {
        using var all = await service.SendAsync("GET", "/api/v1/requests?limit=1000", token);
        foreach (var job in JsonNode.Parse(await all.Content.ReadAsStringAsync())!["requests"]!.AsArray())
            foreach (var more in (string[])["", "/attempts", "/explain"])
                await ReadAsync(service, "GET", $"/api/v1/request/{job!["request_id"]}{more}", token);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/events?last_event_id=0");
        request.Headers.Add("Headgate-Token", token);
        using var answer = await service.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var events = new StreamReader(await answer.Content.ReadAsStreamAsync());
        for (var failed = 0; failed < 4;)
        {
            var line = await events.ReadLineAsync().WaitAsync(Cli.Patience);
            failed += line!.Contains("\"status\":\"failed\"", StringComparison.Ordinal) ? 1 : 0;
            _read.AppendLine(line);
        }
    }

    private async Task ReadAsync(ServiceProcess service, string method, string path, string? token, string? body = null, params (string Name, string Value)[] headers)
    {
        using var answer = await service.SendAsync(method, path, token, body, headers);
        _read.AppendLine($"{answer.Headers}{answer.Content.Headers}{await answer.Content.ReadAsStringAsync()}");
    }

    private void Read(CliResult result) => _read.AppendLine(result.Output).AppendLine(result.Error);
}
