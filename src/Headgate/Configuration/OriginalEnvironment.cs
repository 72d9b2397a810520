namespace Headgate.Configuration;

/// <summary>The variables by which the programs that Headgate replaces were set up, as far as they concern a library.</summary>
internal static class OriginalEnvironment
{
    private const string ApiKeys = "API_KEYS";
    private const string Defaults = "/defaults/limits";
    private const string Total = "/total/limits";

    /// <summary>Limits of a count and a window in seconds.</summary>
    private static readonly (string Count, string Window, string UsualWindow, string List)[] Rates =
    [
        ("GLOBAL_LIMIT", "GLOBAL_WINDOW", "60", Total),
        ("PER_HOST_LIMIT", "PER_HOST_WINDOW", "60", Defaults),
        ("BURST_LIMIT", "BURST_WINDOW", "10", Defaults),
        ("API_RATE_LIMIT", "API_RATE_WINDOW", "60", Defaults),
    ];

    /// <summary>Limits of what is in flight. A pool of so many connections lets so many go at once; here the gate does.</summary>
    private static readonly (string Count, string List)[] Concurrent =
    [
        ("MAX_CONCURRENCY", Total),
        ("MAX_CONNECTIONS", Total),
        ("MAX_CONNECTIONS_PER_HOST", Defaults),
    ];

    private static readonly (string Name, string Pointer)[] Values =
    [
        ("REQUEST_TIMEOUT", "/defaults/timeout"),
        ("CONNECTION_TIMEOUT", "/defaults/connectTimeout"),
        ("RETRY_ATTEMPTS", "/defaults/retries"),
        ("CIRCUIT_BREAKER_THRESHOLD", "/defaults/breaker/failureThreshold"),
        ("CIRCUIT_BREAKER_TIMEOUT", "/defaults/breaker/recoveryTimeout"),
    ];

    /// <summary>What those that are set say; wrong values are told by whoever reads the settings, under the name of the variable.</summary>
    /// <param name="environment">The variables.</param>
    /// <param name="baseAddress">The API of API_KEYS; without one they are refused.</param>
    public static IEnumerable<ConfigurationOverride> Read(IReadOnlyDictionary<string, string> environment, string? baseAddress)
    {
        var entries = new Dictionary<string, int>();
        foreach (var (count, window, usual, list) in Rates)
            if (Given(count) is { } limit)
                yield return Entry(list, $"{limit}/{Given(window) ?? usual}s", count);
        foreach (var (count, list) in Concurrent)
            if (Given(count) is { } limit)
                yield return Entry(list, $"{limit} concurrent", count);
        foreach (var (name, pointer) in Values)
            if (Given(name) is { } value)
                yield return new ConfigurationOverride(pointer, [value], name);
        if (Keys(environment) is not { Count: > 0 } keys)
            yield break;
        // Without an address the missing "base" is told, and no key goes to a server that it is not for.
        yield return new ConfigurationOverride("/upstreams/api/keys/from", [.. keys.Select(key => $"env:{key.Key}")], ApiKeys);
        if (baseAddress is not null)
            yield return new ConfigurationOverride("/upstreams/api/base", [baseAddress], "baseAddress");
        if (Given("RATE_LIMIT") is { } perKey)
            yield return new ConfigurationOverride("/upstreams/api/keys/limits", [$"{perKey}/min"], "RATE_LIMIT");

        string? Given(string name) => environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

        ConfigurationOverride Entry(string list, string limit, string name)
        {
            var index = entries[list] = entries.GetValueOrDefault(list, -1) + 1;
            return new ConfigurationOverride($"{list}/{index}", [limit], name);
        }
    }

    /// <summary>The keys of API_KEYS under the names by which <see cref="Read"/> stands for them.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Keys(IReadOnlyDictionary<string, string> environment) =>
        [.. (environment.GetValueOrDefault(ApiKeys) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select((value, index) => KeyValuePair.Create($"{ApiKeys}-{index + 1}", value))];
}
