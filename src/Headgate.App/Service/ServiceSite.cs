using System.Net.Sockets;
using System.Text;
using Headgate.App.CommandLine;
using Headgate.App.Logging;
using Headgate.App.Metrics;
using Headgate.App.Operation;
using Headgate.App.OpenApi;
using Headgate.App.Security;
using Headgate.Configuration;
using Headgate.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Headgate.App.Service;

/// <summary>The port of the service, and what every call passes before it comes to its page. Thread-safe.</summary>
internal sealed class ServiceSite : IAsyncDisposable
{
    /// <summary>The largest body of a call: some 200,000 jobs.</summary>
    public const long LargestBody = 64L << 20;

    private readonly WebApplication _site;
    private readonly Entrance _entrance;
    private readonly ServiceCertificate? _certificate;

    private ServiceSite(WebApplication site, Entrance entrance, ServiceCertificate? certificate) => (_site, _entrance, _certificate) = (site, entrance, certificate);

    public IEnumerable<string> Urls => _site.Urls;

    /// <summary>What every call passes, at the port of the proxy too.</summary>
    public Entrance Entrance => _entrance;

    /// <summary>What it shows to callers that speak TLS; null where none do.</summary>
    public ServiceCertificate? Certificate => _certificate;

    /// <summary>Begins to listen.</summary>
    /// <param name="options">What was asked for.</param>
    /// <param name="state">What the pages look at.</param>
    /// <param name="schedules">The schedules.</param>
    /// <param name="listen">Where.</param>
    /// <param name="metrics">What it shows of itself.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <exception cref="CommandException">An address is in use.</exception>
    /// <exception cref="ConfigurationException">The certificate cannot be used.</exception>
    public static async Task<ServiceSite> StartAsync(ServeOptions options, ServiceState state, JobSchedules schedules, IReadOnlyList<ListenUrl> listen, MetricsPage metrics, ILoggerFactory loggers)
    {
        var log = loggers.CreateLogger(ServiceMessages.Category);
        var certificate = options.Serve.Access.Tls is { } tls && (options.Serve.ProxyListen is { IsTls: true } || listen.Any(url => url.IsTls)) ? ServiceCertificate.Open(tls, state.Time, log.Noticed) : null;
        var entrance = new Entrance(state.Access, listen.Select(url => url.Name).OfType<string>(), state.Time);
        var builder = SiteBuilder.Begin(loggers, kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = LargestBody;
            CallerLimits.Set(kestrel, CallerLimits.OfService);
            // As they came from an API, byte for byte.
            kestrel.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
            foreach (var url in listen)
                kestrel.Listen(url.EndPoint, port =>
                {
                    ConnectionLines.Add(port);
                    if (url.IsTls)
                        port.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(certificate!.Options) });
                    else
                        PriorKnowledge.Add(port, state.Time);
                    CallerOutput.Add(port);
                });
        });
        var site = builder.Build();
        site.Use(next => async context =>
        {
            ConnectionLines.Begin(context);
            var begun = state.Time.GetTimestamp();
            await GuardAsync(context, entrance, next, log);
            var took = state.Time.GetElapsedTime(begun);
            metrics.Calls.Count(context, took);
            if (log.IsEnabled(LogLevel.Debug))
                log.CallAnswered(context.Request.Method, EndpointOf(context), context.Response.StatusCode, took.TotalMilliseconds);
        });
        site.UseRouting();
        site.Use(next => context => entrance.AdmitAsync(context, KnownParameters.Before(next), name => KeyHeaderOf(state, name ?? options.Serve.UpRoot)));
        MapPages(site, options.Serve, state, schedules, metrics);
        try
        {
            await site.StartAsync();
        }
        catch (Exception refused) when (refused is IOException or SocketException)
        {
            await new ServiceSite(site, entrance, certificate).DisposeAsync();
            throw new CommandException(ExitCode.Configuration, $"--listen: {refused.Message.TrimEnd('.')}: choose another port, or port 0 for any free one");
        }
        return new ServiceSite(site, entrance, certificate);
    }

    private static void MapPages(WebApplication site, ServeConfiguration serve, ServiceState state, JobSchedules schedules, MetricsPage metrics)
    {
        SubmissionPages.Map(site, state);
        JobPages.Map(site, state);
        ManyPages.Map(site, state);
        JobDetailPages.Map(site, state);
        EventPages.Map(site, state);
        QueuePages.Map(site, state);
        SchedulePages.Map(site, state, schedules);
        Recording.CallPages.Map(site, state.Recorder);
        new ImportPage(state).Map(site);
        new ProcessPage(state).Map(site);
        SimplePages.Map(site, state);
        StatePages.Map(site, state);
        new StatisticsPage(state).Map(site);
        OpenApiPage.Map(site);
        metrics.Map(site);
        TokenPages.Map(site, state.Tokens, state.Audit);
        new OperationPages(state).Map(site);
        new CachePages(state).Map(site);
        new Gateway(state, serve.Hold, serve.UpRoot).Map(site);
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2), TimeProvider.System);
        await _site.StopAsync(patience.Token);
        await _site.DisposeAsync();
        _entrance.Dispose();
        _certificate?.Dispose();
    }

    /// <summary>The header in which an API has its keys; null if there is none.</summary>
    private static string? KeyHeaderOf(ServiceState state, string? name) => state.Configuration.Upstreams.FirstOrDefault(api => api.Name == name)?.Keys?.Template.Header;

    /// <summary>Whatever a page throws becomes an answer; nothing of the inside is told.</summary>
    private static async Task GuardAsync(HttpContext context, Entrance entrance, RequestDelegate next, ILogger log)
    {
        try
        {
            if (entrance.Meet(context))
                return;
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
            if (context.RequestAborted.IsCancellationRequested)
                return;
            var problem = Problem.Of(failure);
            if (problem.Status == StatusCodes.Status500InternalServerError)
                log.CallFailed(failure, context.Request.Method, EndpointOf(context));
            await problem.WriteAsync(context);
        }
    }

    /// <summary>What was called, without what the caller put into it.</summary>
    private static string EndpointOf(HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "none";
}
