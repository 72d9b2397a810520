using System.Text.Json;

namespace Headgate.Configuration;

/// <summary>What a value of the configuration may be. One table of shapes serves reading, checking, the environment, the schema and listings.</summary>
internal abstract class Shape
{
    /// <summary>Tells everything that is wrong with a value and below it.</summary>
    public abstract void Check(ConfigurationNode node, List<ConfigurationError> errors);

    /// <summary>Writes the members of the JSON schema of such a value into an open object.</summary>
    public abstract void WriteSchema(Utf8JsonWriter json);

    protected static void Wrong(ConfigurationNode node, string message, List<ConfigurationError> errors) =>
        errors.Add(new ConfigurationError(node.Origin, node.Pointer, message));
}

/// <summary>A member of a group: its name, shape, what it means, and its default as JSON (null when it has none).</summary>
internal record Setting(string Name, Shape Shape, string Meaning, string? Default = null);

/// <summary>A member with a single value of a known type.</summary>
internal sealed record Setting<T>(string Name, Scalar<T> Scalar, string Meaning, string? Default = null) : Setting(Name, Scalar, Meaning, Default);

/// <summary>A single value: a text, a number or a truth.</summary>
internal abstract class Scalar(string name, string expects, string schema) : Shape
{
    /// <summary>The name of its definition in the schema.</summary>
    public string Name => name;

    /// <summary>What it must be, in words that follow "is not".</summary>
    public string Expects => expects;

    /// <summary>Its JSON schema.</summary>
    public string Schema => schema;

    public override void WriteSchema(Utf8JsonWriter json) => json.WriteString("$ref", $"#/$defs/{name}");
}

/// <summary>Reads a value; says what is wrong with it, or leaves that to "is not" and what is expected.</summary>
internal delegate bool ScalarReader<T>(ConfigurationNode node, out T value, out string? problem);

/// <inheritdoc cref="Scalar"/>
internal sealed class Scalar<T>(string name, string expects, string schema, ScalarReader<T> read) : Scalar(name, expects, schema)
{
    public bool TryRead(ConfigurationNode node, out T value) => read(node, out value, out _);

    public override void Check(ConfigurationNode node, List<ConfigurationError> errors)
    {
        if (read(node, out _, out var problem))
            return;
        if (node.Kind == JsonValueKind.Null)
            Wrong(node, $"null is not {Expects}; leave the member out to have its default", errors);
        else if (problem is null || node.IsSubstituted) // The reader's own words would show what was put in.
            Wrong(node, $"{(node.IsSubstituted ? $"what stands for {node.Shown}" : node.Shown)} is not {Expects}", errors);
        else
            Wrong(node, problem, errors);
    }
}

/// <summary>A list of values, or one of a few words in its place.</summary>
internal sealed class ListOf<T>(Scalar<T> item, int minimum = 0, params string[] words) : ListOf(item, minimum, words)
{
    /// <summary>The items that can be read; what cannot is told by <see cref="ListOf.Check"/>.</summary>
    public ValueList<T> Read(ConfigurationNode node)
    {
        var values = new List<T>();
        foreach (var entry in node.Items)
            if (item.TryRead(entry, out var value))
                values.Add(value);
        return [.. values];
    }
}

/// <inheritdoc cref="ListOf{T}"/>
internal abstract class ListOf(Scalar item, int minimum, string[] words) : Shape
{
    public Scalar Item => item;

    /// <summary>Whether a text stands for the whole list.</summary>
    public bool IsWord(string? text) => words.Contains(text);

    public override void Check(ConfigurationNode node, List<ConfigurationError> errors)
    {
        if (node.Kind == JsonValueKind.String && IsWord(node.Text))
            return;
        var or = words.Length == 0 ? "" : $", or {string.Join(" or ", words.Select(word => $"\"{word}\""))}";
        if (node.Kind != JsonValueKind.Array)
            Wrong(node, node.Kind == JsonValueKind.String ? $"{node.Shown} is not a list; write [{node.Shown}]{or}" : $"{node.Shown} is not a list{or}", errors);
        else if (node.Items.Count < minimum)
            Wrong(node, $"the list needs {(minimum == 1 ? "an entry" : $"{minimum} entries")}", errors);
        foreach (var entry in node.Items)
            if (entry.Kind == JsonValueKind.String && IsWord(entry.Text))
                Wrong(entry, $"{entry.Shown} stands in the place of a whole list: write {entry.Shown} without the brackets{(node.Items.Count > 1 ? ", or leave it out of this list" : "")}", errors);
            else
                item.Check(entry, errors);
    }

    public override void WriteSchema(Utf8JsonWriter json)
    {
        if (words.Length == 0)
        {
            WriteList(json);
            return;
        }
        json.WriteStartArray("anyOf");
        json.WriteStartObject();
        WriteList(json);
        json.WriteEndObject();
        json.WriteStartObject();
        json.WriteStartArray("enum");
        foreach (var word in words)
            json.WriteStringValue(word);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private void WriteList(Utf8JsonWriter json)
    {
        json.WriteString("type", "array");
        if (minimum > 0)
            json.WriteNumber("minItems", minimum);
        json.WriteStartObject("items");
        item.WriteSchema(json);
        json.WriteEndObject();
    }
}

