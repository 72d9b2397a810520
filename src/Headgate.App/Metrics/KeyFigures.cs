using Headgate.Keys;

namespace Headgate.App.Metrics;

/// <summary>How the keys of APIs are, by their names.</summary>
internal static class KeyFigures
{
    /// <summary>Of each API so many keys are told one by one; the rest is counted.</summary>
    private const int MostNamed = 200;

    private static readonly string[] States = ["ok", "waiting", "held", "paused", "dead"];

    public static void Write(PrometheusText text, Engine engine)
    {
        var keys = engine.Upstreams.Where(api => api.Keys is not null).Select(api => (api.Name, Keys: engine.Dispatcher.Read(api.Keys!, static (_, pool, now) => Read(pool, now)))).OrderBy(api => api.Name, StringComparer.Ordinal).ToList();
        if (keys.Count == 0)
            return;
        text.Family("headgate_keys", "gauge", "Keys by how they are: waiting for a limit of theirs, held by a pause the server asked for, paused by hand, dead when no longer accepted.");
        foreach (var (api, its) in keys)
            foreach (var state in States)
                text.Sample(its.Count(key => key.State == state), ("upstream", api), ("state", state));
        text.Family("headgate_key_state", "gauge", "How a key is: 1 for the state it is in.");
        foreach (var (api, its) in keys)
            foreach (var key in its.Take(MostNamed))
                text.Sample(1, ("upstream", api), ("key", key.Name), ("state", key.State));
        text.Family("headgate_key_permits_total", "counter", "Permits that were given with a key.");
        foreach (var (api, its) in keys)
            foreach (var key in its.Take(MostNamed))
                text.Sample(key.Taken, ("upstream", api), ("key", key.Name));
    }

    private static List<(string Name, string State, long Taken)> Read(KeyPool pool, long now) =>
        [.. pool.Keys.Select(key => (key.Name, StateOf(key, now), key.Taken))];

    private static string StateOf(PoolKey key, long now) =>
        key.DeadReason is not null ? "dead"
        : key.Scope.Hold is { PausedBy: not null } ? "paused"
        : key.Scope.Hold is { } hold && hold.FreeAt(1, now) > now ? "held"
        : key.ReadyAt > now ? "waiting"
        : "ok";
}
