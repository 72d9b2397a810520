using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Headgate.IntegrationTests.Runs;

/// <summary>A server of a few lines for what the simulator does not do.</summary>
internal sealed class SmallServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private SmallServer(WebApplication application) => _application = application;

    public string Url => _application.Urls.Single();

    /// <summary>Requests by the value of their Authorization header.</summary>
    public ConcurrentDictionary<string, int> ByKey { get; } = [];

    /// <summary>Requests by path and query.</summary>
    public ConcurrentDictionary<string, int> ByPath { get; } = [];

    public int Requests => ByPath.Values.Sum();

    public static async Task<SmallServer> StartAsync(Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new SmallServer(builder.Build());
        server._application.Run(context =>
        {
            server.ByKey.AddOrUpdate(context.Request.Headers.Authorization.ToString(), 1, static (_, count) => count + 1);
            server.ByPath.AddOrUpdate(context.Request.Path + context.Request.QueryString.ToString(), 1, static (_, count) => count + 1);
            return answer(context);
        });
        await server._application.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();
}
