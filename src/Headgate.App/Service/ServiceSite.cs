using System.Net;
using System.Net.Sockets;
using System.Text;
using Headgate.App.CommandLine;
using Headgate.Queues;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Headgate.App.Service;

/// <summary>The port of the service, and what every call passes before it comes to its page. Thread-safe.</summary>
internal sealed class ServiceSite : IAsyncDisposable
{
    /// <summary>The largest body of a call: some 200,000 jobs.</summary>
    public const long LargestBody = 64L << 20;

    private readonly WebApplication _site;

    private ServiceSite(WebApplication site) => _site = site;

    public IEnumerable<string> Urls => _site.Urls;

    /// <summary>Begins to listen.</summary>
    /// <exception cref="CommandException">An address is in use.</exception>
    public static async Task<ServiceSite> StartAsync(ServeOptions options, ServiceState state, JobSchedules schedules)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = LargestBody;
            // As they came from an API, byte for byte.
            kestrel.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
            foreach (var url in options.Serve.Listen)
                kestrel.Listen(url.EndPoint);
        });
        var site = builder.Build();
        var metrics = new MetricsPage(state);
        site.Use(next => async context =>
        {
            await GuardAsync(context, next);
            metrics.Count(context);
        });
        site.UseRouting();
        JobPages.Map(site, state);
        ManyPages.Map(site, state);
        JobDetailPages.Map(site, state);
        EventPages.Map(site, state);
        QueuePages.Map(site, state);
        SchedulePages.Map(site, state, schedules);
        SimplePages.Map(site, state);
        StatePages.Map(site, state);
        metrics.Map(site);
        new Gateway(state, options.Serve.Hold, options.Serve.UpRoot).Map(site);
        try
        {
            await site.StartAsync();
        }
        catch (Exception refused) when (refused is IOException or SocketException)
        {
            await site.DisposeAsync();
            throw new CommandException(ExitCode.Configuration, $"--listen: {refused.Message.TrimEnd('.')}: choose another port, or port 0 for any free one");
        }
        return new ServiceSite(site);
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2), TimeProvider.System);
        await _site.StopAsync(patience.Token);
        await _site.DisposeAsync();
    }

    /// <summary>Whatever a page throws becomes an answer; nothing of the inside is told.</summary>
    private static async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            if (!IsOurs(context.Request.Host.Host))
                throw new Problem(StatusCodes.Status421MisdirectedRequest, "this service answers by the name localhost, or by an address");
            if (IsOfAnotherPage(context.Request))
                throw new Problem(StatusCodes.Status403Forbidden, "pages of other origins may not use this service");
            await next(context);
            // No page has answered: an API behind the gateway may have the same statuses without a body.
            if (context.Response.HasStarted || context.GetEndpoint() is RouteEndpoint)
                return;
            throw context.Response.StatusCode == StatusCodes.Status405MethodNotAllowed
                ? new Problem(StatusCodes.Status405MethodNotAllowed, $"{context.Request.Method} does not go with {context.Request.Path}; see Allow") { Allow = context.Response.Headers.Allow }
                : new Problem(StatusCodes.Status404NotFound, $"there is nothing at {context.Request.Path}");
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            if (!context.RequestAborted.IsCancellationRequested)
                await Told(failure).WriteAsync(context);
        }
    }

    /// <summary>A page of somebody else's must not speak to us through the browser of whoever looks at it, by a name of theirs that leads here.</summary>
    private static bool IsOurs(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host.Trim('[', ']'), out _);

    /// <summary>A browser sends simple requests for any page; it says for which.</summary>
    private static bool IsOfAnotherPage(HttpRequest request) =>
        (request.Headers.Origin is [{ } origin, ..] && !origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase))
        || request.Headers["Sec-Fetch-Site"] is ["cross-site" or "same-site", ..];

    private static Problem Told(Exception failure) => failure switch
    {
        Problem problem => problem,
        JobStoreException { IsFull: true } => new Problem(StatusCodes.Status507InsufficientStorage, "the disk of the service is full: nothing was accepted") { RetryAfter = 5 },
        JobStoreException => new Problem(StatusCodes.Status503ServiceUnavailable, "jobs cannot be kept or read at the moment") { RetryAfter = 1 },
        HeadgateException wrong => new Problem(StatusCodes.Status400BadRequest, wrong.Message) { Class = wrong.FailureClass },
        BadHttpRequestException bad => new Problem(bad.StatusCode, bad.Message),
        _ => new Problem(StatusCodes.Status500InternalServerError, "Internal server error"),
    };
}
