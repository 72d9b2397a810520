using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>A service for each test, with a simulated API that it may reach.</summary>
public abstract class ServiceOverApi : IAsyncLifetime
{
    private readonly Cli _cli = new();

    private protected SimulatedApi Api { get; private set; } = null!;

    private protected ServiceProcess Service { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Api = await SimulatedApi.StartAsync(new());
        Service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={Api.Url}");
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await _cli.DisposeAsync();
        await Api.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
