using System.Globalization;
using System.Text;
using System.Text.Json;
using Headgate.Configuration;
using Headgate.Limits;

namespace Headgate.Proxies;

/// <summary>
/// Reads proxies: a URL a line, <c>#</c> begins a comment; or a JSON array of URLs and of <c>{url, country, exit, weight, limits}</c>; or such an
/// array in <c>{"proxies": […]}</c>, as addresses answer. No message ever shows a password.
/// </summary>
internal sealed class ProxyFile
{
    private const string FromFile = "file:";
    private const int LargestFile = 16 << 20;
    private const int MostErrors = 100;
    private static readonly string[] Members = ["url", "country", "exit", "weight", "limits"];

    /// <summary>
    /// An address answered: whoever manages a pool has more to tell than we ask for, by the same words or others. Only URL and country count, and
    /// what is no proxy is passed over while there are others.
    /// </summary>
    private readonly bool _isForeign;
    private readonly List<ConfigurationError> _errors = [];
    private readonly List<ProxyEntry> _entries = [];
    private readonly Dictionary<ProxyEndpoint, ValueOrigin> _places = [];
    private readonly Dictionary<string, int> _names = [];

    /// <summary>The first proxy of each exit that is named.</summary>
    private readonly Dictionary<string, ProxyEntry> _exits = [];

    private ProxyFile(bool isForeign) => _isForeign = isForeign;

    /// <summary>Reads all proxies of a source that is no address.</summary>
    /// <param name="source"><c>store:POOL</c>, or a path with <c>file:</c> before it or without.</param>
    /// <param name="store">Reads a pool of the encrypted store; null where there is none.</param>
    /// <exception cref="ConfigurationException">It cannot be read, has no proxy, or has a line that is none: all errors together, each with file and line.</exception>
    public static IReadOnlyList<ProxyEntry> Read(string source, Func<string, IReadOnlyList<ProxyEntry>>? store = null)
    {
        if (source.StartsWith(Scalars.FromStore, StringComparison.Ordinal))
            return store is not null ? store(source[Scalars.FromStore.Length..])
                : throw new ConfigurationException(new ValueOrigin(ValueSource.File, source), "the encrypted store is for the program headgate; here proxies come from file:PATH or an address");
        var file = new ProxyFile(isForeign: false);
        file.ReadSource(source.StartsWith(FromFile, StringComparison.Ordinal) ? source[FromFile.Length..] : source);
        return file.All();
    }

    /// <summary>Reads a list that is our own, in JSON.</summary>
    /// <param name="json">The list.</param>
    /// <param name="place">Where it is from.</param>
    /// <exception cref="ConfigurationException">Something in it is wrong: all errors together.</exception>
    public static IReadOnlyList<ProxyEntry> ReadList(byte[] json, string place)
    {
        var file = new ProxyFile(isForeign: false);
        file.ReadJson(json, place);
        return file.All();
    }

    /// <summary>The proxies of a pool but for those that an address tells.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="read">Reads one of its sources.</param>
    public static IReadOnlyList<ProxyEntry> Of(ProxyPoolConfiguration pool, Func<string, IReadOnlyList<ProxyEntry>> read) =>
        Join(pool.From.Where(source => !IsAddress(source)).SelectMany(read));

    /// <summary>Whether a source is asked over HTTP, and not read here.</summary>
    public static bool IsAddress(string source) => !source.StartsWith(FromFile, StringComparison.Ordinal) && !source.StartsWith(Scalars.FromStore, StringComparison.Ordinal);

    /// <summary>Reads what an address answered.</summary>
    /// <param name="json">The body.</param>
    /// <param name="address">Where it came from.</param>
    /// <exception cref="ConfigurationException">It is no list of proxies.</exception>
    public static IReadOnlyList<ProxyEntry> ReadAnswer(byte[] json, string address)
    {
        var file = new ProxyFile(isForeign: true);
        file.ReadJson(json, address);
        return file._errors.Count == 0 || file._entries.Count > 0 ? file._entries : throw new ConfigurationException(file._errors);
    }

