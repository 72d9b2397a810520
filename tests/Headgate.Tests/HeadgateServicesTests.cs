using System.Diagnostics.Metrics;
using Headgate.Time;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Headgate.Tests;

[Collection(Threads.Alone)]
public sealed class HeadgateServicesTests
{
    [Fact]
    public void A_client_sends_through_our_handler_alone_with_no_timeout_of_its_own()
    {
        using var services = Build(services => services.AddHttpClient("github").AddHeadgate("github"));
        var client = services.GetRequiredService<IHttpClientFactory>().CreateClient("github");

        Assert.Equal((Timeout.InfiniteTimeSpan, "https://api.github.test/"), (client.Timeout, client.BaseAddress!.ToString()));
        Assert.IsType<HeadgateHandler>(Innermost(services, "github"));
        Assert.IsNotType<HeadgateHandler>(Innermost(services, "other"));
    }

    [Fact]
    public void Handlers_come_and_go_and_the_state_stays()
    {
        using var services = Build(services => services.AddHttpClient("github").AddHeadgate("github"));
        var first = services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("github");
        first.Dispose();

        // What one of them would have ended, were it not for the sender behind them.
        Assert.Equal(0, services.GetRequiredService<HeadgateHandler>().GetMetrics().Total);
        Assert.Same(services.GetRequiredService<Sender>(), services.GetRequiredService<Sender>());
    }

    [Fact]
    public void Another_primary_handler_is_refused_with_advice_wherever_it_was_configured()
    {
        foreach (var isBefore in (bool[])[true, false])
        {
            using var services = Build(services =>
            {
                var client = services.AddHttpClient("github");
                if (isBefore)
                    client.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler()).AddHeadgate("github");
                else
                    client.AddHeadgate("github").ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler());
            });

            var wrong = Assert.Throws<InvalidOperationException>(() => services.GetRequiredService<IHttpClientFactory>().CreateClient("github"));
            Assert.Contains("ConfigurePrimaryHttpMessageHandler", wrong.Message);
        }
    }

    [Fact]
    public void An_api_that_nobody_named_is_refused_with_the_nearest_name()
    {
        using var services = Build(services => services.AddHttpClient("x").AddHeadgate("gihtub"));

        Assert.Contains("\"github\"", Assert.Throws<InvalidOperationException>(() => services.GetRequiredService<IHttpClientFactory>().CreateClient("x")).Message);
    }

    [Fact]
    public void What_is_wrong_with_the_options_is_told_when_the_host_starts()
    {
        var host = new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("Headgate:Defaults:Limits:0", (string?)"100/m"), KeyValuePair.Create("Headgate:Defaults:Retries", (string?)"many")]).Build();
        using var services = new ServiceCollection().AddHeadgate(host.GetSection("Headgate")).BuildServiceProvider();

        var wrong = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IStartupValidator>().Validate());

        Assert.Equal(2, wrong.Failures.Count());
        Assert.Contains("Headgate:Defaults:Retries", wrong.Message);
    }

    [Fact]
    public async Task The_health_of_the_sending_is_a_check_of_the_host()
    {
        using var services = Build(services => services.AddLogging().AddHealthChecks().AddHeadgate());

        var report = await services.GetRequiredService<HealthCheckService>().CheckHealthAsync();

        Assert.Equal(HealthStatus.Healthy, report.Entries["headgate"].Status);
    }

    [Fact]
    public void The_meter_is_that_of_the_host()
    {
        using var services = Build(services => services.AddMetrics());
        using var listener = new MeterListener();
        var scopes = new List<object?>();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == "Headgate")
                lock (scopes)
                    scopes.Add(instrument.Meter.Scope);
        };
        listener.Start();

        services.GetRequiredService<Sender>();

        Assert.Contains(services.GetRequiredService<IMeterFactory>(), scopes);
    }

    private static ServiceProvider Build(Action<IServiceCollection> configure)
    {
        var services = new ServiceCollection();
        services.AddHeadgate(options => options.Upstreams["github"].Base = ["https://api.github.test"]);
        services.AddSingleton<TimeProvider>(new VirtualTime());
        configure(services);
        return services.BuildServiceProvider();
    }

    private static HttpMessageHandler Innermost(ServiceProvider services, string name)
    {
        var handler = services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(name);
        while (handler is DelegatingHandler { InnerHandler: { } inner })
            handler = inner;
        return handler;
    }
}
