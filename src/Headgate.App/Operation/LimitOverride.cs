using Headgate.Configuration;

namespace Headgate.App.Operation;

/// <summary>Limits that were set while the service ran, above those of the configuration.</summary>
/// <param name="Place">The name of the <see cref="LimitPlace"/>.</param>
/// <param name="Limits">The limits, or the word for how there are none.</param>
/// <param name="By">Who set them.</param>
/// <param name="At">When.</param>
/// <param name="Was">What the configuration said there: with another word from it they end.</param>
internal sealed record LimitOverride(string Place, ValueList<string> Limits, string By, DateTimeOffset At, ValueList<string> Was)
{
    /// <summary>What <c>config show</c> says of where the value comes from.</summary>
    public string Origin => $"set by {By}, {Moments.Of(At)}";

    /// <summary>As it stands above the configuration.</summary>
    public ConfigurationOverride AboveAt(LimitPlace place) => new(place.Pointer, Limits, Origin) { Source = ValueSource.Override };
}

/// <summary>Something that was paused by hand.</summary>
/// <param name="Api">The API.</param>
/// <param name="Key">The key of it, by its name; null for the API itself.</param>
/// <param name="By">Who paused it.</param>
/// <param name="At">When.</param>
internal sealed record Pause(string Api, string? Key, string By, DateTimeOffset At);

/// <summary>All that was set while the service ran and is to hold at the next start. Immutable.</summary>
/// <param name="Limits">The limits.</param>
/// <param name="Pauses">The pauses.</param>
internal sealed record OperatorSettings(ValueList<LimitOverride> Limits, ValueList<Pause> Pauses)
{
    public static readonly OperatorSettings None = new([], []);

    public LimitOverride? Of(LimitPlace place) => Limits.FirstOrDefault(limits => limits.Place == place.Name);

    public Pause? PauseOf(string api, string? key) => Pauses.FirstOrDefault(pause => pause.Api == api && pause.Key == key);

    public OperatorSettings With(LimitOverride limits) => this with { Limits = [.. Limits.Where(other => other.Place != limits.Place), limits] };

    public OperatorSettings Without(LimitPlace place) => this with { Limits = [.. Limits.Where(limits => limits.Place != place.Name)] };

    public OperatorSettings With(Pause pause) => this with { Pauses = [.. Without(pause.Api, pause.Key).Pauses, pause] };

    public OperatorSettings Without(string api, string? key) => this with { Pauses = [.. Pauses.Where(pause => pause.Api != api || pause.Key != key)] };

    /// <summary>Those limits for which there is a place, as they stand above the configuration.</summary>
    public IReadOnlyList<ConfigurationOverride> Above(HeadgateConfiguration configuration) =>
        [.. Limits.Select(limits => LimitPlace.Find(configuration, limits.Place) is { } place ? limits.AboveAt(place) : null).OfType<ConfigurationOverride>()];
}

/// <summary>Moments as people are told them.</summary>
internal static class Moments
{
    public static string Of(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
