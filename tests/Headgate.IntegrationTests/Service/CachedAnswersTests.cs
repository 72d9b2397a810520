using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;
using Microsoft.AspNetCore.Http;

namespace Headgate.IntegrationTests.Service;

/// <summary>Answers that are kept by a real service, in front of an API that counts.</summary>
public sealed class CachedAnswersTests
{
    [Theory]
    [InlineData("http")]
    [InlineData("shared")]
    public async Task Of_fifty_calls_for_the_same_one_reaches_the_api_cold_and_one_when_it_is_stale(string cache)
    {
        await using var api = await SmallServer.StartAsync(async context =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1));
            (context.Response.Headers.CacheControl, context.Response.Headers.ETag) = ("max-age=2", "\"v\"");
            if (context.Request.Headers.IfNoneMatch == "\"v\"")
                context.Response.StatusCode = 304;
            else
                await context.Response.WriteAsync("the answer");
        });
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"api={api.Url}", "--cache", cache);

        var cold = await CallAsync();
        Assert.Equal(1, api.Requests);
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        var stale = await CallAsync();

        Assert.All(cold.Concat(stale), answer => Assert.Equal((200, "the answer"), (answer.Status, answer.Body)));
        // A slow machine may be through with the first of them when the last comes, and then again.
        Assert.InRange(api.Requests, 2, 3);
        Assert.Contains(stale, answer => answer.Cache.StartsWith("headgate; fwd=stale; fwd-status=304", StringComparison.Ordinal));

        Task<(int Status, string Body, string Cache)[]> CallAsync() => Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
        {
            using var answer = await service.Client.GetAsync("/up/api/thing");
            return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(), string.Join(',', answer.Headers.GetValues("Cache-Status")));
        }));
    }

    [Fact]
    public async Task Of_fifty_calls_in_five_variants_each_variant_reaches_the_api_once_and_all_take_as_long_as_two_answers()
    {
        await using var api = await SmallServer.StartAsync(async context =>
        {
            await Task.Delay(TimeSpan.FromSeconds(2));
            (context.Response.Headers.CacheControl, context.Response.Headers.Vary) = ("max-age=60", "Accept-Language");
            await context.Response.WriteAsync($"{context.Request.Headers.AcceptLanguage}");
        });
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"api={api.Url}", "--limit", "none");

        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(async number =>
        {
            var language = "en de fr it es".Split(' ')[number % 5];
            using var request = new HttpRequestMessage(HttpMethod.Get, "/up/api/thing") { Headers = { { "Accept-Language", language } } };
            using var answer = await service.Client.SendAsync(request);
            Assert.Equal(language, await answer.Content.ReadAsStringAsync());
        }));

        Assert.Equal(5, api.Requests);
        // One after the other they would take ten seconds.
        Assert.InRange(clock.Elapsed.TotalSeconds, 3.9, 8);
    }

    [Fact]
    public async Task Gateway_and_proxy_share_what_is_kept_jobs_have_their_own_and_all_of_it_is_counted()
    {
        await using var api = await SmallServer.StartAsync(Counting(_ => { }));
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"api={api.Url}", "--proxy-listen", "http://127.0.0.1:0");
        using var proxied = new HttpClient(new HttpClientHandler { Proxy = new WebProxy(await service.ProxyAsync()) });

        Assert.Equal(("1", "1"), (await service.Client.GetStringAsync("/up/api/a"), await service.Client.GetStringAsync("/up/api/a")));
        Assert.Equal("1", await proxied.GetStringAsync($"{api.Url}/a"));
        string[] request = [$$"""{"url":"{{api.Url}}/a"}"""];
        var first = Assert.Single(await service.WaitAsync(await service.SubmitAsync(request)));
        var second = Assert.Single(await service.WaitAsync(await service.SubmitAsync(request)));

        Assert.Equal(("miss", "hit"), (first.GetProperty("cache").GetString(), second.GetProperty("cache").GetString()));
        Assert.Equal((1, 0, true), (first.GetProperty("attempts").GetInt32(), second.GetProperty("attempts").GetInt32(), second.GetProperty("result").GetProperty("cached").GetBoolean()));
        Assert.Equal(2, api.Requests);
        var (_, figures) = await service.CallAsync("GET", "/api/v1/statistics");
        Assert.Equal((3, 2, 0.6), ((int)figures["requests"]!["cached"]!, (int)figures["cache"]!["entries"]!, (double)figures["cache"]!["hit_rate"]!));
    }

    [Fact]
    public async Task What_one_caller_s_credentials_got_no_other_gets()
    {
        await using var api = await SmallServer.StartAsync(context =>
        {
            context.Response.Headers.CacheControl = "public, max-age=60";
            return context.Response.WriteAsync($"for {context.Request.Headers.Authorization}{context.Request.Headers["X-Api-Key"]}{context.Request.Headers.Cookie}");
        });
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"api={api.Url}");

        foreach (var (name, value) in (IEnumerable<(string, string)>)[("Authorization", "Bearer a"), ("Authorization", "Bearer b"), ("X-Api-Key", "c"), ("Cookie", "s=d"), ("X-None", ""), ("Authorization", "Bearer a")])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/up/api/mine");
            request.Headers.TryAddWithoutValidation(name, value);
            using var answer = await service.Client.SendAsync(request);
            Assert.Equal($"for {value}", await answer.Content.ReadAsStringAsync());
        }
        Assert.Equal(5, api.Requests);
    }

    [Fact]
    public async Task A_large_answer_streams_through_and_only_a_small_one_is_kept()
    {
        await using var api = await SmallServer.StartAsync(async context =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            var piece = new byte[1 << 20];
            for (var count = 0; count < (context.Request.Path == "/large" ? 64 : 1); count++)
                await context.Response.Body.WriteAsync(piece);
        });
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"api={api.Url}");

        foreach (var (path, length) in ((string, int)[])[("large", 64 << 20), ("large", 64 << 20), ("small", 1 << 20), ("small", 1 << 20)])
            Assert.Equal(length, (await service.Client.GetByteArrayAsync($"/up/api/{path}")).Length);

        Assert.Equal((2, 1), (api.ByPath["/large"], api.ByPath["/small"]));
    }

    [Fact]
    public async Task A_version_is_named_as_the_api_names_it_byte_for_byte()
    {
        await using var api = await SmallServer.StartAsync(Counting(context => context.Response.Headers.CacheControl = "max-age=60"));
        using var server = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        server.Start();
        _ = Task.Run(async () =>
        {
            using var connection = await server.AcceptTcpClientAsync();
            _ = await connection.GetStream().ReadAtLeastAsync(new byte[64 * 1024], 1);
            await connection.GetStream().WriteAsync(Encoding.Latin1.GetBytes("HTTP/1.1 200 OK\r\nETag: \"ü\"\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok"));
        });
        await using var cli = new Cli();
        await using var service = await ServiceProcess.StartAsync(cli, "--up", $"api=http://127.0.0.1:{((IPEndPoint)server.LocalEndpoint).Port}");

        Assert.Contains("200 OK", await AskAsync(""), StringComparison.Ordinal);
        var answer = await AskAsync("If-None-Match: \"ü\"\r\n");

        Assert.Contains("304 Not Modified", answer, StringComparison.Ordinal);
        Assert.Contains("ETag: \"ü\"", answer, StringComparison.Ordinal);

        async Task<string> AskAsync(string condition)
        {
            using var caller = new System.Net.Sockets.TcpClient();
            await caller.ConnectAsync(IPAddress.Loopback, service.Client.BaseAddress!.Port);
            await caller.GetStream().WriteAsync(Encoding.Latin1.GetBytes($"GET /up/api/a HTTP/1.1\r\nHost: localhost\r\n{condition}Connection: close\r\n\r\n"));
            return await new StreamReader(caller.GetStream(), Encoding.Latin1).ReadToEndAsync().WaitAsync(Cli.Patience);
        }
    }

    [Fact]
    public async Task A_run_that_keeps_answers_sends_each_once_and_tells_of_its_hits()
    {
        await using var api = await SmallServer.StartAsync(Counting(context => context.Response.Headers.CacheControl = "max-age=60"));
        await using var cli = new Cli();
        cli.Write("in.jsonl", string.Concat(Enumerable.Range(0, 40).Select(number => $$"""{"url":"{{api.Url}}/{{number % 4}}"}""" + "\n")));

        var kept = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--cache", "http", "--json");

        Assert.Equal((0, 4, 36, 4), (kept.Code, api.Requests, kept.Summary().Number("cache_hits"), kept.Summary().Number("sent")));
        var lines = (await File.ReadAllLinesAsync(cli.PathOf("out.jsonl"))).Select(line => (string?)JsonNode.Parse(line)!["cache"]).ToList();
        Assert.Equal((4, 36), (lines.Count(word => word == "miss"), lines.Count(word => word == "hit")));

        var sent = await cli.RunAsync("run", "in.jsonl", "-o", "other.jsonl");
        Assert.Equal(44, api.Requests);
        Assert.DoesNotContain("cache hits", sent.Error, StringComparison.Ordinal);
    }

    /// <summary>Answers with the number of the request.</summary>
    private static Func<HttpContext, Task> Counting(Action<HttpContext> more)
    {
        var count = 0;
        return context =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            more(context);
            return context.Response.WriteAsync($"{Interlocked.Increment(ref count)}");
        };
    }
}
