using System.Net.Sockets;
using System.Text;
using Headgate.App.CommandLine;
using Headgate.App.Logging;
using Headgate.App.Security;
using Headgate.App.Service;
using Headgate.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Headgate.App.Proxy;

/// <summary>
/// The port of the forward proxy: whole URLs walk the straight line, and CONNECT gets a tunnel. Redirects are passed back, since whoever asks a proxy
/// comes to it with the next URL too. Thread-safe.
/// </summary>
internal sealed class ProxySite : IAsyncDisposable
{
    /// <summary>Of what a caller sends before its server takes it, no more is held.</summary>
    private const int MostHeld = 64 * 1024;

    private readonly WebApplication _site;
    private readonly Tunnels _tunnels;

    private ProxySite(WebApplication site, Tunnels tunnels) => (_site, _tunnels) = (site, tunnels);

    public IEnumerable<string> Urls => _site.Urls;

    /// <summary>Begins to listen.</summary>
    /// <param name="options">What was asked for.</param>
    /// <param name="state">What sends.</param>
    /// <param name="entrance">What every call passes.</param>
    /// <param name="certificate">What it shows to callers that speak TLS to the proxy itself.</param>
    /// <param name="listen">Where.</param>
    /// <param name="log">Told what goes wrong within.</param>
    /// <exception cref="CommandException">The address is in use.</exception>
    public static async Task<ProxySite> StartAsync(ServeConfiguration options, ServiceState state, Entrance entrance, ServiceCertificate? certificate, IReadOnlyList<ListenUrl> listen, ILogger log)
    {
        var access = new ProxyAccess(entrance);
        var tunnels = new Tunnels(state, options, access, log);
        var builder = SiteBuilder.Begin(null, kestrel =>
        {
            // The URL is what is asked for, whatever Host says.
            kestrel.AllowHostHeaderOverride = true;
            // As they came from a server, byte for byte.
            kestrel.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
            CallerLimits.Set(kestrel, CallerLimits.OfProxy);
            foreach (var url in listen)
                kestrel.Listen(url.EndPoint, port =>
                {
                    port.Protocols = HttpProtocols.Http1;
                    ConnectionLines.Add(port);
                    if (url.IsTls)
                        port.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(certificate!.OptionsOfHttp1) });
                    port.Use(next => connection => tunnels.BeginAsync(connection, next));
                    CallerOutput.Add(port);
                });
        });
        builder.Services.Configure<SocketTransportOptions>(sockets => sockets.MaxReadBufferSize = MostHeld);
        var site = builder.Build();
        var (target, relay) = (new ProxyTarget(options.ProxyUpgrade), new Relay(state, options.Hold, isProxy: true));
        site.Run(context => GuardAsync(context, log, () => AnswerAsync(context, state, access, target, relay)));
        var proxy = new ProxySite(site, tunnels);
        try
        {
            await site.StartAsync();
            return proxy;
        }
        catch (Exception refused) when (refused is IOException or SocketException)
        {
            await proxy.DisposeAsync();
            throw new CommandException(ExitCode.Configuration, $"--proxy-listen: {refused.Message.TrimEnd('.')}: choose another port, or port 0 for any free one");
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2), TimeProvider.System);
        await _site.StopAsync(patience.Token);
        await _site.DisposeAsync();
        await _tunnels.DisposeAsync();
    }

    private static async Task AnswerAsync(HttpContext context, ServiceState state, ProxyAccess access, ProxyTarget target, Relay relay)
    {
        if (context.Request.Method == HttpMethods.Connect)
            throw new Problem(StatusCodes.Status400BadRequest, "CONNECT is the first request of a connection: make another one for it");
        var url = target.Read(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        // No token of ours goes on, wherever it was put.
        var shown = Credentials.Take(context.Request, state.Engine.ConfigurationOf(url).Keys?.Template.Header);
        var (caller, terms, place) = access.Admit(context.Request.Headers, shown, context.Connection.RemoteIpAddress);
        context.Features.Set(caller);
        using (place)
            await relay.AnswerAsync(context, url, terms, followsRedirects: false);
    }

    /// <summary>Whatever is thrown becomes an answer; nothing of the inside is told.</summary>
    private static async Task GuardAsync(HttpContext context, ILogger log, Func<Task> answer)
    {
        ConnectionLines.Begin(context);
        try
        {
            await answer();
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            if (context.RequestAborted.IsCancellationRequested)
                return;
            var problem = Problem.Of(failure);
            if (problem.Status == StatusCodes.Status500InternalServerError)
                log.CallFailed(failure, context.Request.Method, "proxy");
            await problem.WriteAsync(context);
        }
    }
}
