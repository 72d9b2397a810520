using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Keys;
using Headgate.Limits;
using Headgate.Resilience;
using Headgate.Time;

namespace Headgate.App.Operation;

/// <summary>How an API stands at a moment.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bases">Its addresses.</param>
/// <param name="IsConfigured">Whether the configuration names it.</param>
/// <param name="State"><c>ok</c>, <c>paused</c>, <c>held</c> (its server asked for a pause), <c>open</c> or <c>half_open</c> (its breaker), or <c>unused</c>: nothing was asked for yet.</param>
/// <param name="Until">Until when it is held, or its breaker open; null where nobody knows, or nothing is held.</param>
/// <param name="PausedBy">Who paused it.</param>
/// <param name="Waiting">How many wait for a permit.</param>
/// <param name="InFlight">How many are under way.</param>
/// <param name="Keys">Its keys; how many of them may be used.</param>
internal sealed record ApiView(string Name, IReadOnlyList<string> Bases, bool IsConfigured, string State, DateTimeOffset? Until, string? PausedBy, int Waiting, long InFlight, (int Usable, int All)? Keys)
{
    /// <summary>All that are configured, and all that were asked for.</summary>
    public static IReadOnlyList<ApiView> Of(Engine engine)
    {
        var open = engine.Upstreams.ToList();
        var unused = engine.Configuration.Upstreams.Where(api => !open.Exists(upstream => upstream.Name == api.Name));
        return
        [
            .. open.Select(api => Of(engine, api)),
            .. unused.Select(api => new ApiView(api.Name, [.. api.Bases.Select(address => address.ToString())], true, "unused", null, null, 0, 0, null)),
        ];
    }

    private static ApiView Of(Engine engine, Upstream api)
    {
        var position = api.Watch?.Position ?? BreakerPosition.Closed;
        return engine.Dispatcher.Read((api, engine.Clock, position), static (_, it, now) =>
        {
            var (hold, api) = (it.api.Scope.Hold!, it.api);
            var (state, until) = hold switch
            {
                { PausedBy: not null } => ("paused", (long?)null),
                _ when it.position == BreakerPosition.Open => ("open", api.Watch!.OpenUntil),
                _ when hold.Until(now) is { } end => ("held", end),
                _ when it.position == BreakerPosition.HalfOpen => ("half_open", null),
                _ => ("ok", null),
            };
            var waiting = api.Gates.All.Sum(gate => gate.Waiting);
            (int, int)? keys = api.Keys is { } pool ? (pool.Keys.Count(key => IsUsable(key)), pool.Keys.Count) : null;
            return new ApiView(api.Name, [.. api.Configuration.Bases.Select(address => address.ToString())], api.Configuration.IsConfigured, state, it.Clock.MomentOf(until, now), hold.PausedBy, waiting, api.Cap.InFlight, keys);
        });
    }

    private static bool IsUsable(PoolKey key) => key.DeadReason is null && key.Scope.Hold!.PausedBy is null;
}

/// <summary>How a key stands at a moment; its value is told nowhere.</summary>
/// <param name="Api">Its API.</param>
/// <param name="Name">Its name.</param>
/// <param name="State"><c>ok</c>, <c>paused</c>, <c>held</c> (its server asked for a pause), <c>spent</c> (a limit of it is used up), <c>dead</c>, <c>retired</c> (its source gives it no more), or <c>unused</c>: nothing was asked for of its API yet.</param>
/// <param name="Until">Until when it is held or spent; null where nobody knows, or it is neither.</param>
/// <param name="Reason">Why it is dead, or who paused it.</param>
/// <param name="Limits">Its limits.</param>
internal sealed record KeyView(string Api, string Name, string State, DateTimeOffset? Until, string? Reason, IReadOnlyList<LimitView> Limits)
{
    /// <summary>The keys of all APIs that were asked for, and those that the others are configured with.</summary>
    public static IReadOnlyList<KeyView> Of(Engine engine)
    {
        var open = engine.Upstreams.ToList();
        var unused = engine.Configuration.Upstreams.Where(api => api.Keys is not null && !open.Exists(upstream => upstream.Name == api.Name));
        return
        [
            .. open.SelectMany(api => engine.Dispatcher.Read((api, engine.Clock), static (_, it, now) => it.api.Keys?.Keys.Select(key => OfNeedsLock(it.api, key, it.Clock, now)).ToList() ?? [])),
            .. unused.SelectMany(api => UnusedOf(engine, api)),
        ];
    }

    private static IEnumerable<KeyView> UnusedOf(Engine engine, UpstreamConfiguration api)
    {
        try
        {
            return [.. engine.KeysOf(api).Select(key => new KeyView(api.Name, key.Secret.Name, "unused", null, null, LimitView.Of(key.Limits ?? api.Keys!.Limits)))];
        }
        catch (ConfigurationException)
        {
            // Its file cannot be read now: that is said when it is read anew, and to whoever asks for the API. The keys of the others are told all the same.
            return [];
        }
    }

    private static KeyView OfNeedsLock(Upstream api, PoolKey key, Clock clock, long now)
    {
        var hold = key.Scope.Hold!;
        var limits = LimitView.OfNeedsLock(key.Scope, now);
        (string State, long? Until, string? Reason) stands = key switch
        {
            { IsRetired: true } => ("retired", null, key.DeadReason),
            { DeadReason: { } why } => ("dead", null, why),
            _ when hold.PausedBy is { } by => ("paused", null, $"paused by {by}"),
            _ when hold.Until(now) is { } end => ("held", end, null),
            _ when limits.Any(limit => limit.Left == 0) => ("spent", limits.Where(limit => limit.Left == 0).Max(limit => limit.Wait is { } wait ? now + Clock.Nanoseconds(wait) : (long?)null), null),
            _ => ("ok", null, null),
        };
        return new KeyView(api.Name, key.Name, stands.State, clock.MomentOf(stands.Until, now), stands.Reason, limits);
    }
}

/// <summary>Monotonic time as the wall clock has it.</summary>
internal static class ClockMoments
{
    /// <summary>The moment of a monotonic time; null for none.</summary>
    public static DateTimeOffset? MomentOf(this Clock clock, long? at, long now) => at is not { } time || time >= Clock.Never / 2 ? null : clock.Provider.GetUtcNow() + Clock.Span(Math.Clamp(time - now, 0, Clock.Nanoseconds(TimeSpan.FromDays(3650))));
}