/// <summary>A group with members of known names.</summary>
/// <param name="members">Those that are accepted, in the order in which they are shown.</param>
/// <param name="required">The names that must be there.</param>
internal sealed class Group(Setting[] members, string[] required) : Shape
{
    public Group(Setting[] members)
        : this(members, [])
    {
    }

    public IReadOnlyList<Setting> Members => members;

    public bool HasRequired => required.Length > 0;

    /// <summary>A word that may stand in place of the whole group; null for none.</summary>
    public string? Word { get; init; }

    public bool IsWord(ConfigurationNode node) => node.Kind == JsonValueKind.String && node.Text == Word;

    public Setting? Find(string name) => Array.Find(members, member => member.Name == name);

    /// <summary>What is wrong with a name that is no member.</summary>
    public string Refusal(string name) => $"unknown member{NearestName.Suggest(name, members.Select(member => member.Name))}";

    public override void Check(ConfigurationNode node, List<ConfigurationError> errors)
    {
        if (IsWord(node))
            return;
        if (node.Kind != JsonValueKind.Object)
        {
            Wrong(node, $"{node.Shown} is not a group of settings; write {{ … }}{(Word is null ? "" : $", or \"{Word}\"")}", errors);
            return;
        }
        foreach (var (name, value) in node.Members)
        {
            if (Find(name) is { } member)
                member.Shape.Check(value, errors);
            else
                Wrong(value, Refusal(name), errors);
        }
        foreach (var name in required)
            if (node.Member(name) is null)
                Wrong(node, $"\"{name}\" is missing: {Find(name)!.Meaning}", errors);
    }

    public override void WriteSchema(Utf8JsonWriter json)
    {
        if (Word is null)
            json.WriteString("type", "object");
        else
        {
            json.WritePropertyName("anyOf");
            json.WriteRawValue($$"""[{ "type": "object" }, { "enum": ["{{Word}}"] }]""");
        }
        json.WriteStartObject("properties");
        foreach (var member in members)
        {
            json.WriteStartObject(member.Name);
            json.WriteString("description", member.Meaning);
            if (member.Default is { } given)
            {
                json.WritePropertyName("default");
                json.WriteRawValue(given);
            }
            member.Shape.WriteSchema(json);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        if (required.Length > 0)
        {
            json.WriteStartArray("required");
            foreach (var name in required)
                json.WriteStringValue(name);
            json.WriteEndArray();
        }
        json.WriteBoolean("additionalProperties", false);
    }
}

/// <summary>A group whose names are chosen by the user, all with values of one shape.</summary>
/// <param name="value">The shape of each.</param>
/// <param name="names">What a name looks like, as a regular expression for the schema.</param>
/// <param name="isName">Whether a name is one.</param>
/// <param name="expects">What a name must be, in words.</param>
internal sealed class Map(Shape value, string names, Func<string, bool> isName, string expects) : Shape
{
    public Shape Value => value;

    public override void Check(ConfigurationNode node, List<ConfigurationError> errors)
    {
        if (node.Kind != JsonValueKind.Object)
            Wrong(node, $"{node.Shown} is not a group; write {{ \"name\": {{ … }} }}", errors);
        foreach (var (name, member) in node.Members)
        {
            if (!isName(name))
                Wrong(member, $"the name must be {expects}", errors);
            value.Check(member, errors);
        }
    }

    public override void WriteSchema(Utf8JsonWriter json)
    {
        json.WriteString("type", "object");
        json.WriteStartObject("propertyNames");
        json.WriteString("pattern", names);
        json.WriteEndObject();
        json.WriteStartObject("additionalProperties");
        value.WriteSchema(json);
        json.WriteEndObject();
    }
}
