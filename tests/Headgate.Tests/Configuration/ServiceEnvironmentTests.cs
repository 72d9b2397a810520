using Headgate.App.Service;
using Headgate.Configuration;
using Headgate.Tests.House;

namespace Headgate.Tests.Configuration;

/// <summary>The variables of the programs that the service replaces.</summary>
public sealed class ServiceEnvironmentTests
{
    /// <summary>Variables with a value, and the setting and text that it is.</summary>
    public static readonly TheoryData<string, string, string, string> Variables = new()
    {
        { "MAX_CONCURRENCY", "7", "/total/limits/0", "7 concurrent" },
        { "GLOBAL_LIMIT", "7", "/total/limits/0", "7/60s" },
        { "PER_HOST_LIMIT", "7", "/defaults/limits/0", "7/60s" },
        { "BURST_LIMIT", "7", "/defaults/limits/0", "7/10s" },
        { "API_RATE_LIMIT", "7", "/defaults/limits/0", "7/60s" },
        { "MAX_CONNECTIONS", "7", "/total/connections", "7" },
        { "MAX_CONNECTIONS_PER_HOST", "7", "/defaults/concurrency", "7" },
        { "IDLE_TIMEOUT", "7", "/defaults/connections/idleTimeout", "7" },
        { "CONNECTION_TIMEOUT", "7", "/defaults/connectTimeout", "7" },
        { "REQUEST_TIMEOUT", "7.5", "/defaults/timeout", "7.5" },
        { "RETRY_ATTEMPTS", "7", "/defaults/retries", "7" },
        { "CIRCUIT_BREAKER_THRESHOLD", "7", "/defaults/breaker/failureThreshold", "7" },
        { "CIRCUIT_BREAKER_TIMEOUT", "7", "/defaults/breaker/recoveryTimeout", "7" },
        { "WORKER_COUNT", "7", "/jobs/workers", "7" },
        { "BATCH_SIZE", "7", "/jobs/workers", "7" },
        { "MAX_QUEUE_SIZE", "7", "/jobs/most", "7" },
        { "BACKPRESSURE_THRESHOLD", "7", "/jobs/backpressure/threshold", "7" },
        { "BACKPRESSURE_STRATEGY", "drop_low_priority", "/jobs/backpressure/act", "drop_low_priority" },
        { "ENABLE_BACKPRESSURE", "False", "/jobs/backpressure", "off" },
        { "QUEUE_TYPE", "memory", "/jobs/queue", "memory:" },
        { "PORT", "7", "/serve/listen/0", "http://127.0.0.1:7" },
        { "LOG_LEVEL", "WARNING", "/log/level", "warning" },
        { "DEBUG_ENABLE_REQUEST_TRACING", "True", "/log/steps", "true" },
        { "PROMETHEUS_PORT", "7", "/serve/metricsListen", "http://127.0.0.1:7" },
        { "HOST", "::1", "/serve/listen/0", "http://[::1]:8015" },
    };

    [Theory]
    [MemberData(nameof(Variables))]
    public void A_variable_is_a_setting_and_the_setting_names_it(string name, string value, string pointer, string expected)
    {
        var reading = Read("{}", (name, value));

        Assert.Empty(reading.Errors);
        var listed = Assert.Single(ConfigurationListing.Of(reading.Root), listed => listed.Pointer == pointer);
        Assert.Equal((expected, $"env {name}"), (listed.Json.Trim('"'), listed.Origin.ToString()));
        // No other verb looks at it.
        Assert.Equal(HeadgateConfiguration.Default, WrittenConfiguration.Read("{}", (name, value)).OrThrow());
    }

    [Fact]
    public void Variables_win_over_the_file_ours_over_those_and_flags_over_all()
    {
        (string, string)[] variables = [("REQUEST_TIMEOUT", "2"), ("RETRY_ATTEMPTS", "2"), ("CONNECTION_TIMEOUT", "2"), ("HEADGATE_DEFAULTS__RETRIES", "3"), ("HEADGATE_DEFAULTS__CONNECT_TIMEOUT", "3")];
        var defaults = Read("""{ "defaults": { "timeout": 1, "retries": 1, "connectTimeout": 1 } }""", [new ConfigurationOverride("/defaults/connectTimeout", ["4"], "--x")], variables).OrThrow().Defaults;

        Assert.Equal((2, 3, 4), (defaults.Timeout.Seconds, defaults.Retries, defaults.ConnectTimeout.Seconds));
    }

