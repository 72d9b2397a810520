using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Headgate.Configuration;
using Headgate.Limits;

namespace Headgate.Keys;

/// <summary>
/// Reads keys: from a file (a line is <c>value</c>, <c>name value</c> or <c>env:NAME</c>; <c>#</c> begins a comment; or a JSON
/// array of <c>{name, value, limits, weight}</c>), or one from a variable. No message ever shows a value.
/// </summary>
internal sealed class KeyFile
{
    private const string FromVariable = "env:";
    private const string FromFile = "file:";

    /// <summary>Reads a pool of the encrypted store; null where there is none to be read.</summary>
    private readonly Func<string, IReadOnlyList<KeyEntry>>? _store;

    private static readonly SearchValues<char> OfJson = SearchValues.Create("{}[]\",");

    /// <summary>Some hundred thousand keys.</summary>
    private const int LargestFile = 16 << 20;

    /// <summary>Whoever took another file for one of keys needs no word for each of its lines.</summary>
    private const int MostErrors = 100;
    private static readonly string[] Members = ["name", "value", "limits", "weight"];

    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly string _directory;
    private readonly List<ConfigurationError> _errors = [];
    private readonly List<KeyEntry> _entries = [];
    private readonly Dictionary<string, ValueOrigin> _names = [];
    private readonly Dictionary<string, string> _nameOfValue = [];
    private int _unnamed;

    private KeyFile(IReadOnlyDictionary<string, string> environment, string directory, Func<string, IReadOnlyList<KeyEntry>>? store)
    {
        (_environment, _directory, _store) = (environment, directory, store);
    }

    /// <summary>Reads all keys of some sources; names are unique over all of them, and <c>key-1</c>… are counted through.</summary>
    /// <param name="sources">Paths, <c>file:PATH</c>, <c>env:NAME</c>, or <c>store:POOL</c>.</param>
    /// <param name="environment">The variables.</param>
    /// <param name="directory">What relative paths are relative to.</param>
    /// <param name="store">Reads a pool of the encrypted store; null where there is none.</param>
    /// <exception cref="ConfigurationException">A source cannot be read, has no key, or has a line that is none: all errors together, each with file and line.</exception>
    public static IReadOnlyList<KeyEntry> Read(IEnumerable<string> sources, IReadOnlyDictionary<string, string> environment, string directory, Func<string, IReadOnlyList<KeyEntry>>? store = null)
    {
        var file = new KeyFile(environment, directory, store);
        foreach (var source in sources)
            file.ReadSource(source);
        return file._errors.Count == 0 ? file._entries : throw new ConfigurationException(file._errors);
    }

    /// <summary>The same source wherever it is read from: a relative path is one of this process.</summary>
    public static string Absolute(string source)
    {
        if (source.StartsWith(FromVariable, StringComparison.Ordinal) || source.StartsWith(Scalars.FromStore, StringComparison.Ordinal))
            return source;
        var path = source.StartsWith(FromFile, StringComparison.Ordinal) ? source[FromFile.Length..] : source;
        // Whoever reads it says what is wrong with none.
        return FromFile + (path.Length > 0 ? Path.GetFullPath(path) : "");
    }

    private void ReadSource(string source)
    {
        if (source.StartsWith(FromVariable, StringComparison.Ordinal))
        {
            var origin = new ValueOrigin(ValueSource.Environment, source[FromVariable.Length..]);
            Add(origin, null, source);
            return;
        }
        if (source.StartsWith(Scalars.FromStore, StringComparison.Ordinal))
        {
            ReadStore(source);
            return;
        }
        var path = source.StartsWith(FromFile, StringComparison.Ordinal) ? source[FromFile.Length..] : source;
        var whole = new ValueOrigin(ValueSource.File, path);
        string text;
        try
        {
            text = BoundedFile.ReadAllText(Path.Combine(_directory, path), LargestFile);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Wrong(whole, $"the file of keys cannot be read: {exception.Message}");
            return;
        }
        var before = _entries.Count + _errors.Count;
        if (text.AsSpan().TrimStart().StartsWith("["))
            ReadJson(text, path);
        else
            ReadLines(text, path);
        if (_entries.Count + _errors.Count == before)
            Wrong(whole, $"no key in {path}: write one on each line, or a name and a key");
    }

    private void ReadStore(string source)
    {
        var origin = new ValueOrigin(ValueSource.File, source);
        if (_store is null)
        {
            Wrong(origin, "the encrypted store is for the program headgate; here keys come from env:NAME or file:PATH");
            return;
        }
        try
        {
            foreach (var entry in _store(source[Scalars.FromStore.Length..]))
                Add(origin, entry.Secret.Name, entry.Secret.Reveal(), entry.Limits, entry.Weight);
        }
        catch (ConfigurationException wrong)
        {
            _errors.AddRange(wrong.Errors);
        }
    }

