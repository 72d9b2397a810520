using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Tests.Limits;

namespace Headgate.Tests.Configuration;

/// <summary>Whole files of settings and of keys, and the variables, whatever stands in them. All that is wrong is told in lines that can be read.</summary>
public sealed class ConfigurationFuzzTests
{
    private const string Secret = "sk-SECRETsecret";

    private static readonly string[] Files =
    [
        WrittenConfiguration.Complete,
        """{ "upstreams": { "a": { "base": ["https://a.example"], "limits": ["${env:LIMIT}", "10 concurrent"], "timeout": "${env:TIMEOUT}", "weight": "$${x}" } } }""",
        """{ "version": 1, "total": { "limits": [] }, /* none */ "defaults": { "timeout": 1e3, "shares": { "low": 0.5 } } }""", "[]", "null", "{}",
    ];

    private static readonly FuzzedParser[] Parsers =
    [
        new("file", Files, ReadFile)
        {
            Batch = 60,
            Room = 400_000,
            RoomPerByte = 500,
            Secret = Secret,
            // No path has a null in it.
            OnceFailed = ["""{ "upstreams": { "a": { "base": ["https://a.example"], "tls": { "ca": "file:c\u0000a.pem" }, "keys": { "from": ["file:\u0000"], "as": "X: {key}" } } } }"""],
        },
        new("variables", ["DEFAULTS__TIMEOUT=5s", "UPSTREAMS__a__LIMITS__0=10/s", "UPSTREAMS__a__LIMITS=[\"10/s\",\"5 concurrent\"]", "TOTAL__CONNECTIONS=7", "UPSTREAMS__a__BREAKER=off", "UPSTREAMS__b__KEYS__FROM__0=env:K\nUPSTREAMS__b__BASE__0=https://b.example"], ReadVariables)
        {
            Batch = 100,
            Room = 400_000,
            RoomPerByte = 1000,
            OnceFailed = ["UPSTREAMS__b__KEYS__FROM__0=env:K\ud800\nUPSTREAMS__b__BASE__0=https://b.example"],
        },
        new("variables of old", ["API_KEYS=a,b , c", "GLOBAL_LIMIT=10\nGLOBAL_WINDOW=5", "MAX_CONCURRENCY=3\nREQUEST_TIMEOUT=10\nRETRY_ATTEMPTS=4", "PER_HOST_LIMIT=7\nRATE_LIMIT=5\nAPI_KEYS=x"], ReadOldVariables) { Batch = 100, Room = 400_000, RoomPerByte = 500 },
        new("variables of old, of the service", ["API_KEYS=a,b , c\nHOST=127.0.0.1\nPORT=80", "WORKER_COUNT=5\nBATCH_SIZE=7\nQUEUE_TYPE=memory", "ENABLE_BACKPRESSURE=true\nBACKPRESSURE_STRATEGY=delay\nMAX_QUEUE_SIZE=5", "HEADGATE_SERVE__LISTEN__0=[::1]:80\nGLOBAL_LIMIT=1"], ReadVariablesOfService) { Batch = 100, Room = 400_000, RoomPerByte = 1000 },
        new("keys", [$"# comment\nfirst {Secret}\nsk-2\r\nthird\tsk-3", $"{Secret}", "one 1\none 2\ntwo 1"], ReadKeys) { Batch = 60, RoomPerByte = 1000, Secret = Secret, Refusals = [typeof(ConfigurationException)] },
        new("keys from variables", ["env:SET\nenv:UNSET", "name env:SET"], ReadKeys)
        {
            Batch = 20,
            RoomPerByte = 500,
            Refusals = [typeof(ConfigurationException)],
            // A word for each of many short lines that are wrong alike.
            OnceFailed = [string.Concat(Enumerable.Repeat("env:SET\nT\n", 1000))],
        },
        new("keys in JSON", [$$"""[{"name":"a","value":"{{Secret}}","limits":["5000/h"],"weight":3},{"value":"b"}]""", """[{"value":"x"},{"value":"y","limits":[]},{"name":"n","value":"z","weight":1000}]"""], ReadKeys)
        {
            Batch = 60,
            Room = 400_000,
            // A literal, as far as a reader of JSON can tell: the quotes were forgotten.
            OnceFailed = [$$"""[{"value":t{{Secret}}}]""", $$"""{"name":"a","value":"{{Secret}}", "weight":"3ü"}""", $$"""[{"name":">","value{{Secret}}limits":["5000/h"]}]"""],
            Secret = Secret,
            Refusals = [typeof(ConfigurationException)],
        },
    ];

