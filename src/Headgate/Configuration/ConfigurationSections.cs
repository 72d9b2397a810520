using Microsoft.Extensions.Configuration;

namespace Headgate.Configuration;

/// <summary>
/// Reads a section of the configuration of a host as it reads headgate.json: by the same table and parsers. The host's own binder takes "30" for
/// thirty days and passes over what it does not know.
/// </summary>
internal static class ConfigurationSections
{
    /// <summary>Every value with its pointer and path. An empty one counts as not given, as hosts write lists without entries so.</summary>
    public static IEnumerable<ConfigurationOverride> Read(IConfigurationSection section) => section.GetChildren()
        .Where(child => !child.Key.Equals(nameof(HeadgateOptions.StatePath), StringComparison.OrdinalIgnoreCase))
        .SelectMany(child => Read(child, ConfigurationNode.Below("", child.Key)));

    /// <summary>An error with one path: that of the host's configuration where the value came from there.</summary>
    public static string Describe(ConfigurationError error) =>
        error.Origin.Name.EndsWith(error.Pointer.Replace('/', ':'), StringComparison.OrdinalIgnoreCase) ? (error with { Pointer = "" }).ToString()
        : error.Pointer.Length > 0 && error.Origin.Name.Contains(':', StringComparison.Ordinal) ? $"{error.Pointer}: {error.Message}"
        : error.ToString();

    private static IEnumerable<ConfigurationOverride> Read(IConfigurationSection section, string pointer)
    {
        if (section.Value is { Length: > 0 } value)
            yield return new ConfigurationOverride(pointer, [value], section.Path);
        foreach (var child in section.GetChildren())
            foreach (var below in Read(child, ConfigurationNode.Below(pointer, child.Key)))
                yield return below;
    }
}
