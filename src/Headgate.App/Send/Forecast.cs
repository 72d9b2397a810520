using Headgate.Gates;
using Headgate.Limits;

namespace Headgate.App.Send;

/// <summary>What holds the one request that waits at an API, and how long it will.</summary>
/// <param name="Holding">The limit, pause or keys.</param>
/// <param name="At">When it may go, monotonic nanoseconds; null if an answer decides that.</param>
internal readonly record struct Forecast(string Holding, long? At)
{
    /// <summary>Asks the gate; null if nothing waits there.</summary>
    public static Forecast? Of(Engine engine, Upstream api) => engine.Dispatcher.Read(api.Gates, static (_, gates, now) =>
    {
        var lane = gates.All.SelectMany(gate => gate.Lanes).FirstOrDefault(lane => lane.IsWaiting);
        if (lane is null)
            return (Forecast?)null;
        var (at, holding) = Scheduler.Forecast(lane, now);
        return holding is null ? null : new Forecast(holding.Describe(), at == LimitState.Never ? null : at);
    });
}