    /// <summary>Several lists as one, each proxy once and each name for one.</summary>
    public static IReadOnlyList<ProxyEntry> Join(IEnumerable<ProxyEntry> entries)
    {
        var (names, joined) = (new HashSet<string>(), new List<ProxyEntry>());
        foreach (var entry in entries.DistinctBy(entry => entry.Endpoint).Take(ProxyPoolConfiguration.LargestPool))
        {
            var name = entry.Name;
            for (var number = 2; !names.Add(name); number++)
                name = Numbered(entry.Endpoint.Name, number);
            joined.Add(name == entry.Name ? entry : entry with { Name = name });
        }
        return joined;
    }

    private List<ProxyEntry> All() => _errors.Count == 0 ? _entries : throw new ConfigurationException(_errors);

    private void ReadSource(string path)
    {
        string text;
        try
        {
            text = BoundedFile.ReadAllText(path, LargestFile);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Wrong(new ValueOrigin(ValueSource.File, path), $"the file of proxies cannot be read: {exception.Message}");
            return;
        }
        var before = _entries.Count + _errors.Count;
        if (text.AsSpan().TrimStart() is ['[' or '{', ..])
            ReadJson(Encoding.UTF8.GetBytes(text), path);
        else
            ReadLines(text, path);
        if (_entries.Count + _errors.Count == before)
            Wrong(new ValueOrigin(ValueSource.File, path), $"no proxy in {path}: write one on each line, for example http://proxy.example:3128");
    }