    [Fact]
    public void Limits_come_beside_those_of_the_file_for_none_of_them_is_to_be_exceeded()
    {
        var configuration = Read(
            """{ "total": { "limits": ["500 concurrent"] }, "defaults": { "limits": ["10/s"] } }""",
            ("GLOBAL_LIMIT", "1000"), ("GLOBAL_WINDOW", "30"), ("MAX_CONCURRENCY", "100"), ("PER_HOST_LIMIT", "100"), ("PER_HOST_WINDOW", "10")).OrThrow();

        Assert.Equal(["500 concurrent", "1000/30s", "100 concurrent"], configuration.TotalLimits.Select(limit => limit.ToString()));
        Assert.Equal(["10/s", "100/10s"], configuration.Defaults.Limits.Select(limit => limit.ToString()));
        // How many connections there may be says nothing of a rate: that is learned still.
        Assert.True(Read("{}", ("MAX_CONNECTIONS_PER_HOST", "5")).OrThrow().Defaults.Learns);
    }

    [Fact]
    public void The_keys_are_those_of_the_one_API_there_is()
    {
        ConfigurationOverride[] up = [new("/upstreams/sim/base", ["https://sim.example"], "--up")];
        var keys = Read("{}", up, ("API_KEYS", "a1, b2"), ("RATE_LIMIT", "60")).OrThrow().Upstreams.Single().Keys!;

        Assert.Equal(["env:API_KEYS-1", "env:API_KEYS-2"], keys.From);
        Assert.Equal(["60/min"], keys.Limits.Select(limit => limit.ToString()));
    }

    [Theory]
    [InlineData("""{ "upstreams": { "a": { "base": ["https://a"], "keys": { "from": ["env:A"], "limits": ["1/s"] } } } }""", "env:API_KEYS-1", "60/min")]
    [InlineData("""{ "upstreams": { "a": { "base": ["https://a"], "keys": { "from": ["env:A"] } } } }""", "env:OURS", "60/min", "HEADGATE_UPSTREAMS__a__KEYS__FROM__0", "env:OURS")]
    public void They_win_over_the_file_and_not_over_variables_of_ours(string json, string from, string limit, string name = "UNSET", string value = "")
    {
        var keys = Read(json, ("API_KEYS", "k"), ("RATE_LIMIT", "60"), (name, value)).OrThrow().Upstreams.Single().Keys!;

        Assert.Equal((from, limit), (Assert.Single(keys.From), Assert.Single(keys.Limits).ToString()));
    }

