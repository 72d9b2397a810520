using System.Net;
using System.Net.Sockets;
using Headgate.App.CommandLine;
using Headgate.App.Logging;
using Headgate.App.Service;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Headgate.App.Metrics;

/// <summary>A port for the figures alone, so that whoever watches the service need not reach what it does. It answers until the very end. Thread-safe.</summary>
internal sealed class MetricsSite : IAsyncDisposable
{
    private readonly WebApplication _site;

    private MetricsSite(WebApplication site) => _site = site;

    public string Url => _site.Urls.First();

    /// <summary>Begins to listen.</summary>
    /// <param name="address">Where: anybody who reaches it may read.</param>
    /// <param name="page">What it shows.</param>
    /// <param name="loggers">Where the server logs.</param>
    /// <exception cref="CommandException">The address is in use.</exception>
    public static async Task<MetricsSite> StartAsync(IPEndPoint address, MetricsPage page, ILoggerFactory loggers)
    {
        var builder = SiteBuilder.Begin(loggers, kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Listen(address);
        });
        var site = builder.Build();
        // Through the browser of whoever looks at a page of theirs, others could read what loopback keeps from them.
        if (IPAddress.IsLoopback(address.Address))
            site.Use(next => context => IsOurs(context.Request.Host.Host) ? next(context) : new Problem(StatusCodes.Status421MisdirectedRequest, "these figures answer by the name localhost, or by an address").WriteAsync(context));
        site.UseRouting();
        page.Map(site);
        site.MapFallback(context => new Problem(StatusCodes.Status404NotFound, "here are only /metrics").WriteAsync(context));
        try
        {
            await site.StartAsync();
        }
        catch (Exception refused) when (refused is IOException or SocketException)
        {
            await site.DisposeAsync();
            throw new CommandException(ExitCode.Configuration, $"--metrics-listen: {refused.Message.TrimEnd('.')}: choose another port, or port 0 for any free one");
        }
        return new MetricsSite(site);
    }

    private static bool IsOurs(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host.Trim('[', ']'), out _);

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2), TimeProvider.System);
        await _site.StopAsync(patience.Token);
        await _site.DisposeAsync();
    }
}
