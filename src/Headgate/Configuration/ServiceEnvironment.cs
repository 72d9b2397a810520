namespace Headgate.Configuration;

/// <summary>The variables by which the programs that Headgate replaces were set up, as <c>headgate serve</c> reads them.</summary>
internal static class ServiceEnvironment
{
    private const string ApiKeys = "API_KEYS";
    private const string TestMode = "TEST_MODE";
    private const string EnableBackpressure = "ENABLE_BACKPRESSURE";
    private const string EnableProxyRotation = "ENABLE_PROXY_ROTATION";
    private const string ProxyPoolUrl = "PROXY_POOL_URL";

    /// <summary>What the pool of PROXY_POOL_URL is called.</summary>
    private const string Pool = "pool";
    private const string EnableCaching = "ENABLE_CACHING";

    /// <summary>Settings by another name; their words were written in capital letters, too.</summary>
    private static readonly (string Name, string Pointer)[] Values =
    [
        ("MAX_QUEUE_SIZE", "/jobs/most"), ("LOG_LEVEL", "/log/level"), ("DEBUG_ENABLE_REQUEST_TRACING", "/log/steps"),
    ];

    private static readonly (string Name, string Pointer)[] OfBackpressure =
    [
        ("BACKPRESSURE_THRESHOLD", "/jobs/backpressure/threshold"),
        ("BACKPRESSURE_STRATEGY", "/jobs/backpressure/act"),
    ];

    /// <summary>Variables that say something only beside another.</summary>
    private static readonly (string Name, string Beside)[] Additions =
    [
        ("GLOBAL_WINDOW", "GLOBAL_LIMIT"), ("PER_HOST_WINDOW", "PER_HOST_LIMIT"), ("BURST_WINDOW", "BURST_LIMIT"), ("API_RATE_WINDOW", "API_RATE_LIMIT"), ("RATE_LIMIT", ApiKeys), (ProxyPoolUrl, EnableProxyRotation),
    ];

    /// <summary>What this version does not do, and which value of it asks for nothing; where that is null, any does.</summary>
    private static readonly (string Name, string? Nothing)[] NotDone =
    [
        ("REDIS_URL", null), ("RABBITMQ_URL", null), ("KAFKA_BROKERS", null), ("ELASTICSEARCH_URI", null),
        ("METRICS_ENABLED", "true"),
    ];

    /// <summary>What calls the key distributor simulates, if it does.</summary>
    private static readonly string[] OfSimulation = ["TEST_REQUESTS_COUNT", "TEST_MIN_LATENCY", "TEST_MAX_LATENCY", "PROD_REQUESTS_COUNT", "PROD_MIN_LATENCY", "PROD_MAX_LATENCY"];

    /// <summary>All names that are known, with or without effect.</summary>
    public static IEnumerable<string> Names =>
    [
        .. OriginalEnvironment.Names, .. Values.Concat(OfBackpressure).Select(value => value.Name), .. Additions.Select(addition => addition.Name), .. NotDone.Select(variable => variable.Name), .. OfSimulation,
        TestMode, ApiKeys, EnableBackpressure, EnableProxyRotation, EnableCaching, "CACHE_TTL", "HOST", "PORT", "PROMETHEUS_PORT", "QUEUE_TYPE", "WORKER_COUNT", "BATCH_SIZE",
    ];

    /// <summary>What those that are set say, but for keys.</summary>
    /// <param name="environment">The variables.</param>
    /// <param name="errors">Told what is wrong with those that are no settings themselves; all else is told by whoever reads the settings.</param>
    public static IEnumerable<ConfigurationOverride> Read(IReadOnlyDictionary<string, string> environment, List<ConfigurationError> errors)
    {
        foreach (var value in OriginalEnvironment.ReadPolicy(environment))
            yield return value;
        foreach (var value in ReadBackpressure(environment, errors).Concat(ReadCache(environment, errors)))
            yield return value;
        foreach (var value in ReadProxies(environment, errors))
            yield return value;
        if (ReadListen(environment) is { } listen)
            yield return listen;
        if (ReadWorkers(environment) is { } workers)
            yield return workers;
        if (Given(environment, "PROMETHEUS_PORT") is { } port)
            yield return new ConfigurationOverride("/serve/metricsListen", [$"http://{ListenUrl.Usual.Address}:{port}"], "PROMETHEUS_PORT");
        foreach (var (name, pointer) in Values)
            if (Given(environment, name) is { } value)
                yield return new ConfigurationOverride(pointer, [value.ToLowerInvariant()], name);
        // With what is no place for jobs whoever reads the settings says so.
        if (Given(environment, "QUEUE_TYPE") is { } queue)
            yield return new ConfigurationOverride("/jobs/queue", [$"{queue}:"], "QUEUE_TYPE");
    }

