using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Headgate.App.Simulator;

/// <summary>A third-party API on loopback that enforces what it is told and tells what it saw. Thread-safe.</summary>
internal sealed class SimulatedApi : IAsyncDisposable
{
    /// <summary>How long connections have to end in good order when it stops.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly KestrelServer _server;
    private readonly Judge _judge;
    private bool _disposed;

    private SimulatedApi(SimulatorOptions options, TimeProvider time)
    {
        _judge = new(options, new SimulatorClock(time));
        Application = new(options, _judge, time, _stopping.Token);
        _server = CreateServer(options);
    }

    /// <summary>Where it listens, without a slash at the end: <c>http://127.0.0.1:41573</c>.</summary>
    public string Url { get; private set; } = "";

    private SimulatorApplication Application { get; }

    /// <summary>Starts to listen.</summary>
    /// <param name="options">What it enforces.</param>
    /// <param name="time">The clock of limits and delays; the system's by default.</param>
    /// <exception cref="IOException">The address is in use.</exception>
    public static async Task<SimulatedApi> StartAsync(SimulatorOptions options, TimeProvider? time = null)
    {
        var api = new SimulatedApi(options, time ?? TimeProvider.System);
        try
        {
            await api._server.StartAsync(api.Application, CancellationToken.None);
        }
        catch
        {
            await api.DisposeAsync();
            throw;
        }
        api.Url = api._server.Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return api;
    }

    /// <summary>The same as <c>GET /__report</c>.</summary>
    public SimulatorReport Report() => _judge.Report();

    /// <summary>The same as <c>POST /__reset</c>.</summary>
    public void Reset() => _judge.Reset();

    /// <summary>The same as <c>POST /__limits</c>.</summary>
    public string? Change(params string[] limits) => _judge.Change([.. limits.Select(Headgate.Limits.Limit.Parse)]);

    /// <summary>The same as <c>GET /__arrivals?since=N</c>: those after number <paramref name="since"/>, of the latest five million.</summary>
    public IReadOnlyList<Arrival> Arrivals(long since = 0) => _judge.ArrivalsSince(since, int.MaxValue);

    /// <summary>Stops: what hangs or waits is broken off. Again does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
            return;
        await _stopping.CancelAsync();
        // Connections are real whatever clock the limits have.
        using var patience = new CancellationTokenSource(StopTime, TimeProvider.System);
        await _server.StopAsync(patience.Token);
        _server.Dispose();
        _stopping.Dispose();
    }

    private static KestrelServer CreateServer(SimulatorOptions options)
    {
        var kestrel = new KestrelServerOptions { AddServerHeader = false };
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Listen(options.Listen, listen => listen.Protocols = options.Http2 ? HttpProtocols.Http2 : HttpProtocols.Http1);
        // Requests are decided on the thread that read them: there is nothing to block it, and a hand-over costs more than the work.
        var sockets = new SocketTransportOptions { UnsafePreferInlineScheduling = true, Backlog = 4096 };
        return new(Options.Create(kestrel), new SocketTransportFactory(Options.Create(sockets), NullLoggerFactory.Instance), NullLoggerFactory.Instance);
    }
}
