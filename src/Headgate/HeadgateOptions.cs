using Headgate.Configuration;
using Headgate.Keys;
using Microsoft.Extensions.Configuration;

namespace Headgate;

/// <summary>
/// How requests are sent: limits, keys, retries. What stands here holds for every API that says nothing else in <see cref="Upstreams"/>; an API
/// that is named nowhere is one by its scheme, host and port.
/// </summary>
/// <remarks>Checked when it is put to use, all errors together, and read only then. Not thread-safe.</remarks>
public class HeadgateOptions : PolicyOptions
{
    private readonly List<ConfigurationOverride> _given = [];
    private readonly List<string> _notices = [];

    /// <summary>Keys that the variables hold, under the names that stand for them.</summary>
    private readonly List<KeyValuePair<string, string>> _ofVariables = [];

    /// <summary>Limits that all traffic shares, for example <c>["500 concurrent"]</c>. None by default.</summary>
    public IList<string>? TotalLimits { get; set; }

    /// <summary>The most connections in use at once to all APIs together, from 1 to 1,000,000. No such limit by default.</summary>
    public int? TotalConnections { get; set; }

    /// <summary>The most memory that answers take that are kept, of all APIs together, in bytes; 64 MiB by default.</summary>
    public long? TotalCacheBytes { get; set; }

    /// <summary>The most requests in flight at once to one API where no limit says otherwise, from 1 to 1,000,000. 100 by default.</summary>
    public int? Concurrency { get => Get<int?>(); set => Set(value); }

    /// <summary>The APIs by name: <c>options.Upstreams["github"].Base = ["https://api.github.com"]</c>.</summary>
    public SettingsMap<UpstreamOptions> Upstreams { get; } = new();

    /// <summary>Pools of proxies by name: <c>options.ProxyPools["pool-a"].From = ["file:proxies.txt"]</c>. With a handler of your own none can be used.</summary>
    public SettingsMap<ProxyPoolOptions> ProxyPools { get; } = new();

    /// <summary>
    /// The folder in which sends are remembered, so that no window is exceeded across restarts; one process at a time. Null, the default,
    /// remembers nothing: limits start full.
    /// </summary>
    public string? StatePath { get; set; }

    /// <summary>
    /// Gives the bearer token of requests that have no Authorization of their own, to APIs without keys. It is asked when there is none yet and again
    /// after four fifths of the life of the one it gave, once for all who need it, and may throw: whoever needs the token then gets that exception (a
    /// job fails as <see cref="FailureClass.Auth"/>), and for a second nobody asks again. Its own token is cancelled when the sending is disposed.
    /// </summary>
    public Func<CancellationToken, Task<AccessToken>>? Token { get; set; }

    /// <summary>When the sending counts as unwell.</summary>
    public HealthThresholds Health { get; set; } = new();

    /// <summary>
    /// The options that these environment variables give, where they are set: MAX_CONCURRENCY, MAX_CONNECTIONS, GLOBAL_LIMIT and GLOBAL_WINDOW for all
    /// traffic; PER_HOST_LIMIT and _WINDOW, BURST_LIMIT and _WINDOW, API_RATE_LIMIT and API_RATE_WINDOW, MAX_CONNECTIONS_PER_HOST for each API;
    /// REQUEST_TIMEOUT, CONNECTION_TIMEOUT, IDLE_TIMEOUT, RETRY_ATTEMPTS, CIRCUIT_BREAKER_THRESHOLD, CIRCUIT_BREAKER_TIMEOUT; API_KEYS (separated by commas) with RATE_LIMIT per minute each.
    /// </summary>
    /// <param name="baseAddress">The address of the API that API_KEYS are for: keys are shown to nobody else.</param>
    /// <returns>Options that can be changed further. What is wrong with a variable is told with everything else when they are put to use.</returns>
    public static HeadgateOptions FromEnvironment(string? baseAddress = null) => FromEnvironment(Overrides.ProcessEnvironment(), baseAddress);

    internal static HeadgateOptions FromEnvironment(IReadOnlyDictionary<string, string> environment, string? baseAddress)
    {
        var options = new HeadgateOptions();
        options._given.AddRange(OriginalEnvironment.Read(environment, baseAddress));
        options._ofVariables.AddRange(OriginalEnvironment.Keys(environment));
        return options;
    }

    /// <summary>Reads a section that is written like headgate.json, names in any case, beside StatePath. What is set in code is stronger.</summary>
    internal void Read(IConfigurationSection section)
    {
        if (!section.Exists())
            _notices.Add($"the configuration has no section \"{section.Path}\": nothing is set by it");
        _given.AddRange(ConfigurationSections.Read(section));
        StatePath = section[nameof(StatePath)] ?? StatePath;
    }

    /// <summary>What is no fault, and most likely not meant.</summary>
    internal IReadOnlyList<string> Notices => _notices;

