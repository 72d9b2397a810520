using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Headgate.App.Service;

/// <summary>
/// Begins a server that knows nothing but what it is told here: no <c>appsettings.json</c> that lies where the service was started, no
/// <c>ASPNETCORE_</c> variables, which are meant for others. It is smaller, too: 2 MB less of a service that does nothing (measured).
/// </summary>
internal static class SiteBuilder
{
    /// <param name="loggers">Where the server logs; null for nowhere.</param>
    /// <param name="kestrel">Where it listens, and how.</param>
    public static WebApplicationBuilder Begin(ILoggerFactory? loggers, Action<KestrelServerOptions> kestrel)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.RequestHeaderEncodingSelector = EncodingOf;
            kestrel(options);
        });
        builder.Services.AddRoutingCore();
        if (loggers is null)
            builder.Services.AddLogging();
        else
            Logging.ServiceLog.UseFor(builder, loggers);
        return builder;
    }

    // Names of versions are what an API has made of them, byte for byte; all else is text.
    private static Encoding? EncodingOf(string header) =>
        header.Equals("Connection", StringComparison.OrdinalIgnoreCase) ? ConnectionLines.Reader
        : header.Equals("If-None-Match", StringComparison.OrdinalIgnoreCase) || header.Equals("If-Match", StringComparison.OrdinalIgnoreCase) || header.Equals("If-Range", StringComparison.OrdinalIgnoreCase) ? Encoding.Latin1
        : header.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) ? DigitsOnly.Encoding
        : null;
}
