using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Headgate;

/// <summary>Groups of settings under names that the program chooses. Not thread-safe.</summary>
/// <typeparam name="T">The settings of each.</typeparam>
public sealed class SettingsMap<T> : IEnumerable<KeyValuePair<string, T>>, ISettingsMap where T : SettingsGroup, new()
{
    private readonly Dictionary<string, T> _groups = [];

    /// <summary>The settings of a name; there as soon as somebody asks, and without effect as long as nothing is set.</summary>
    /// <param name="name">The name.</param>
    [AllowNull]
    public T this[string name]
    {
        get
        {
            if (!_groups.TryGetValue(name, out var group))
                _groups.Add(name, group = new T());
            return group;
        }
        set => _groups[name] = value ?? new T();
    }

    /// <summary>How many names there are.</summary>
    public int Count => _groups.Count;

    IEnumerable<(string Name, SettingsGroup Group)> ISettingsMap.Groups => _groups.Select(pair => (pair.Key, (SettingsGroup)pair.Value));

    /// <summary>Whether a name has settings.</summary>
    /// <param name="name">The name.</param>
    public bool Contains(string name) => _groups.ContainsKey(name);

    /// <summary>Takes a name out; says whether it was there.</summary>
    /// <param name="name">The name.</param>
    public bool Remove(string name) => _groups.Remove(name);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, T>> GetEnumerator() => _groups.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>A map, whatever it maps to.</summary>
internal interface ISettingsMap
{
    IEnumerable<(string Name, SettingsGroup Group)> Groups { get; }
}
