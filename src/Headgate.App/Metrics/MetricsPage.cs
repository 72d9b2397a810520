using Headgate.App.Service;
using Headgate.Queues;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Metrics;

/// <summary><c>/metrics</c>: figures for Prometheus, in its text format. Thread-safe.</summary>
internal sealed class MetricsPage : IDisposable
{
    private readonly ServiceState _state;
    private readonly JobFigures _jobs;
    private readonly MeterFigures _meters;
    private readonly string? _data;
    private readonly DateTimeOffset _startedAt;

    /// <param name="state">The service.</param>
    /// <param name="observation">What its engine shows.</param>
    /// <param name="queue">Where its jobs wait.</param>
    /// <param name="data">What it keeps them in; null for nothing.</param>
    public MetricsPage(ServiceState state, Observation observation, IJobQueue queue, string? data)
    {
        (_state, _data, _startedAt) = (state, data, state.Time.GetUtcNow() - state.Uptime);
        _jobs = new JobFigures(state, queue, observation.Instruments);
        _meters = new MeterFigures(observation.Instruments.Meter);
    }

    /// <summary>The calls of the service, counted by whoever answers them.</summary>
    public CallFigures Calls { get; } = new();

    public void Map(IEndpointRouteBuilder site) => site.MapGet("/metrics", async context =>
    {
        context.Response.ContentType = PrometheusText.Type;
        await context.Response.WriteAsync(await TextAsync(), context.RequestAborted);
    });

    public void Dispose()
    {
        _meters.Dispose();
        _jobs.Dispose();
    }

    private async Task<string> TextAsync()
    {
        var text = new PrometheusText();
        await _jobs.WriteAsync(text);
        _meters.Write(text);
        KeyFigures.Write(text, _state.Engine);
        CacheFigures.Write(text, _state.Engine);
        text.Single("headgate_config_last_reload_success", "gauge", "Whether the configuration could be used when it was last read anew.", _state.Live.IsLastReloadGood ? 1 : 0);
        text.Single("headgate_config_last_reload_success_timestamp_seconds", "gauge", "When it was last read and could be used.", _state.Live.LastReload.ToUnixTimeMilliseconds() / 1000.0);
        if (_data is not null)
            DataFigures.Write(text, _data);
        ProcessFigures.Write(text, _startedAt);
        TunnelFigures.Write(text, _state.Tunnels);
        Calls.Write(text);
        return text.ToString();
    }
}