    public static TheoryData<string> Names => Fuzzing.Names(Parsers);

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_it_is_given_is_read_or_refused(string parser) => Fuzzing.Run(Parsers, parser);

    private static Action? ReadFile(Fuzzed text)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(Path.Combine(directory.Path, "headgate.json"), text.Bytes);
        var environment = new Dictionary<string, string> { ["LIMIT"] = Secret, ["TIMEOUT"] = "5s" };
        if (text.Random.Chance(0.3))
            environment["HEADGATE_DEFAULTS__TIMEOUT"] = "5s";
        ConfigurationOverride[] flags = text.Random.Chance(0.3) ? [new("/upstreams/*/timeout", ["3s"], "--timeout"), new("/total/limits", ["5/s"], "--limit")] : [];
        return Check(text, new ConfigurationSources { Directory = directory.Path, Environment = environment, Flags = flags });
    }

    private static Action? ReadVariables(Fuzzed text)
    {
        using var directory = new TemporaryDirectory();
        var environment = Variables(text, "HEADGATE_");
        return Check(text, new ConfigurationSources { Directory = directory.Path, Environment = environment });
    }

    private static Action? ReadOldVariables(Fuzzed text)
    {
        var environment = Variables(text, "");
        OriginalEnvironment.Keys(environment);
        return Check(text, ConfigurationReader.Read([.. OriginalEnvironment.Read(environment, text.Random.Pick(null, "https://a.example"))], "/"));
    }

    private static Action? ReadVariablesOfService(Fuzzed text)
    {
        using var directory = new TemporaryDirectory();
        directory.Write("headgate.json", """{ "upstreams": { "a": { "base": ["https://a.example"] } } }""");
        var environment = Variables(text, "");
        ServiceEnvironment.FindIdle(environment);
        return Check(text, new ConfigurationSources { Directory = directory.Path, Environment = environment, ReadsOriginalNames = true });
    }

    private static Action? ReadKeys(Fuzzed text)
    {
        // Names are shown, and what stands in the place of one is one.
        if (text.Text.Split('\n').Any(line => line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries) is [var name, _] && name.Contains(Secret, StringComparison.Ordinal) && name.IndexOfAny(['{', '}', '[', ']', '"', ',']) < 0))
            return null;
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(Path.Combine(directory.Path, "keys"), text.Bytes);
        try
        {
            var keys = KeyFile.Read(["file:keys"], new Dictionary<string, string> { ["SET"] = "sk-set\n" }, directory.Path);
            return () => Assert.Equal(keys.Count, keys.Select(key => key.Secret.Name).Distinct().Count());
        }
        catch (ConfigurationException refusal)
        {
            foreach (var error in refusal.Errors)
                text.Say(error.ToString());
            return null;
        }
    }

    private static Dictionary<string, string> Variables(Fuzzed text, string prefix)
    {
        var variables = new Dictionary<string, string>();
        foreach (var line in text.Text.Split('\n'))
            if (line.Split('=', 2) is [var name, var value])
                variables[prefix + name] = value;
        return variables;
    }

    private static Action? Check(Fuzzed text, ConfigurationSources sources) => Check(text, ConfigurationReader.Read(sources));

    private static Action? Check(Fuzzed text, ConfigurationReading reading)
    {
        foreach (var error in reading.Errors)
            text.Say(error.ToString());
        return reading.Errors.Count > 0 ? null : () => Assert.NotNull(ConfigurationListing.Of(reading.Root));
    }
}
