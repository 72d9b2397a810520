using System.Globalization;
using System.Runtime.CompilerServices;
using Headgate.Configuration;

namespace Headgate;

/// <summary>
/// Settings as a program gives them: each property is the member of headgate.json of the same name, and is checked, with all others, by the
/// same table when it is put to use. What is null was not given, and has its default.
/// </summary>
/// <remarks>Not thread-safe. Read once: later changes are not seen.</remarks>
public abstract class SettingsGroup
{
    private readonly Dictionary<string, object?> _values = [];

    private protected SettingsGroup() { }

    private protected T? Get<T>([CallerMemberName] string name = "") => _values.TryGetValue(name, out var value) ? (T?)value : default;

    private protected void Set(object? value, [CallerMemberName] string name = "") => _values[name] = value;

    /// <summary>A group below this one, which is there as soon as somebody asks.</summary>
    private protected T Group<T>([CallerMemberName] string name = "") where T : class, new()
    {
        if (Get<T>(name) is not { } group)
            Set(group = new T(), name);
        return group;
    }

    /// <summary>A word in the place of the whole group; null for none.</summary>
    private protected string? Word { get; set; }

    /// <summary>Tells everything that was given, as texts that the reader of the configuration takes.</summary>
    internal virtual void Tell(string pointer, List<ConfigurationOverride> told)
    {
        if (Word is { } word)
        {
            told.Add(new ConfigurationOverride(pointer, [word], ""));
            return;
        }
        foreach (var (name, value) in _values)
            Tell(ConfigurationNode.Below(pointer, char.ToLowerInvariant(name[0]) + name[1..]), value, told);
    }

    private static void Tell(string pointer, object? value, List<ConfigurationOverride> told)
    {
        switch (value)
        {
            case null:
                break;
            case SettingsGroup group:
                group.Tell(pointer, told);
                break;
            case IEnumerable<KeyValuePair<string, IList<string>>> lists:
                foreach (var (name, items) in lists)
                    Tell(ConfigurationNode.Below(pointer, name), items, told);
                break;
            case ISettingsMap map:
                foreach (var (name, group) in map.Groups)
                    group.Tell(ConfigurationNode.Below(pointer, name), told);
                break;
            case IEnumerable<string> list:
                told.Add(new ConfigurationOverride(pointer, [.. list.Select(item => item ?? "")], ""));
                break;
            default:
                told.Add(new ConfigurationOverride(pointer, [Text(value)], ""));
                break;
        }
    }

    private static string Text(object value) => value switch
    {
        TimeSpan span => string.Create(CultureInfo.InvariantCulture, $"{span.Ticks / (decimal)TimeSpan.TicksPerSecond:0.#######}"),
        // Shares have few digits, and no exponent.
        double share => share.ToString("0.############", CultureInfo.InvariantCulture),
        bool truth => truth ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
