namespace Headgate.Configuration;

/// <summary>The variables by which the programs that Headgate replaces were set up, as far as they concern a library.</summary>
internal static class OriginalEnvironment
{
    private const string ApiKeys = "API_KEYS";
    private const string MaxConcurrency = "MAX_CONCURRENCY";

    // Beside those that are there: that a variable says how many may go at once must not take a rate away.
    private const string Defaults = "/defaults/limits/-";
    private const string Total = "/total/limits/-";

    /// <summary>Limits of a count and a window in seconds.</summary>
    private static readonly (string Count, string Window, string UsualWindow, string List)[] Rates =
    [
        ("GLOBAL_LIMIT", "GLOBAL_WINDOW", "60", Total),
        ("PER_HOST_LIMIT", "PER_HOST_WINDOW", "60", Defaults),
        ("BURST_LIMIT", "BURST_WINDOW", "10", Defaults),
        ("API_RATE_LIMIT", "API_RATE_WINDOW", "60", Defaults),
    ];

    private static readonly (string Name, string Pointer)[] Values =
    [
        ("MAX_CONNECTIONS", "/total/connections"),
        // A pool of so many connections lets so many go at once; here the gate does.
        ("MAX_CONNECTIONS_PER_HOST", "/defaults/concurrency"),
        ("IDLE_TIMEOUT", "/defaults/connections/idleTimeout"),
        ("REQUEST_TIMEOUT", "/defaults/timeout"),
        ("CONNECTION_TIMEOUT", "/defaults/connectTimeout"),
        ("RETRY_ATTEMPTS", "/defaults/retries"),
        ("CIRCUIT_BREAKER_THRESHOLD", "/defaults/breaker/failureThreshold"),
        ("CIRCUIT_BREAKER_TIMEOUT", "/defaults/breaker/recoveryTimeout"),
    ];

    /// <summary>The names of those that <see cref="ReadPolicy"/> knows, without those that only say for how long a limit is.</summary>
    public static IEnumerable<string> Names => [MaxConcurrency, .. Rates.Select(rate => rate.Count), .. Values.Select(value => value.Name)];

    /// <summary>What those that are set say of limits and patience; wrong values are told by whoever reads the settings, under the name of the variable.</summary>
    /// <param name="environment">The variables.</param>
    public static IEnumerable<ConfigurationOverride> ReadPolicy(IReadOnlyDictionary<string, string> environment)
    {
        foreach (var (count, window, usual, list) in Rates)
            if (Given(environment, count) is { } limit)
                yield return new ConfigurationOverride(list, [$"{limit}/{Given(environment, window) ?? usual}s"], count);
        if (Given(environment, MaxConcurrency) is { } most)
            yield return new ConfigurationOverride(Total, [$"{most} concurrent"], MaxConcurrency);
        foreach (var (name, pointer) in Values)
            if (Given(environment, name) is { } value)
                yield return new ConfigurationOverride(pointer, [value], name);
    }

    /// <summary>The same, with keys.</summary>
    /// <param name="environment">The variables.</param>
    /// <param name="baseAddress">The API of API_KEYS; without one they are refused.</param>
    public static IEnumerable<ConfigurationOverride> Read(IReadOnlyDictionary<string, string> environment, string? baseAddress)
    {
        foreach (var value in ReadPolicy(environment))
            yield return value;
        if (Keys(environment) is not { Count: > 0 } keys)
            yield break;
        // Without an address the missing "base" is told, and no key goes to a server that it is not for.
        yield return new ConfigurationOverride("/upstreams/api/keys/from", [.. keys.Select(key => $"env:{key.Key}")], ApiKeys);
        if (baseAddress is not null)
            yield return new ConfigurationOverride("/upstreams/api/base", [baseAddress], "baseAddress");
        if (Given(environment, "RATE_LIMIT") is { } perKey)
            yield return new ConfigurationOverride("/upstreams/api/keys/limits", [$"{perKey}/min"], "RATE_LIMIT");
    }

    /// <summary>The keys of API_KEYS under the names by which <see cref="Read"/> stands for them.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Keys(IReadOnlyDictionary<string, string> environment) =>
        [.. (environment.GetValueOrDefault(ApiKeys) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select((value, index) => KeyValuePair.Create($"{ApiKeys}-{index + 1}", value))];

    private static string? Given(IReadOnlyDictionary<string, string> environment, string name) => environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;
}
