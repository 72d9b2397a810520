using System.Globalization;
using Headgate.Configuration;
using Headgate.Limits;

namespace Headgate.App.Distribution;

/// <summary>
/// What the key distributor that Headgate replaces was set up with, by its own variables: how many calls each incoming one makes, to an API
/// that is simulated, with keys that each have a limit.
/// </summary>
internal sealed record DistributorOptions
{
    /// <summary>So many calls are made for one at most.</summary>
    public const int MostCalls = 100_000;

    /// <summary>Few and quick calls instead of many and slow ones.</summary>
    public bool IsTest { get; init; }

    /// <summary>Whether calls are simulated at all: nobody wants that of a service who has not said so.</summary>
    public bool IsOn { get; init; }

    /// <summary>For each incoming call.</summary>
    public required int Calls { get; init; }

    public required TimeSpan LeastLatency { get; init; }

    public required TimeSpan MostLatency { get; init; }

    /// <summary>Of each key, in a minute.</summary>
    public required int RateLimit { get; init; }

    /// <summary>The values of the keys.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>Told, and of no effect: nothing waits for the slowest of a batch here.</summary>
    public required int BatchSize { get; init; }

    /// <summary>The limit of each key.</summary>
    public Limit KeyLimit => Limit.Parse(string.Create(CultureInfo.InvariantCulture, $"{RateLimit}/min"));

    /// <summary>How the original calls its two modes.</summary>
    public string Mode => IsTest ? "test" : "full-scale";

    /// <summary>Reads the variables.</summary>
    /// <param name="environment">The variables.</param>
    /// <param name="isTest">What the command line says of the mode; null for what TEST_MODE says.</param>
    /// <exception cref="ConfigurationException">One of them has no meaning: all errors together.</exception>
    public static DistributorOptions Read(IReadOnlyDictionary<string, string> environment, bool? isTest)
    {
        var errors = new List<ConfigurationError>();
        // As there, only this very word means it.
        var test = isTest ?? Given("TEST_MODE") == "true";
        var prefix = test ? "TEST" : "PROD";
        var options = new DistributorOptions
        {
            IsTest = test,
            IsOn = isTest is not null || Given("TEST_MODE") is not null,
            Calls = Number($"{prefix}_REQUESTS_COUNT", test ? 50 : 2000, 1, MostCalls),
            LeastLatency = TimeSpan.FromMilliseconds(Number($"{prefix}_MIN_LATENCY", test ? 10 : 500, 0, 600_000)),
            MostLatency = TimeSpan.FromMilliseconds(Number($"{prefix}_MAX_LATENCY", test ? 50 : 3000, 0, 600_000)),
            RateLimit = Number("RATE_LIMIT", 1000, 1, 1_000_000_000),
            Keys = OriginalEnvironment.Keys(environment) is { Count: > 0 } keys ? [.. keys.Select(key => key.Value).Distinct()] : ["key1", "key2", "key3"],
            BatchSize = Number("BATCH_SIZE", 10, 1, 1_000_000_000),
        };
        if (errors.Count == 0 && options.LeastLatency > options.MostLatency)
            errors.Add(Wrong($"{prefix}_MIN_LATENCY", $"is more than {prefix}_MAX_LATENCY"));
        return errors.Count == 0 ? options : throw new ConfigurationException(errors);

        string? Given(string name) => environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

        int Number(string name, int usual, int least, int most)
        {
            if (Given(name) is not { } text)
                return usual;
            if (int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
                return number;
            errors.Add(Wrong(name, $"must be a whole number from {least} to {most}, not \"{Excerpt.Of(text)}\""));
            return usual;
        }

        static ConfigurationError Wrong(string name, string message) => new(new ValueOrigin(ValueSource.Environment, name), "", message);
    }
}
