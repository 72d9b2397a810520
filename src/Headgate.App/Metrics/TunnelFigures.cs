using Headgate.App.Proxy;

namespace Headgate.App.Metrics;

/// <summary>What passes through the tunnels of the forward proxy.</summary>
internal static class TunnelFigures
{
    public static void Write(PrometheusText text, TunnelCounts tunnels)
    {
        text.Single("headgate_tunnels_open", "gauge", "Tunnels of the forward proxy.", tunnels.Open);
        text.Single("headgate_tunnels_total", "counter", "Tunnels that were opened since the start.", tunnels.Opened);
        text.Family("headgate_tunnel_bytes_total", "counter", "What went through tunnels.");
        text.Sample(tunnels.Up, ("direction", "to_server"));
        text.Sample(tunnels.Down, ("direction", "to_caller"));
    }
}