    private void ReadLines(string text, string path)
    {
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (IsHopeless(path))
                return;
            var trimmed = line.Trim([' ', '\t', '\r']);
            if (trimmed.Length == 0 || trimmed[0] == '#')
                continue;
            var origin = new ValueOrigin(ValueSource.File, path, number);
            var parts = trimmed.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length > 2)
                Wrong(origin, $"{parts.Length} words where a line is a key, or a name and a key; a key with spaces in it goes into a JSON file");
            else
                Add(origin, parts.Length == 2 ? parts[0] : null, parts[^1]);
        }
    }

    private void ReadJson(string text, string path)
    {
        if (ConfigurationParser.ReadFile(Encoding.UTF8.GetBytes(text), path, _errors) is not { } root)
            return;
        foreach (var item in root.Items)
        {
            if (IsHopeless(path))
                return;
            if (item.Kind != JsonValueKind.Object)
            {
                Wrong(item.Origin, "each key is an object {\"name\", \"value\", \"limits\", \"weight\"}", item.Pointer);
                continue;
            }
            foreach (var (name, member) in item.Members)
                if (!Members.Contains(name))
                    // Where quotes were forgotten, a name is what should have been the value: it is not shown.
                    Wrong(member.Origin, $"unknown member{NearestName.Suggest(name, Members)}", item.Pointer);
            var value = ReadText(item, "value");
            if (value is null)
                Wrong(item.Origin, "the key has no \"value\"", item.Pointer);
            else
                Add(item.Member("value")!.Origin, ReadText(item, "name"), value, ReadLimits(item.Member("limits")), ReadWeight(item.Member("weight")));
        }
    }

    private string? ReadText(ConfigurationNode item, string name)
    {
        if (item.Member(name) is not { } node)
            return null;
        if (node.Kind == JsonValueKind.String)
            return node.Text;
        Wrong(node.Origin, "must be a text", node.Pointer);
        return name == "value" ? "" : null;
    }

    private ValueList<Limit>? ReadLimits(ConfigurationNode? node)
    {
        if (node is null)
            return null;
        var limits = new List<Limit>();
        if (node.Kind != JsonValueKind.Array)
            Wrong(node.Origin, "must be a list of limits, for example [\"5000/h\"]", node.Pointer);
        foreach (var item in node.Items)
        {
            if (Limit.TryParse(item.Kind == JsonValueKind.String ? item.Text : null, out var limit, out var problem))
                limits.Add(limit!);
            else
                Wrong(item.Origin, problem!, item.Pointer);
        }
        return [.. limits];
    }

    private int ReadWeight(ConfigurationNode? node)
    {
        if (node is null)
            return 1;
        if (node.Kind == JsonValueKind.Number && int.TryParse(node.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var weight) && weight is >= 1 and <= 1000)
            return weight;
        Wrong(node.Origin, "must be a whole number from 1 to 1000", node.Pointer);
        return 1;
    }

    private void Add(ValueOrigin origin, string? name, string value, ValueList<Limit>? limits = null, int weight = 1)
    {
        if (value.StartsWith(FromVariable, StringComparison.Ordinal))
        {
            var variable = value[FromVariable.Length..];
            if (!_environment.TryGetValue(variable, out var given))
            {
                Wrong(origin, $"the environment variable \"{Excerpt.Of(variable)}\" is not set");
                return;
            }
            // Secret stores like to end a value with a line end that nobody means.
            (name, value) = (name ?? variable, given.TrimEnd('\r', '\n'));
        }
        name ??= $"key-{++_unnamed}";
        if (FindFault(origin, name, value) is { } fault)
        {
            Wrong(origin, fault);
            return;
        }
        _names.Add(name, origin);
        _nameOfValue.Add(value, name);
        _entries.Add(new KeyEntry(new KeySecret(name, value), limits, weight));
    }

    /// <summary>Why a text cannot be the name of a key; null if it can.</summary>
    public static string? FindFaultOfName(string name) =>
        name.Length is 0 or > 100 || name.AsSpan().ContainsAnyExceptInRange('!', '~') ? "the name of the key must be 1 to 100 printable ASCII characters without spaces"
        // JSON that was taken for lines has the key itself where a name would be.
        : name.AsSpan().ContainsAny(OfJson) ? "the name of the key has one of { } [ ] \" , in it; if this is JSON, the file must begin with ["
        : null;

    private string? FindFault(ValueOrigin origin, string name, string value)
    {
        if (FindFaultOfName(name) is { } wrong)
            return wrong;
        if (KeySecret.FindFault(value) is { } fault)
            return $"the value of key \"{name}\" {fault}";
        if (_names.TryGetValue(name, out var first))
            return $"the name \"{name}\" is taken by the key at {first}; give each key its own";
        return _nameOfValue.TryGetValue(value, out var other)
            ? $"the same value as key \"{other}\" at {_names[other]}; one key twice would be used at twice its limits"
            : null;
    }

    private bool IsHopeless(string path)
    {
        if (_errors.Count < MostErrors)
            return false;
        Wrong(new ValueOrigin(ValueSource.File, path), $"{MostErrors} errors and perhaps more: what comes after them was not looked at");
        return true;
    }

    private void Wrong(ValueOrigin origin, string message, string pointer = "") => _errors.Add(new ConfigurationError(origin, pointer, message));
}