    /// <summary>All that is wrong, each with its path; empty if nothing is.</summary>
    internal virtual IReadOnlyList<string> FindFaults()
    {
        var (configuration, errors) = Check();
        List<string> faults = [.. errors.Select(ConfigurationSections.Describe)];
        foreach (var upstream in configuration.Upstreams.Where(upstream => upstream.Keys is not null))
        {
            var pointer = ConfigurationNode.Below("/upstreams", upstream.Name) + "/keys";
            // Where they come from is told to be wrong already.
            if (!errors.Any(error => error.Pointer.StartsWith(pointer, StringComparison.Ordinal)))
                faults.AddRange(FaultsOfKeys(upstream).Select(fault => $"{pointer}: {fault}"));
        }
        return faults;
    }

    private IEnumerable<string> FaultsOfKeys(UpstreamConfiguration upstream)
    {
        try
        {
            List<string> faults = KeysOf(upstream).Count == 0 ? ["there is no key"] : [];
            if (KeysEvery(upstream) is { } every && (every < TimeSpan.FromSeconds(1) || every > TimeSpan.FromDays(1)))
                faults.Add($"Refresh is {every}: give 1 s to 1 day");
            return faults;
        }
        catch (ConfigurationException wrong)
        {
            return wrong.Errors.Select(error => error.ToString());
        }
    }

    /// <summary>The configuration that these options are.</summary>
    /// <exception cref="ArgumentException">Something is wrong with them; the message tells all of it.</exception>
    internal HeadgateConfiguration Freeze()
    {
        var faults = FindFaults();
        return faults.Count == 0 ? Check().Configuration : throw new ArgumentException(string.Join('\n', faults), "options");
    }

    /// <summary>How often the keys of an API are read anew; null for never.</summary>
    internal TimeSpan? KeysEvery(UpstreamConfiguration upstream) =>
        Upstreams.Contains(upstream.Name) && Upstreams[upstream.Name].Keys is { } keys ? keys.Refresh ?? (keys.Source is null ? null : TimeSpan.FromMinutes(1)) : null;

    /// <summary>The keys of an API that has any.</summary>
    /// <exception cref="ConfigurationException">They cannot be read, or one is no key.</exception>
    internal IReadOnlyList<KeyEntry> KeysOf(UpstreamConfiguration upstream)
    {
        var keys = Upstreams.Contains(upstream.Name) ? Upstreams[upstream.Name].Keys : null;
        var from = upstream.Keys!.From;
        IEnumerable<KeyValuePair<string, string>> named = [.. _ofVariables, .. keys?.Named ?? []];
        if (keys?.Source is { } source)
        {
            named = [.. source.GetKeys(upstream.Name).Select(key => KeyValuePair.Create(key.Name, key.Reveal()))];
            from = [.. named.Select(key => $"env:{key.Key}")];
        }
        var values = new Dictionary<string, string>(Overrides.ProcessEnvironment());
        foreach (var (name, value) in named)
            values[name] = value;
        return KeyFile.Read(from, values, Environment.CurrentDirectory);
    }

    /// <inheritdoc/>
    internal override void Tell(string pointer, List<ConfigurationOverride> told)
    {
        told.AddRange(_given);
        base.Tell("/defaults", told);
        if (TotalLimits is { } total)
            told.Add(new ConfigurationOverride("/total/limits", [.. total], ""));
        if (TotalConnections is { } connections)
            told.Add(new ConfigurationOverride("/total/connections", [connections.ToString(System.Globalization.CultureInfo.InvariantCulture)], ""));
        if (TotalCacheBytes is { } bytes)
            told.Add(new ConfigurationOverride("/total/cacheBytes", [bytes.ToString(System.Globalization.CultureInfo.InvariantCulture)], ""));
        foreach (var (name, pool) in ProxyPools)
            pool.Tell(ConfigurationNode.Below("/proxies", name), told);
        foreach (var (name, upstream) in Upstreams)
            upstream.Tell(ConfigurationNode.Below("/upstreams", name), told);
    }

    private (HeadgateConfiguration Configuration, IReadOnlyList<ConfigurationError> Errors) Check()
    {
        var told = new List<ConfigurationOverride>();
        Tell("", told);
        var reading = ConfigurationReader.Read(told, Environment.CurrentDirectory);
        return (reading.Configuration, reading.Errors);
    }
}

/// <summary>A bearer token. Immutable.</summary>
/// <param name="value">The token itself, printable ASCII; it is shown nowhere.</param>
/// <param name="expiresAt">When it is of no use any more; null for never.</param>
/// <exception cref="ArgumentException">The token is empty, or cannot be sent in a header.</exception>
public sealed class AccessToken(string value, DateTimeOffset? expiresAt = null)
{
    private readonly string _value = Checked(value);

    /// <summary>When it is of no use any more; null for never.</summary>
    public DateTimeOffset? ExpiresAt => expiresAt;

    internal string Reveal() => _value;

    private static string Checked(string value) => Keys.KeySecret.FindFault(value ?? throw new ArgumentNullException(nameof(value))) is { } fault
        ? throw new ArgumentException($"the token {fault}", nameof(value)) : value;
}