    [Theory]
    [InlineData("{}", "nothing says which API these keys are for")]
    [InlineData("""{ "upstreams": { "a": { "base": ["https://a"] }, "b": { "base": ["https://b"] } } }""", "these keys are for one API, and there are 2")]
    public void Without_one_they_are_shown_to_nobody_and_that_is_told(string json, string words)
    {
        var environment = new Dictionary<string, string> { ["API_KEYS"] = "sk-secret" };
        var configuration = Read(json, ("API_KEYS", "sk-secret")).OrThrow();

        Assert.All(configuration.Upstreams, upstream => Assert.Null(upstream.Keys));
        var fault = ServiceEnvironment.FindFault(environment, configuration)!.ToString();
        Assert.Contains(words, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("REQUEST_TIMEOUT", "soon", "env REQUEST_TIMEOUT: /defaults/timeout: \"soon\" is not a duration above zero, for example 30 or \"250ms\"")]
    [InlineData("GLOBAL_LIMIT", "many", "env GLOBAL_LIMIT: /total/limits/0: limit \"many/60s\"")]
    [InlineData("WORKER_COUNT", "none", "env WORKER_COUNT: /jobs/workers: \"none\" is not a whole number from 1 to 1000000")]
    [InlineData("ENABLE_BACKPRESSURE", "maybe", "env ENABLE_BACKPRESSURE: \"maybe\" is neither true nor false")]
    [InlineData("BACKPRESSURE_STRATEGY", "panic", "env BACKPRESSURE_STRATEGY: /jobs/backpressure/act: \"panic\" is not \"reject\", \"delay\" or \"drop_low_priority\"")]
    [InlineData("QUEUE_TYPE", "rabbitmq", "env QUEUE_TYPE: /jobs/queue: \"rabbitmq\" is no place for jobs in this version; give sqlite:, sqlite:PATH or memory:")]
    [InlineData("PORT", "http", "env PORT: /serve/listen/0: \"http://127.0.0.1:http\" is not an address of this machine with a port")]
    public void A_wrong_one_is_named(string name, string value, string begin) =>
        Assert.StartsWith(begin, Assert.Single(Read("{}", (name, value)).Errors).ToString(), StringComparison.Ordinal);

    [Fact]
    public void What_a_flag_says_otherwise_is_not_complained_of() =>
        Assert.Empty(Read("{}", [new ConfigurationOverride("/jobs/queue", ["memory:"], "--queue"), new ConfigurationOverride("/serve/listen", ["127.0.0.1:0"], "--listen")], ("QUEUE_TYPE", "kafka"), ("HOST", "my-machine")).Errors);

    [Fact]
    public void Of_workers_and_batches_the_smaller_number_keeps_to_both() =>
        Assert.Equal(10, Read("{}", ("WORKER_COUNT", "50"), ("BATCH_SIZE", "10")).OrThrow().Jobs.Workers);

    [Fact]
    public void Turned_off_backpressure_has_no_threshold() =>
        Assert.Null(Read("{}", ("ENABLE_BACKPRESSURE", "0"), ("BACKPRESSURE_THRESHOLD", "10")).OrThrow().Jobs.Backpressure);

    [Fact]
    public void Rotation_of_proxies_asks_for_the_list_and_sends_all_through_it()
    {
        var configuration = Read("{}", ("ENABLE_PROXY_ROTATION", "True"), ("PROXY_POOL_URL", "http://manager:8000/")).OrThrow();
        var pool = Assert.Single(configuration.ProxyPools);
        Assert.Equal(("http://manager:8000/api/proxies", pool.Name), (Assert.Single(pool.From), configuration.Defaults.Proxies));

        Assert.Contains("PROXY_POOL_URL", Assert.Single(Read("{}", ("ENABLE_PROXY_ROTATION", "1")).Errors).Message, StringComparison.Ordinal);
        Assert.Contains("neither true nor false", Assert.Single(Read("{}", ("ENABLE_PROXY_ROTATION", "maybe"), ("PROXY_POOL_URL", "http://m")).Errors).Message, StringComparison.Ordinal);
        Assert.Empty(Read("{}", ("ENABLE_PROXY_ROTATION", "false"), ("PROXY_POOL_URL", "http://m")).OrThrow().ProxyPools);
    }

    [Fact]
    public void What_is_set_in_vain_is_found()
    {
        var environment = new Dictionary<string, string>
        {
            ["ENABLE_CACHING"] = "true", ["ENABLE_PROXY_ROTATION"] = "FALSE", ["REDIS_URL"] = "redis://x", ["ELASTICSEARCH_URI"] = "", ["GLOBAL_WINDOW"] = "60", ["BURST_LIMIT"] = "1", ["BURST_WINDOW"] = "1", ["RATE_LIMIT"] = "5", ["PATH"] = "/bin",
        };

        Assert.Equal(["GLOBAL_WINDOW (without GLOBAL_LIMIT)", "RATE_LIMIT (without API_KEYS)", "REDIS_URL"], ServiceEnvironment.FindIdle(environment));
    }

    [Theory]
    [InlineData(null, "ENABLE_CACHING=true")]
    [InlineData("ttl=300", "ENABLE_CACHING=true", "CACHE_TTL=300")]
    [InlineData("ttl=60", "CACHE_TTL=60")]
    [InlineData("off", "ENABLE_CACHING=false", "CACHE_TTL=60")]
    [InlineData("off", "ENABLE_CACHING=No")]
    public void Answers_are_kept_as_the_original_kept_them(string? expected, params string[] variables)
    {
        var configuration = Read("{}", [.. variables.Select(variable => (variable.Split('=')[0], variable.Split('=')[1]))]).OrThrow();

        Assert.Equal(expected, configuration.Defaults.Cache?.ToString());
    }

    [Fact]
    public void The_example_has_every_variable_with_an_effect_and_can_be_used_as_it_is()
    {
        var example = File.ReadAllText(Path.Combine(SourceTree.Root, ".env.example"));
        Assert.Empty(ServiceVariables.Read(example, ".env.example"));
        var all = ServiceVariables.Read(string.Join('\n', example.Split('\n').Where(line => line.StartsWith("# ", StringComparison.Ordinal) && line.Split('=')[0][2..].All(letter => char.IsAsciiLetterUpper(letter) || letter == '_')).Select(line => line[2..])), ".env.example");

        Assert.Empty(ServiceEnvironment.FindIdle(new Dictionary<string, string>(all)));
        Assert.Equal(ServiceEnvironment.Names.Where(name => ServiceEnvironment.FindIdle(new Dictionary<string, string> { [name] = "x", ["GLOBAL_LIMIT"] = "1", ["PER_HOST_LIMIT"] = "1", ["BURST_LIMIT"] = "1", ["API_RATE_LIMIT"] = "1", ["API_KEYS"] = "1", ["TEST_MODE"] = "true", ["ENABLE_PROXY_ROTATION"] = "true" }).Count == 0).Distinct().Order(), all.Keys.Order());
        Assert.Empty(Read("""{ "upstreams": { "a": { "base": ["https://a"] } } }""", [.. all.Select(variable => (variable.Key, variable.Value))]).Errors);
    }

    private static ConfigurationReading Read(string json, params (string Name, string Value)[] environment) => Read(json, [], environment);

    private static ConfigurationReading Read(string json, ConfigurationOverride[] flags, params (string Name, string Value)[] environment)
    {
        using var directory = new TemporaryDirectory();
        directory.Write("headgate.json", json);
        return ConfigurationReader.Read(new ConfigurationSources
        {
            Directory = directory.Path,
            Environment = environment.ToDictionary(variable => variable.Name, variable => variable.Value),
            Flags = flags,
            ReadsOriginalNames = true,
        });
    }
}