    private void ReadLines(string text, string path)
    {
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var trimmed = line.Trim([' ', '\t', '\r']);
            if (trimmed.Length == 0 || trimmed[0] == '#')
                continue;
            if (IsHopeless(path))
                return;
            Add(new ValueOrigin(ValueSource.File, path, number), trimmed, static entry => entry);
        }
    }

    private void ReadJson(byte[] json, string path)
    {
        if (ConfigurationParser.ReadFile(json, path, _errors) is not { } root)
            return;
        var list = root.Kind == JsonValueKind.Object ? root.Member("proxies") : root;
        if (list is not { Kind: JsonValueKind.Array })
        {
            Wrong((list ?? root).Origin, "is neither a list of proxies nor {\"proxies\": […]}", (list ?? root).Pointer);
            return;
        }
        foreach (var item in list.Items)
        {
            if (IsHopeless(path))
                return;
            if (item.Kind == JsonValueKind.String)
                Add(item.Origin, item.Text!, static entry => entry);
            else if (item.Kind == JsonValueKind.Object)
                ReadItem(item);
            else
                Wrong(item.Origin, "each proxy is a URL, or an object {\"url\", \"country\", \"exit\", \"weight\", \"limits\"}", item.Pointer);
        }
    }

    private void ReadItem(ConfigurationNode item)
    {
        foreach (var (name, member) in item.Members)
            if (!_isForeign && !Members.Contains(name))
                Wrong(member.Origin, $"unknown member{NearestName.Suggest(name, Members)}", item.Pointer);
        if (item.Member("url") is not { Kind: JsonValueKind.String, Text: { } url } given)
        {
            Wrong(item.Origin, "the proxy has no \"url\"", item.Pointer);
            return;
        }
        var country = ReadCountry(item.Member("country"));
        if (_isForeign)
        {
            Add(given.Origin, url, entry => entry with { Country = country });
            return;
        }
        var (exit, weight, limits) = (ReadExit(item.Member("exit")), ReadWeight(item.Member("weight")), ReadLimits(item.Member("limits")));
        Add(given.Origin, url, entry => entry with { Country = country, Exit = exit, Weight = weight, Limits = limits });
    }

    private string? ReadCountry(ConfigurationNode? node)
    {
        if (node is null or { Kind: JsonValueKind.Null })
            return null;
        if (node is { Kind: JsonValueKind.String, Text: { Length: 2 } text } && text.All(char.IsAsciiLetter))
            return text.ToUpperInvariant();
        // Somebody else's list may call it otherwise: then the proxy is of no country that we know.
        if (!_isForeign)
            Wrong(node.Origin, "must be a country of two letters (ISO 3166), for example \"DE\"", node.Pointer);
        return null;
    }

    private string? ReadExit(ConfigurationNode? node)
    {
        if (node is null or { Kind: JsonValueKind.Null })
            return null;
        if (node is { Kind: JsonValueKind.String, Text: { Length: > 0 and <= 100 } text } && !text.AsSpan().ContainsAnyExceptInRange('!', '~'))
            return text;
        Wrong(node.Origin, "must be 1 to 100 printable ASCII characters without spaces, for example the address that servers see", node.Pointer);
        return null;
    }

    private int ReadWeight(ConfigurationNode? node)
    {
        if (node is null or { Kind: JsonValueKind.Null })
            return 1;
        if (node.Kind == JsonValueKind.Number && int.TryParse(node.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var weight) && weight is >= 1 and <= 1000)
            return weight;
        Wrong(node.Origin, "must be a whole number from 1 to 1000", node.Pointer);
        return 1;
    }

    private ValueList<Limit>? ReadLimits(ConfigurationNode? node)
    {
        if (node is null or { Kind: JsonValueKind.Null })
            return null;
        var limits = new List<Limit>();
        if (node.Kind != JsonValueKind.Array)
            Wrong(node.Origin, "must be a list of limits, for example [\"5/s\"]", node.Pointer);
        foreach (var item in node.Items)
            if (!Limit.TryParse(item.Kind == JsonValueKind.String ? item.Text : null, out var limit, out var problem) || (problem = ProxySettings.FindFault(limit!)) is not null)
                Wrong(item.Origin, problem!, item.Pointer);
            else
                limits.Add(limit!);
        return [.. limits];
    }

    private void Add(ValueOrigin origin, string url, Func<ProxyEntry, ProxyEntry> complete)
    {
        if (!ProxyEndpoint.TryParse(url, out var endpoint, out var problem))
            Wrong(origin, $"the proxy {problem}");
        else if (_places.TryGetValue(endpoint, out var first))
            // Somebody else's list that names one twice means it once.
            WrongUnlessForeign(origin, $"the proxy is the one at {first}; one proxy twice would be used at twice its limits");
        else if (_entries.Count >= ProxyPoolConfiguration.LargestPool)
            WrongUnlessForeign(origin, $"there are more than {ProxyPoolConfiguration.LargestPool} proxies");
        else
        {
            _places.Add(endpoint, origin);
            var entry = complete(new ProxyEntry(endpoint)) with { Name = NameOf(endpoint, _names) };
            if (entry.Exit is { } exit && !_exits.TryAdd(exit, entry) && _exits[exit] is var other && other.Limits != entry.Limits)
                Wrong(origin, $"the proxy has other limits than {other.Name}, which has the same exit; the limits of an exit are the same for all its proxies");
            _entries.Add(entry);
        }
    }

    private static string NameOf(ProxyEndpoint endpoint, Dictionary<string, int> names)
    {
        var name = endpoint.Name;
        var count = names[name] = names.GetValueOrDefault(name) + 1;
        return count == 1 ? name : Numbered(name, count);
    }

    private static string Numbered(string name, int number) => string.Create(CultureInfo.InvariantCulture, $"{name}#{number}");

    private bool IsHopeless(string path)
    {
        if (_isForeign || _errors.Count < MostErrors)
            return false;
        Wrong(new ValueOrigin(ValueSource.File, path), $"{MostErrors} errors and perhaps more: what comes after them was not looked at");
        return true;
    }

    private void WrongUnlessForeign(ValueOrigin origin, string message)
    {
        if (!_isForeign)
            Wrong(origin, message);
    }

    private void Wrong(ValueOrigin origin, string message, string pointer = "") => _errors.Add(new ConfigurationError(origin, pointer, message));
}