    /// <summary>The keys of API_KEYS, given to the one API there is: they are shown to nobody else.</summary>
    /// <param name="root">The configuration, everything else applied.</param>
    /// <param name="environment">The variables.</param>
    public static IEnumerable<ConfigurationOverride> ReadKeys(ConfigurationNode root, IReadOnlyDictionary<string, string> environment)
    {
        if (OriginalEnvironment.Keys(environment) is not { Count: > 0 } keys || root.Member(Settings.Upstreams.Name)?.Members is not [var (name, api)])
            yield break;
        var pointer = ConfigurationNode.Below("/upstreams", name) + "/keys";
        var known = api.Member(Settings.Upstream.KeyPool.Name);
        if (IsWeaker(known?.Member(Settings.Keys.From.Name)))
            yield return new ConfigurationOverride($"{pointer}/from", [.. keys.Select(key => $"env:{key.Key}")], ApiKeys);
        if (Given(environment, "RATE_LIMIT") is { } limit && IsWeaker(known?.Member(Settings.Keys.Limits.Name)))
            yield return new ConfigurationOverride($"{pointer}/limits", [$"{limit}/min"], "RATE_LIMIT");
    }

    /// <summary>What keeps keys that are set from being used: there is not one API that they could be for. Null for nothing.</summary>
    public static ConfigurationError? FindFault(IReadOnlyDictionary<string, string> environment, HeadgateConfiguration configuration) =>
        OriginalEnvironment.Keys(environment).Count == 0 || configuration.Upstreams.Count == 1 ? null
        : new ConfigurationError(new ValueOrigin(ValueSource.Environment, ApiKeys), "", configuration.Upstreams.Count == 0
            ? "nothing says which API these keys are for; give it with --up NAME=BASE_URL, or in the configuration"
            : $"these keys are for one API, and there are {configuration.Upstreams.Count}; name them in the \"keys\" of the one they are for, and take the variable away");

    /// <summary>Those that are set and have no effect.</summary>
    /// <param name="environment">The variables.</param>
    /// <param name="simulates">Whether calls are simulated, whatever the variables say of that.</param>
    public static IReadOnlyList<string> FindIdle(IReadOnlyDictionary<string, string> environment, bool simulates = false) =>
    [
        .. simulates || Given(environment, TestMode) is not null ? [] : OfSimulation.Where(name => Given(environment, name) is not null).Select(name => $"{name} (without {TestMode})"),
        .. Additions.Where(addition => Given(environment, addition.Name) is not null && Given(environment, addition.Beside) is null && !(addition.Beside == ApiKeys && (simulates || Given(environment, TestMode) is not null))).Select(addition => $"{addition.Name} (without {addition.Beside})"),
        .. NotDone.Where(variable => Given(environment, variable.Name) is { } value && !value.Equals(variable.Nothing, StringComparison.OrdinalIgnoreCase)).Select(variable => variable.Name),
    ];

    private static IEnumerable<ConfigurationOverride> ReadProxies(IReadOnlyDictionary<string, string> environment, List<ConfigurationError> errors)
    {
        var rotation = Given(environment, EnableProxyRotation)?.ToLowerInvariant();
        if (rotation is null or "false" or "0" or "no" or "off")
            return [];
        if (rotation is not ("true" or "1" or "yes" or "on"))
            errors.Add(new ConfigurationError(new ValueOrigin(ValueSource.Environment, EnableProxyRotation), "", $"\"{Excerpt.Of(rotation)}\" is neither true nor false"));
        else if (Given(environment, ProxyPoolUrl) is not { } url)
            errors.Add(new ConfigurationError(new ValueOrigin(ValueSource.Environment, EnableProxyRotation), "", $"nothing says where the proxies are; set {ProxyPoolUrl} to the address whose /api/proxies lists them"));
        else
            return [new ConfigurationOverride($"/proxies/{Pool}/from", [$"{url.TrimEnd('/')}/api/proxies"], ProxyPoolUrl), new ConfigurationOverride("/defaults/proxies", [Pool], EnableProxyRotation)];
        return [];
    }

