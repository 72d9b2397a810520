using System.Diagnostics.Metrics;
using Headgate.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Headgate;

/// <summary>Adds Headgate to the services of a host.</summary>
public static class HeadgateServices
{
    /// <summary>Takes the options from a section that is written like headgate.json: names in any case, durations as numbers of seconds or with a unit.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">The section; <c>StatePath</c> may stand in it too.</param>
    /// <returns>The services.</returns>
    /// <remarks>All that is wrong is told when the host starts, as <see cref="OptionsValidationException"/>.</remarks>
    public static IServiceCollection AddHeadgate(this IServiceCollection services, IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return services.AddHeadgate(options => options.Read(section));
    }

    /// <summary>Adds the one engine through which all clients send that <see cref="AddHeadgate(IHttpClientBuilder, string)"/> names. May be called more than once.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Says how to send; by default limits are learned from the answers.</param>
    /// <returns>The services. <see cref="HeadgateHandler"/> is one of them from now on.</returns>
    /// <remarks>All that is wrong is told when the host starts, as <see cref="OptionsValidationException"/>.</remarks>
    public static IServiceCollection AddHeadgate(this IServiceCollection services, Action<HeadgateOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<HeadgateOptions>();
        if (configure is not null)
            options.Configure(configure);
        if (services.Any(service => service.ServiceType == typeof(Sender)))
            return services;
        options.ValidateOnStart();
        services.AddHttpClient();
        services.AddSingleton<IValidateOptions<HeadgateOptions>, OptionsCheck>();
        services.AddSingleton(provider => new Sender(
            provider.GetRequiredService<IOptions<HeadgateOptions>>().Value, inner: null,
            provider.GetService<TimeProvider>() ?? TimeProvider.System, provider.GetService<ILoggerFactory>(), provider.GetService<IMeterFactory>()));
        services.AddSingleton(provider => new HeadgateHandler(provider.GetRequiredService<Sender>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHttpMessageHandlerBuilderFilter, PrimaryHandler>());
        return services;
    }

    /// <summary>
    /// Has a client send through Headgate: its innermost handler is Headgate's, <see cref="HttpClient.Timeout"/> is infinite, since the time that requests wait would
    /// count, and without a base address it has that of the API.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="upstream">The API it calls, which the options must name; null for whatever its addresses belong to.</param>
    /// <returns>The client.</returns>
    /// <remarks>Another primary handler, or an API that the options do not name, is an <see cref="InvalidOperationException"/> when the client is made.</remarks>
    public static IHttpClientBuilder AddHeadgate(this IHttpClientBuilder client, string? upstream = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        client.Services.AddHeadgate();
        client.Services.Configure<GatedClients>(clients => clients.Names[client.Name] = upstream);
        return client.ConfigureHttpClient((provider, http) =>
        {
            http.Timeout = Timeout.InfiniteTimeSpan;
            var api = provider.GetRequiredService<Sender>().Configuration.Upstreams.FirstOrDefault(api => api.Name == upstream);
            if (http.BaseAddress is null && api is { Bases.Count: > 0 })
                http.BaseAddress = new Uri(api.Bases[0] + "/");
        });
    }

    /// <summary>Adds a check that tells what <see cref="HeadgateHandler.AssessHealth"/> does.</summary>
    /// <param name="checks">The checks.</param>
    /// <param name="name">What it is called; <c>headgate</c> by default.</param>
    /// <returns>The checks.</returns>
    public static IHealthChecksBuilder AddHeadgate(this IHealthChecksBuilder checks, string name = "headgate")
    {
        ArgumentNullException.ThrowIfNull(checks);
        checks.Services.AddHeadgate();
        return checks.AddCheck<SendingHealthCheck>(name);
    }
}
