using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Headgate.Configuration;

/// <summary>A value that a flag sets above the file and the environment.</summary>
/// <param name="Pointer">
/// The JSON pointer of the setting; <c>*</c> as a segment means every configured API (<c>/upstreams/*/timeout</c>), <c>-</c> the end of a list
/// (<c>/total/limits/-</c>).
/// </param>
/// <param name="Values">The text of the value, or the items of a list, which replace the whole list.</param>
/// <param name="Flag">The flag as the user typed it, for messages: <c>--timeout</c>.</param>
internal sealed record ConfigurationOverride(string Pointer, IReadOnlyList<string> Values, string Flag)
{
    /// <summary>The kind of place: a flag, or what was set while the service ran.</summary>
    public ValueSource Source { get; init; } = ValueSource.Flag;
}

/// <summary>Writes the values of the environment and of flags onto the tree of the file.</summary>
internal sealed class Overrides(ConfigurationNode root, List<ConfigurationError> errors)
{
    private const string Prefix = "HEADGATE_";
    private const string Separator = "__";

    /// <summary>The variables of the process, as <see cref="ApplyEnvironment"/> and the others want them.</summary>
    public static IReadOnlyDictionary<string, string> ProcessEnvironment()
    {
        var variables = new Dictionary<string, string>(OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        return variables;
    }

    /// <summary>
    /// Applies <c>HEADGATE_UPSTREAMS__github__LIMITS__0</c> and the like: names of settings in any case, with or without
    /// underscores between their words. Variables without a double underscore are not settings.
    /// </summary>
    public void ApplyEnvironment(IReadOnlyDictionary<string, string> environment)
    {
        var given = environment.Keys
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && name.Contains(Separator, StringComparison.Ordinal))
            .Select(name => (Name: name, Path: name[Prefix.Length..].Split(Separator)))
            .OrderBy(entry => entry.Path, PathOrder.Instance);
        foreach (var (name, path) in given)
            // The system has bytes; half a surrogate pair cannot be in them, and is replaced as the runtime replaces what is not UTF-8.
            Set(path, Value.OfText(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(environment[name]))), new ValueOrigin(ValueSource.Environment, name));
    }

    public void ApplyFlags(IEnumerable<ConfigurationOverride> flags) => Apply(flags, ValueSource.Flag);

    /// <summary>Applies what variables of other names stand for.</summary>
    public void ApplyVariables(IEnumerable<ConfigurationOverride> variables) => Apply(variables, ValueSource.Environment);

    private void Apply(IEnumerable<ConfigurationOverride> values, ValueSource source)
    {
        foreach (var flag in values)
        {
            var origin = new ValueOrigin(source == ValueSource.Flag ? flag.Source : source, flag.Flag);
            string[] path = [.. flag.Pointer.Split('/').Skip(1).Select(Unescape)];
            var star = Array.IndexOf(path, "*");
            string[] names = star < 0 ? [""] : [.. root.Member(path[0])?.Members.Select(member => member.Name) ?? []];
            foreach (var name in names)
                Set([.. path.Select((segment, i) => i == star ? name : segment)], new Value(flag.Values), origin);
        }
    }

    private void Set(string[] path, Value given, ValueOrigin origin)
    {
        var (group, shape) = (root, (Shape)Settings.Root);
        for (var i = 0; ; i++)
        {
            if (Resolve(group, shape, path[i], origin) is not { } step)
                return;
            var (name, below) = step;
            var pointer = ConfigurationNode.Below(group.Pointer, name);
            if (i == path.Length - 1)
            {
                if (MakeValue(below, pointer, given, origin) is { } value)
                    Place(group, name, value);
                return;
            }
            if (below is Scalar)
            {
                Wrong(origin, pointer, "a single value; it has nothing below it");
                return;
            }
            group = Descend(group, name, pointer, below is ListOf or GroupList ? JsonValueKind.Array : JsonValueKind.Object, origin, isItem: shape is GroupList);
            shape = below;
        }
    }

    // The name that a segment means where it stands, and the shape of its value.
    private (string Name, Shape Below)? Resolve(ConfigurationNode group, Shape shape, string segment, ValueOrigin origin)
    {
        switch (shape)
        {
            case Group known:
                var plain = segment.Replace("_", "", StringComparison.Ordinal);
                foreach (var member in known.Members)
                    if (member.Name.Equals(plain, StringComparison.OrdinalIgnoreCase))
                        return (member.Name, member.Shape);
                Wrong(origin, ConfigurationNode.Below(group.Pointer, segment), known.Refusal(segment));
                return null;
            case Map map:
                var names = group.Members.Select(member => member.Name);
                return (names.FirstOrDefault(name => name == segment) ?? names.FirstOrDefault(name => name.Equals(segment, StringComparison.OrdinalIgnoreCase)) ?? segment, map.Value);
            default:
                if (segment == "-")
                    return (group.Items.Count.ToString(CultureInfo.InvariantCulture), ((ListOf)shape).Item);
                if (int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index <= group.Items.Count)
                    return (segment, shape is GroupList groups ? groups.Item : ((ListOf)shape).Item);
                Wrong(origin, ConfigurationNode.Below(group.Pointer, segment), $"the list has {group.Items.Count} entries: the next number is {group.Items.Count}");
                return null;
        }
    }

    private ConfigurationNode? MakeValue(Shape shape, string pointer, Value given, ValueOrigin origin)
    {
        var values = given.Items;
        if (shape is Group { Word: { } word } && values is [var only] && only == word)
            return new ConfigurationNode(JsonValueKind.String, pointer, origin, word);
        if (shape is Group or Map)
        {
            Wrong(origin, pointer, "a group of settings; name one of them");
            return null;
        }
        if (shape is GroupList)
            return ConfigurationParser.ReadText(values[0], pointer, origin, errors);
        // --limit none: a word in place of a list.
        if (shape is not ListOf list || (values.Count == 1 && list.IsWord(values[0])))
            return new ConfigurationNode(JsonValueKind.String, pointer, origin, values[0]);
        if (given.IsText)
            return values[0].AsSpan().TrimStart().StartsWith("[")
                ? ConfigurationParser.ReadText(values[0], pointer, origin, errors)
                : new ConfigurationNode(JsonValueKind.String, pointer, origin, values[0]);
        var items = new ConfigurationNode(JsonValueKind.Array, pointer, origin);
        items.Items.AddRange(values.Select((value, i) => new ConfigurationNode(JsonValueKind.String, $"{pointer}/{i}", origin, value)));
        return items;
    }

    private static ConfigurationNode Descend(ConfigurationNode group, string name, string pointer, JsonValueKind kind, ValueOrigin origin, bool isItem)
    {
        var known = !isItem ? group.Member(name) : int.Parse(name, NumberStyles.None, CultureInfo.InvariantCulture) is var index && index < group.Items.Count ? group.Items[index] : null;
        if (known?.Kind == kind)
            return known;
        var added = new ConfigurationNode(kind, pointer, origin);
        if (isItem)
            Place(group, name, added);
        else
            group.SetMember(name, added);
        return added;
    }

    private static void Place(ConfigurationNode group, string name, ConfigurationNode value)
    {
        if (group.Kind != JsonValueKind.Array)
        {
            group.SetMember(name, value);
            return;
        }
        var index = int.Parse(name, NumberStyles.None, CultureInfo.InvariantCulture);
        if (index == group.Items.Count)
            group.Items.Add(value);
        else
            group.Items[index] = value;
    }

    private static string Unescape(string segment) => segment.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);

    private void Wrong(ValueOrigin origin, string pointer, string message) => errors.Add(new ConfigurationError(origin, pointer, message));

    /// <summary>What is to be set: the items of a list, or one text that may be a list in JSON.</summary>
    private readonly record struct Value(IReadOnlyList<string> Items, bool IsText = false)
    {
        public static Value OfText(string text) => new([text], IsText: true);
    }

    /// <summary>Puts <c>…__2</c> before <c>…__10</c>, so that lists grow in order, and a whole list before its items.</summary>
    private sealed class PathOrder : IComparer<string[]>
    {
        public static readonly PathOrder Instance = new();

        public int Compare(string[]? x, string[]? y)
        {
            for (var i = 0; i < Math.Min(x!.Length, y!.Length); i++)
            {
                var order = int.TryParse(x[i], out var a) && int.TryParse(y[i], out var b) ? a.CompareTo(b) : string.CompareOrdinal(x[i], y[i]);
                if (order != 0)
                    return order;
            }
            return x.Length.CompareTo(y!.Length);
        }
    }
}