    private static IEnumerable<ConfigurationOverride> ReadBackpressure(IReadOnlyDictionary<string, string> environment, List<ConfigurationError> errors)
    {
        switch (Given(environment, EnableBackpressure)?.ToLowerInvariant())
        {
            case "false" or "0" or "no" or "off":
                return [new ConfigurationOverride("/jobs/backpressure", [ServiceSettings.Backpressure.Off], EnableBackpressure)];
            case null or "true" or "1" or "yes" or "on":
                break;
            case var other:
                errors.Add(new ConfigurationError(new ValueOrigin(ValueSource.Environment, EnableBackpressure), "", $"\"{Excerpt.Of(other)}\" is neither true nor false"));
                break;
        }
        return OfBackpressure.Where(value => Given(environment, value.Name) is not null).Select(value => new ConfigurationOverride(value.Pointer, [environment[value.Name]], value.Name));
    }

    /// <summary>The original keeps each 200 to a GET for so long, and does so unless told otherwise.</summary>
    private static IEnumerable<ConfigurationOverride> ReadCache(IReadOnlyDictionary<string, string> environment, List<ConfigurationError> errors)
    {
        var ttl = Given(environment, "CACHE_TTL");
        switch (Given(environment, EnableCaching)?.ToLowerInvariant())
        {
            case "false" or "0" or "no" or "off":
                return [new ConfigurationOverride("/defaults/cache", ["off"], EnableCaching)];
            case null or "true" or "1" or "yes" or "on":
                return ttl is null ? [] : [new ConfigurationOverride("/defaults/cache", [$"ttl={ttl}"], "CACHE_TTL")];
            case var other:
                errors.Add(new ConfigurationError(new ValueOrigin(ValueSource.Environment, EnableCaching), "", $"\"{Excerpt.Of(other)}\" is neither true nor false"));
                return [];
        }
    }

    private static ConfigurationOverride? ReadListen(IReadOnlyDictionary<string, string> environment) => (Given(environment, "HOST"), Given(environment, "PORT")) switch
    {
        (null, null) => null,
        (null, var port) => Listen(ListenUrl.Usual.Address.ToString(), port!, "PORT"),
        (var host, null) => Listen(host, $"{ListenUrl.UsualPort}", "HOST"),
        var (host, port) => Listen(host, port, "HOST and PORT"),
    };

    private static ConfigurationOverride Listen(string host, string port, string names) =>
        new("/serve/listen", [$"http://{(host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('[') ? $"[{host}]" : host)}:{port}"], names);

    /// <summary>Either says how much is under way at once; the smaller one keeps to both.</summary>
    private static ConfigurationOverride? ReadWorkers(IReadOnlyDictionary<string, string> environment)
    {
        var given = ((string[])["WORKER_COUNT", "BATCH_SIZE"]).Where(name => Given(environment, name) is not null).ToList();
        // What is no number comes first, and is told.
        return given.MinBy(name => int.TryParse(environment[name], out var count) ? count : int.MinValue) is { } least
            ? new ConfigurationOverride("/jobs/workers", [environment[least]], least)
            : null;
    }

    /// <summary>A file says less than a variable; variables of ours and flags say more than one of another program.</summary>
    private static bool IsWeaker(ConfigurationNode? known) => known is null || (known.Origin.Source == ValueSource.File && known.Items.TrueForAll(item => item.Origin.Source == ValueSource.File));

    private static string? Given(IReadOnlyDictionary<string, string> environment, string name) =>
        environment.TryGetValue(name, out var value) && value.Trim() is { Length: > 0 } given ? given : null;
}
