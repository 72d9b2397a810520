using System.Net;
using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Tests.Configuration;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>What somebody got.</summary>
internal sealed record Got(int Status, string Body, Exchange Exchange)
{
    public string? Cache => Exchange.Cache?.Word;

    public override string ToString() => $"{Cache} {Status} {Body}";
}

/// <summary>An engine that keeps answers, its API without a network, and the virtual time of both. An answer says how many the API has given.</summary>
internal sealed class CachingApi : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<string> _asked = [];

    /// <param name="cache">What the API's <c>cache</c> says.</param>
    /// <param name="more">More members of the API.</param>
    /// <param name="keys">The keys of its pool.</param>
    public CachingApi(string cache = "http", string more = "", params string[] keys)
    {
        var pool = keys.Length == 0 ? "" : """, "keys": { "from": ["env:K"] POOL }""".Replace("POOL", more.StartsWith("keys:", StringComparison.Ordinal) ? $", {more[5..]}" : "", StringComparison.Ordinal);
        var members = more.StartsWith("keys:", StringComparison.Ordinal) ? "" : more;
        var json = $$"""{ "upstreams": { "api": { "base": ["https://api.test"], "timing": "nominal", "timeout": "7d", "limits": "none", "retryDelay": 0.01, "cache": "{{cache}}"{{pool}}{{members}} } } }""";
        var api = new FakeApi(async (request, cancellation) =>
        {
            int number;
            lock (_lock)
            {
                _asked.Add($"{request.Method} {request.RequestUri!.AbsolutePath}");
                number = _asked.Count;
            }
            return await Answer(number, request, cancellation);
        });
        Engine = new Engine(WrittenConfiguration.Read(json, ("K", "unused")).OrThrow(), api.In(Time) with
        {
            Keys = _ => [.. keys.Select(key => new KeyEntry(new KeySecret(key, $"secret-{key}")))],
            FetchToken = static (_, _) => Task.FromResult(new AccessToken("ours")),
        });
    }

    public VirtualTime Time { get; } = new();

    public Engine Engine { get; }

    public IReadOnlyList<string> Asked
    {
        get
        {
            lock (_lock)
                return [.. _asked];
        }
    }

    /// <summary>The answer to the n-th send; fresh for a minute by default.</summary>
    public Func<int, HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> Answer { get; set; } = (number, _, _) => Task.FromResult(Fresh(number));

    /// <summary>Signs each attempt; null for nothing.</summary>
    public Action<HttpRequestMessage>? Sign { get; set; }

    public static HttpResponseMessage Fresh(int number, string control = "max-age=60", string? etag = null, HttpStatusCode status = HttpStatusCode.OK)
    {
        var answer = new HttpResponseMessage(status) { Content = status == HttpStatusCode.NotModified ? null : new StringContent($"answer {number}") };
        answer.Headers.TryAddWithoutValidation("Cache-Control", control);
        if (etag is not null)
            answer.Headers.TryAddWithoutValidation("ETag", etag);
        return answer;
    }

    public Task<Got> GetAsync(string path = "a", params (string Name, string Value)[] headers) => EndAsync(SendAsync(path, headers));

    public Task<T> EndAsync<T>(Task<T> task) => FakeWorld.EndAsync(Time, task);

    /// <summary>Lets the threads go on, and the time only as far as they need.</summary>
    public Task UntilAsync(Func<bool> isSo) => Threads.PassUntilAsync(Time, isSo);

    public async Task<Got> SendAsync(string path = "a", (string Name, string Value)[]? headers = null, string? tenant = null, RequestPriority priority = RequestPriority.Medium, string method = "GET",
        bool isPassedOn = true, TimeSpan? within = null, CancellationToken cancellation = default)
    {
        var url = new Uri($"https://api.test/{path}");
        using var request = Sign is { } sign ? new SignedMessage(new HttpMethod(method), url, sign) : new HttpRequestMessage(new HttpMethod(method), url);
        foreach (var (name, value) in headers ?? [])
            request.Headers.TryAddWithoutValidation(name, value);
        var body = "";
        var terms = new SendTerms
        {
            IsDirect = true,
            IsPassedOn = isPassedOn,
            Tenant = tenant,
            Priority = priority,
            OwnKey = headers?.FirstOrDefault(header => header.Name == "Authorization").Value,
            Deadline = within is { } longest ? Engine.Clock.Now + Clock.Nanoseconds(longest) : null,
        };
        var exchange = new Exchange(request, terms)
        {
            Receive = async (answer, token) => body = await answer.Content.ReadAsStringAsync(token),
        };
        using var got = await new StraightLine(Engine).SendAsync(exchange, cancellation);
        exchange.Last?.TryWriteEnd();
        return new Got((int)got.StatusCode, body, exchange);
    }

    public void Dispose() => Engine.Dispose();
}
