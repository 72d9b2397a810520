using Headgate.App.Input;
using Headgate.Configuration;
using Headgate.Ledgers;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>What the ledger of a run says of itself.</summary>
internal static class RunHeader
{
    /// <summary>Makes the header; before the scopes are opened, since sends of earlier runs count from its time.</summary>
    /// <exception cref="ConfigurationException">The keys cannot be read.</exception>
    public static LedgerHeader Of(RunOptions options, EngineSettings settings, InputCheck? check, StateDirectory? state, Clock clock)
    {
        var map = new UpstreamMap(settings.Configuration);
        return Of(settings, (check?.Authorities ?? []).Select(pair => map.Find(new Uri(pair.Key))), state, clock) with
        {
            Input = check is null ? null : new LedgerInput(Path.GetFullPath(options.Input), check.Hash),
            Results = options.Results is { } results ? Path.GetFullPath(results) : null,
        };
    }

    /// <summary>The same of whatever sends, without input and results.</summary>
    /// <param name="settings">How it sends.</param>
    /// <param name="others">APIs that are not configured, as far as they are known before.</param>
    /// <param name="state">Where sends are remembered, if they are.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="usual">What is taken for granted of arrival, where that is not what the configuration says: it has changed since the first ledger.</param>
    /// <exception cref="ConfigurationException">The keys cannot be read.</exception>
    public static LedgerHeader Of(EngineSettings settings, IEnumerable<UpstreamConfiguration> others, StateDirectory? state, Clock clock, string? usual = null)
    {
        var taken = usual is not null && TimingChoice.TryParse(usual, out var before) ? before : settings.Configuration.Defaults.Timing;
        var limits = new Dictionary<string, IReadOnlyList<string>>();
        var bounds = new Dictionary<string, decimal>();
        var keys = new Dictionary<string, IReadOnlyDictionary<string, string>>();
        if (settings.Configuration.TotalLimits.Count > 0)
            limits["total"] = Texts(settings.Configuration.TotalLimits, settings.Configuration.Defaults.Timing);
        foreach (var api in others.Concat(settings.Configuration.Upstreams).DistinctBy(api => api.Name))
        {
            if (api.Policy.Limits.Count > 0)
                limits[api.Name] = Texts(api.Policy.Limits, api.Policy.Timing);
            foreach (var route in api.Routes)
                limits[$"{api.Name}/route:{route.Name}"] = Texts(route.Limits, api.Policy.Timing);
            foreach (var geo in api.Geo)
                limits[$"{api.Name}/geo:{geo.Country}"] = Texts(geo.Limits, api.Policy.Timing);
            if (api.Policy.Timing.Bound is { } bound)
                bounds[api.Name] = (decimal)bound.TotalMilliseconds;
            foreach (var (exit, own) in LimitsOfExits(settings, api))
                limits[exit] = Texts(own, api.Policy.Timing);
            if (api.Keys is not { } pool)
                continue;
            if (pool.Limits.Count > 0)
                limits[$"{api.Name}/key"] = Texts(pool.Limits, api.Policy.Timing);
            var entries = settings.KeysOf(api);
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
            Straggle = settings.Configuration.Defaults.Straggle,
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
    private static IEnumerable<(string Scope, ValueList<Limits.Limit> Limits)> LimitsOfExits(EngineSettings settings, UpstreamConfiguration api)
    {
        if (settings.Configuration.ProxyPools.FirstOrDefault(pool => pool.Name == api.Policy.Proxies) is not { } pool)
            yield break;
        if (pool.Limits.Count > 0)
            yield return ($"{api.Name}/proxy", pool.Limits);
        foreach (var entry in settings.ProxiesOf(pool).DistinctBy(entry => entry.ExitName))
            if (entry.Limits is { } own)
                yield return ($"{api.Name}/proxy:{entry.ExitName}", own);
    }
}
