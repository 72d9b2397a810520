using System.Text.Json;
using Headgate.Configuration;
using Headgate.Proxies;
using Headgate.Time;

namespace Headgate.App.Operation;

/// <summary>How a proxy stands at a moment; its credentials are told nowhere.</summary>
/// <param name="Pool">Its pool.</param>
/// <param name="Entry">What its source says of it.</param>
/// <param name="State"><c>new</c>, <c>ok</c>, <c>paused</c>, <c>resting</c> (it was at fault), <c>probation</c> (it has rested, and proves itself) or <c>dead</c>.</param>
/// <param name="Until">Until when it rests.</param>
/// <param name="Reason">Why it rests or is dead, or who paused it.</param>
/// <param name="InFlight">How many go through it now.</param>
/// <param name="Taken">How many were given to it.</param>
/// <param name="Faults">How many of them came to nothing by its fault.</param>
/// <param name="Latency">How long an answer takes, lately; null before the first.</param>
/// <param name="Exits">What is left of its limits at each API that is reached through it.</param>
internal sealed record ProxyView(string Pool, ProxyEntry Entry, string State, DateTimeOffset? Until, string? Reason, int InFlight, long Taken, long Faults, TimeSpan? Latency, IReadOnlyList<(string Api, string? Reason, IReadOnlyList<LimitView> Limits)> Exits)
{
    public string Name => Entry.Name;

    /// <summary>The proxies of all pools.</summary>
    public static IReadOnlyList<ProxyView> Of(Engine engine) =>
        [.. engine.Proxies.All.SelectMany(pool => engine.Dispatcher.Read((pool, engine.Clock), static (_, it, now) => it.pool.Proxies.Select(proxy => OfNeedsLock(it.pool, proxy, it.Clock, now)).ToList()))];

    /// <summary>A pool without its proxies.</summary>
    public static void WritePool(Utf8JsonWriter json, ProxyPool pool)
    {
        json.WriteStartObject();
        json.WriteString("pool", pool.Name);
        json.WriteString("choose", ProxySettings.NameOf(pool.Configuration.Choice));
        json.WriteNumber("proxies", pool.Proxies.Length);
        json.WriteString("trouble", pool.Trouble);
        json.WriteEndObject();
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("pool", Pool);
        json.WriteString("proxy", Name);
        json.WriteString("state", State);
        if (Until is { } until)
            json.WriteString("until", until);
        else
            json.WriteNull("until");
        json.WriteString("reason", Reason);
        json.WriteString("country", Entry.Country);
        json.WriteString("exit", Entry.Exit);
        json.WriteNumber("weight", Entry.Weight);
        json.WriteNumber("in_flight", InFlight);
        json.WriteNumber("taken", Taken);
        json.WriteNumber("faults", Faults);
        if (Latency is { } latency)
            json.WriteNumber("latency", Math.Round(latency.TotalSeconds, 6));
        else
            json.WriteNull("latency");
        json.WriteStartArray("at");
        foreach (var (api, reason, limits) in Exits)
        {
            json.WriteStartObject();
            json.WriteString("upstream", api);
            json.WriteString("reason", reason);
            OperationJson.Write(json, "limits", limits);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static ProxyView OfNeedsLock(ProxyPool pool, PoolProxy proxy, Clock clock, long now)
    {
        var (health, state) = (proxy.Health, proxy.StateAt(now));
        var exits = pool.Users.Select(user => (Api: user.User, Way: Array.Find(user.All, way => way.Proxy == proxy))).Where(pair => pair.Way is not null)
            .Select(pair => (pair.Api.Name, pair.Way!.Reach.DeadReason ?? (pair.Way.Reach.RestsUntil > now ? pair.Way.Reach.LastFault : null), LimitView.OfNeedsLock(pair.Way.Scope, now))).ToList();
        return new ProxyView(
            pool.Name, proxy.Entry, state, state == "resting" ? clock.MomentOf(health.RestsUntil, now) : null,
            state switch { "paused" => $"paused by {proxy.PausedBy}", "dead" => health.DeadReason, "resting" or "probation" => health.LastFault, _ => null },
            proxy.InFlight, proxy.Taken, proxy.Faults, health.Latency == 0 ? null : Clock.Span(health.Latency), exits);
    }
}
