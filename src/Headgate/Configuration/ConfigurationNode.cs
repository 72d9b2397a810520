using System.Text.Json;

namespace Headgate.Configuration;

/// <summary>
/// A value of the configuration before anybody has said what it means: the tree of the file, on which environment and flags
/// write theirs, each value knowing where it came from.
/// </summary>
/// <param name="kind">What it is in JSON.</param>
/// <param name="pointer">Its JSON pointer.</param>
/// <param name="origin">Where it came from.</param>
/// <param name="text">The text of a string, the letters of a number, <c>true</c>, <c>false</c> or <c>null</c>; empty for groups and lists.</param>
internal sealed class ConfigurationNode(JsonValueKind kind, string pointer, ValueOrigin origin, string text = "")
{
    /// <summary>Where the members are, by name.</summary>
    private readonly Dictionary<string, int> _places = [];
    private readonly List<(string Name, ConfigurationNode Value)> _members = [];
    private string? _substituted;

    public JsonValueKind Kind => kind;

    public string Pointer => pointer;

    public ValueOrigin Origin => origin;

    /// <summary>What the value says, after substitution. May be a secret: it is shown nowhere.</summary>
    public string Text => _substituted ?? text;

    /// <summary>What was written, before substitution: this is what messages and listings show.</summary>
    public string Written => text;

    /// <summary>Whether <see cref="Text"/> was put in from a variable or a file by <c>${…}</c>.</summary>
    public bool IsSubstituted => _substituted is not null;

    /// <summary>Whether text may stand for a number, a truth or null, because its source knows only text.</summary>
    public bool IsLoose => kind == JsonValueKind.String && (IsSubstituted || origin.Source is ValueSource.Environment or ValueSource.Flag or ValueSource.Override);

    /// <summary>The members of a group in the order of the file.</summary>
    public IReadOnlyList<(string Name, ConfigurationNode Value)> Members => _members;

    /// <summary>The items of a list.</summary>
    public List<ConfigurationNode> Items { get; } = [];

    public ConfigurationNode? Member(string name) => _places.TryGetValue(name, out var place) ? _members[place].Value : null;

    /// <summary>What a JSON pointer leads to from here; null if there is nothing.</summary>
    public ConfigurationNode? Find(string pointer)
    {
        var node = this;
        foreach (var segment in pointer.Split('/').Skip(1))
        {
            var next = node.Member(segment) ?? (int.TryParse(segment, out var index) && index < node.Items.Count ? node.Items[index] : null);
            if (next is null)
                return null;
            node = next;
        }
        return node;
    }

    /// <summary>Sets a member, replacing one of that name in its place.</summary>
    public void SetMember(string name, ConfigurationNode value)
    {
        if (_places.TryAdd(name, _members.Count))
            _members.Add((name, value));
        else
            _members[_places[name]] = (name, value);
    }

    public void Substitute(string value) => _substituted = value;

    /// <summary>The value as messages show it, cut where it is long.</summary>
    public string Shown => kind switch
    {
        JsonValueKind.String => $"\"{Excerpt.Of(text)}\"",
        JsonValueKind.Object => "a group {…}",
        JsonValueKind.Array => "a list […]",
        _ => Excerpt.Of(text),
    };

    /// <summary>The pointer of a member or item: <c>~</c> and <c>/</c> in names are escaped as RFC 6901 says.</summary>
    public static string Below(string pointer, string name) =>
        $"{pointer}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
}
