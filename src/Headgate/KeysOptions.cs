using Headgate.Configuration;

namespace Headgate;

/// <summary>A pool of keys: a request gets the one that is free soonest. Their values appear in no log, metric, answer or error.</summary>
public sealed class KeysOptions : SettingsGroup
{
    /// <summary>Where the keys come from: <c>env:NAME</c> or <c>file:PATH</c>, relative to the working directory.</summary>
    public IList<string>? From { get => Get<IList<string>>(); set => Set(value); }

    /// <summary>Keys by value, beside those of <see cref="From"/>; they are called key-1, key-2 and so on. Empty by default.</summary>
    public IList<string> Values { get; set; } = [];

    /// <summary>Keys at run time, in the place of <see cref="From"/> and <see cref="Values"/>; null by default.</summary>
    public IKeySource? Source { get; set; }

    /// <summary>
    /// How often the keys are read anew, at least 1 s; they are also before one that was rejected is given up. New ones are used from then on, those
    /// that are gone are not, and requests under way with them go on; limits and weights of a key stay as they were. Null, the default, for every
    /// minute from a <see cref="Source"/> and never from anywhere else.
    /// </summary>
    public TimeSpan? Refresh { get; set; }

    /// <summary>Where the key goes in a request: <c>Authorization: Bearer {key}</c> (default), <c>X-Api-Key: {key}</c> or <c>?api_key={key}</c>.</summary>
    public string? As { get => Get<string>(); set => Set(value); }

    /// <summary>The limits of each key. None by default.</summary>
    public IList<string>? Limits { get => Get<IList<string>>(); set => Set(value); }

    /// <summary>Which key a request gets: <c>soonest</c> (default), the one free soonest; or <c>sticky</c>, for each tenant the same while it is usable.</summary>
    public string? Choose { get => Get<string>(); set => Set(value); }

    /// <summary>The statuses after which a key is used no more. <c>["401"]</c> by default.</summary>
    public IList<string>? Dead { get => Get<IList<string>>(); set => Set(value); }

    /// <summary>
    /// Whether an answer that one key got is given to requests of the others, where answers are kept. False by default: with several keys of which any
    /// may be used none is kept then.
    /// </summary>
    public bool? AnswersShared { get => Get<bool?>(); set => Set(value); }

    /// <inheritdoc/>
    internal override void Tell(string pointer, List<ConfigurationOverride> told)
    {
        base.Tell(pointer, told);
        // The table knows places, not values: these stand for them, and are resolved by whoever reads the keys.
        if (Source is not null || Values.Count > 0)
            told.Add(new ConfigurationOverride($"{pointer}/from", [.. From ?? [], .. Source is not null ? ["env:key-source"] : Names.Select(name => $"env:{name}")], ""));
    }

    /// <summary>The values under the names by which <see cref="Tell"/> stands for them.</summary>
    internal IEnumerable<KeyValuePair<string, string>> Named => Names.Zip(Values, (name, value) => KeyValuePair.Create(name, value ?? ""));

    private IEnumerable<string> Names => Enumerable.Range(1, Values.Count).Select(number => $"key-{number}");
}

/// <summary>Gives the keys of an API at run time: from a vault, for example.</summary>
public interface IKeySource
{
    /// <summary>
    /// The keys to use now. Called when the options are put to use, every <see cref="KeysOptions.Refresh"/>, and when a key was rejected; from any
    /// thread, and perhaps for several APIs at once. Must not block for long. What it throws later is logged, and the keys stay as they are.
    /// </summary>
    /// <param name="upstream">The name of the API in the options.</param>
    /// <returns>At least one key; names and values are unique.</returns>
    IReadOnlyList<ApiKey> GetKeys(string upstream);
}

/// <summary>A key under its name. Immutable.</summary>
/// <param name="name">What logs and metrics call it: 1 to 100 printable ASCII characters without spaces.</param>
/// <param name="value">The secret; printable ASCII.</param>
public sealed class ApiKey(string name, string value)
{
    /// <summary>What logs and metrics call it.</summary>
    public string Name => name;

    internal string Reveal() => value;

    /// <summary>The name.</summary>
    public override string ToString() => name;
}
