using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Headgate.IntegrationTests.Proxies;

/// <summary>
/// An API that tells each caller the address it was called from, and refuses (429) what comes from one address beyond a limit, counted as
/// it arrives. <c>/body?n=</c> has a body of n bytes, <c>/hang</c> never answers, <c>/status?n=</c> answers with a status.
/// </summary>
internal sealed class ExitServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly ConcurrentDictionary<string, Caller> _callers = [];

    private ExitServer(WebApplication application) => _application = application;

    public string Url => _application.Urls.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal);

    /// <summary>What came from each address, refusals included.</summary>
    public Dictionary<string, int> Arrived => _callers.ToDictionary(caller => caller.Key, caller => caller.Value.Arrived);

    public int Refused => _callers.Values.Sum(caller => caller.Refused);

    /// <summary>Names of headers that no API may ever see.</summary>
    public ConcurrentBag<string> Leaked { get; } = [];

    /// <summary>Starts one.</summary>
    /// <param name="certificate">For TLS; null for none.</param>
    /// <param name="limit">How many from one address within <paramref name="period"/>; 0 for any number.</param>
    /// <param name="period">Of the limit.</param>
    /// <param name="takes">How long an answer takes.</param>
    /// <param name="protocols">What it speaks.</param>
    public static async Task<ExitServer> StartAsync(X509Certificate2? certificate = null, int limit = 0, TimeSpan period = default, TimeSpan takes = default, HttpProtocols protocols = HttpProtocols.Http1AndHttp2)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = certificate is null ? HttpProtocols.Http1 : protocols;
            if (certificate is not null)
                listen.UseHttps(certificate);
        }));
        var server = new ExitServer(builder.Build());
        server._application.Run(async context =>
        {
            var address = $"{context.Connection.RemoteIpAddress}";
            foreach (var name in (string[])["Proxy-Authorization", "Proxy-Connection"])
                if (context.Request.Headers.ContainsKey(name))
                    server.Leaked.Add(name);
            if (!server._callers.GetOrAdd(address, static _ => new Caller()).Take(limit, period))
            {
                (context.Response.StatusCode, context.Response.Headers.RetryAfter) = (429, "1");
                return;
            }
            if (takes > TimeSpan.Zero)
                await Task.Delay(takes, context.RequestAborted);
            await AnswerAsync(context, address);
        });
        await server._application.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static async Task AnswerAsync(HttpContext context, string address)
    {
        var number = int.TryParse(context.Request.Query["n"], out var n) ? n : 0;
        switch (context.Request.Path)
        {
            case "/hang":
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
                break;
            case "/status":
                context.Response.StatusCode = number;
                break;
            case "/echo":
                await context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
                break;
            case "/body":
                context.Response.ContentLength = number;
                var part = new byte[64 * 1024];
                for (var left = number; left > 0; left -= part.Length)
                    await context.Response.Body.WriteAsync(part.AsMemory(0, Math.Min(left, part.Length)), context.RequestAborted);
                break;
            default:
                await context.Response.WriteAsync($"{address} {context.Request.Protocol}");
                break;
        }
    }

    /// <summary>What came from one address.</summary>
    private sealed class Caller
    {
        private readonly Lock _lock = new();
        private readonly Queue<long> _times = [];

        public int Arrived { get; private set; }

        public int Refused { get; private set; }

        public bool Take(int limit, TimeSpan period)
        {
            lock (_lock)
            {
                Arrived++;
                if (limit == 0)
                    return true;
                var now = TimeProvider.System.GetTimestamp();
                while (_times.TryPeek(out var first) && TimeProvider.System.GetElapsedTime(first, now) >= period)
                    _times.Dequeue();
                if (_times.Count >= limit)
                {
                    Refused++;
                    return false;
                }
                _times.Enqueue(now);
                return true;
            }
        }
    }
}
