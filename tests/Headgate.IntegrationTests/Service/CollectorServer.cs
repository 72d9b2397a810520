using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Headgate.IntegrationTests.Service;

/// <summary>A collector of OpenTelemetry: takes what is exported over HTTP, and reads it.</summary>
internal sealed class CollectorServer : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Path, IHeaderDictionary Headers, byte[] Body)> _exports = [];
    private readonly WebApplication _server;

    private CollectorServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.MapPost("/{**path}", async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            _exports.Enqueue((context.Request.Path, new HeaderDictionary(context.Request.Headers.ToDictionary()), body.ToArray()));
        });
    }

    public string Url => _server.Urls.First();

    public IReadOnlyCollection<(string Path, IHeaderDictionary Headers, byte[] Body)> Exports => _exports;

    /// <summary>Spans with the name of their source: ResourceSpans 1, ScopeSpans 2, Span 2.</summary>
    public List<(string Source, WireMessage Span)> Spans() =>
        [.. from export in Of("/v1/traces") from resource in export.All(1) from scope in resource.All(2) from span in scope.All(2) select (scope.One(1).Text(1), span)];

    /// <summary>Metrics with the name of their meter: ResourceMetrics 1, ScopeMetrics 2, Metric 2.</summary>
    public List<(string Meter, WireMessage Metric)> Metrics() =>
        [.. from export in Of("/v1/metrics") from resource in export.All(1) from scope in resource.All(2) from metric in scope.All(2) select (scope.One(1).Text(1), metric)];

    /// <summary>The attributes of what sent the traces.</summary>
    public Dictionary<string, string> Resource() => Of("/v1/traces").First().All(1).First().One(1).Attributes(1);

    public static async Task<CollectorServer> StartAsync()
    {
        var collector = new CollectorServer();
        await collector._server.StartAsync();
        return collector;
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    private IEnumerable<WireMessage> Of(string path) => _exports.Where(export => export.Path == path).Select(export => WireMessage.Read(export.Body));
}
