using Headgate.Configuration;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace Headgate.Hosting;

/// <summary>The named clients that send through Headgate.</summary>
internal sealed class GatedClients
{
    /// <summary>The name of each, and of the API it says that it is for, or null.</summary>
    public Dictionary<string, string?> Names { get; } = [];
}

/// <summary>Puts our handler at the end of the chain of those clients, and looks whether it stays there.</summary>
/// <param name="clients">Which clients.</param>
/// <param name="sender">What they all send through: their handlers come and go, and have no state.</param>
internal sealed class PrimaryHandler(IOptions<GatedClients> clients, Sender sender) : IHttpMessageHandlerBuilderFilter
{
    public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => builder =>
    {
        if (builder.Name is not { } name || !clients.Value.Names.TryGetValue(name, out var upstream))
        {
            next(builder);
            return;
        }
        CheckName(upstream);
        var handler = new HeadgateHandler(sender);
        builder.PrimaryHandler = handler;
        next(builder);
        if (ReferenceEquals(builder.PrimaryHandler, handler))
            return;
        throw new InvalidOperationException($"the client \"{name}\" has a primary handler ({builder.PrimaryHandler.GetType().Name}) beside Headgate's, which must be the innermost: take ConfigurePrimaryHttpMessageHandler away, and give what it configures to Headgate, or, if it retries or logs, add it with AddHttpMessageHandler");
    };

    private void CheckName(string? upstream)
    {
        var known = sender.Configuration.Upstreams.Select(api => api.Name).ToList();
        if (upstream is not null && !known.Contains(upstream))
            throw new InvalidOperationException($"no API is called \"{upstream}\"{NearestName.Suggest(upstream, known)}: name it in the options, with its base address");
    }
}
