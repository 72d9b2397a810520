using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Ledgers;
using Headgate.Proxies;
using Headgate.Time;

namespace Headgate;

/// <summary>What a ledger says of how is sent: every limit, and what is known of arrival.</summary>
internal static class SendingHeader
{
    /// <summary>Makes the header; before the scopes are opened, since sends of earlier processes count from its time.</summary>
    /// <param name="configuration">How is sent.</param>
    /// <param name="others">APIs that are not configured, as far as they are known before.</param>
    /// <param name="keysOf">The keys of an API that has any.</param>
    /// <param name="proxiesOf">The proxies in the files of a pool.</param>
    /// <param name="state">Where sends are remembered, if they are.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="usual">What is taken for granted of arrival, where that is not what the configuration says: it has changed since the first ledger.</param>
    /// <exception cref="ConfigurationException">The keys cannot be read.</exception>
    public static LedgerHeader Of(
        HeadgateConfiguration configuration, IEnumerable<UpstreamConfiguration> others, Func<UpstreamConfiguration, IReadOnlyList<KeyEntry>> keysOf,
        Func<ProxyPoolConfiguration, IReadOnlyList<ProxyEntry>> proxiesOf, StateDirectory? state, Clock clock, string? usual = null)
    {
        var taken = usual is not null && TimingChoice.TryParse(usual, out var before) ? before : configuration.Defaults.Timing;
        var limits = new Dictionary<string, IReadOnlyList<string>>();
        var bounds = new Dictionary<string, decimal>();
        var keys = new Dictionary<string, IReadOnlyDictionary<string, string>>();
        if (configuration.TotalLimits.Count > 0)
            limits["total"] = Texts(configuration.TotalLimits, configuration.Defaults.Timing);
        foreach (var api in others.Concat(configuration.Upstreams).DistinctBy(api => api.Name))
        {
            if (api.Policy.Limits.Count > 0)
                limits[api.Name] = Texts(api.Policy.Limits, api.Policy.Timing);
            foreach (var route in api.Routes)
                limits[$"{api.Name}/route:{route.Name}"] = Texts(route.Limits, api.Policy.Timing);
            foreach (var geo in api.Geo)
                limits[$"{api.Name}/geo:{geo.Country}"] = Texts(geo.Limits, api.Policy.Timing);
            if (api.Policy.Timing.Bound is { } bound)
                bounds[api.Name] = (decimal)bound.TotalMilliseconds;
            foreach (var (exit, own) in LimitsOfExits(configuration, proxiesOf, api))
                limits[exit] = Texts(own, api.Policy.Timing);
            if (api.Keys is not { } pool)
                continue;
            if (pool.Limits.Count > 0)
                limits[$"{api.Name}/key"] = Texts(pool.Limits, api.Policy.Timing);
            var entries = keysOf(api);
            foreach (var entry in entries)
                if (entry.Limits is { } own)
                    limits[$"{api.Name}/key:{entry.Secret.Name}"] = Texts(own, api.Policy.Timing);
            if (state is not null)
                keys[api.Name] = entries.ToDictionary(entry => entry.Secret.Name, entry => state.Fingerprint(entry.Secret.Reveal()));
        }
        return new LedgerHeader
        {
            Limits = limits,
            Timing = taken.ToString(),
            BoundMs = bounds,
            Straggle = configuration.Defaults.Straggle,
            Boot = MachineBoot.Id(),
            WallUs = clock.UnixNow / Clock.Microsecond,
            MonoUs = clock.Now / Clock.Microsecond,
            Keys = keys,
            Pid = Environment.ProcessId,
        };

        // The header names one timing; what has another says so itself.
        List<string> Texts(IEnumerable<Limits.Limit> limits, TimingChoice own) => [.. limits.Select(limit => own.Told(limit, taken).ToString())];
    }

    /// <summary>The limits of an API's exits: those that all have, and those that some have of their own; what comes from addresses says so when it comes.</summary>
    private static IEnumerable<(string Scope, ValueList<Limits.Limit> Limits)> LimitsOfExits(
        HeadgateConfiguration configuration, Func<ProxyPoolConfiguration, IReadOnlyList<ProxyEntry>> proxiesOf, UpstreamConfiguration api)
    {
        if (configuration.ProxyPools.FirstOrDefault(pool => pool.Name == api.Policy.Proxies) is not { } pool)
            yield break;
        if (pool.Limits.Count > 0)
            yield return ($"{api.Name}/proxy", pool.Limits);
        foreach (var entry in proxiesOf(pool).DistinctBy(entry => entry.ExitName))
            if (entry.Limits is { } own)
                yield return ($"{api.Name}/proxy:{entry.ExitName}", own);
    }
}
