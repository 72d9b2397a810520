using System.Buffers;

namespace Headgate.Jobs;

/// <summary>What a header of a request may be (RFC 9110 §5): nothing that could smuggle a second header or request past us.</summary>
internal static class HeaderRules
{
    /// <summary>All names and values of a request together, in characters.</summary>
    public const int MaxSize = 64 * 1024;

    private static readonly SearchValues<char> TokenChars =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // Every control character but the tab.
    private static readonly SearchValues<char> Controls =
        SearchValues.Create([.. Enumerable.Range(0, 32).Where(c => c != '\t').Select(c => (char)c), '\x7f']);

    private static readonly SearchValues<char> NotInHost = SearchValues.Create(" /\\@?#");

    // Framing and the connection belong to the sender: a value from outside would contradict what is really sent.
    private static readonly Dictionary<string, string> Refused = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Content-Length"] = "it is counted from the body",
        ["Transfer-Encoding"] = "it follows from the body",
        ["Connection"] = "it belongs to the connection, not to the request",
        ["Keep-Alive"] = "it belongs to the connection, not to the request",
        ["Proxy-Connection"] = "it belongs to the connection, not to the request",
        ["Proxy-Authorization"] = "give the proxy its name and password in its URL",
        ["TE"] = "it belongs to the connection, not to the request",
        ["Trailer"] = "trailers are not sent",
        ["Upgrade"] = "a request cannot change the protocol",
    };

    public static bool IsToken(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExcept(TokenChars);

    /// <summary>Whether it belongs to framing or connection, and so can never be set.</summary>
    public static bool IsOfConnection(string name) => Refused.ContainsKey(name);

    public static void CheckName(string name)
    {
        if (!IsToken(name))
            throw new ArgumentException($"header name {RequestRules.Quote(name)} is not allowed: letters, digits and !#$%&'*+-.^_`|~ only");
        if (Refused.TryGetValue(name, out var why))
            throw new ArgumentException($"header {name} cannot be set by hand: {why}");
    }

    public static void CheckValue(string name, string value)
    {
        var at = value.AsSpan().IndexOfAny(Controls);
        if (at >= 0)
            throw new ArgumentException(
                $"the value of header {name} has a control character ({RequestRules.CodePoint(value[at])}), which could begin another header");
        if (name.Equals("Host", StringComparison.OrdinalIgnoreCase) && value.AsSpan().ContainsAny(NotInHost))
            throw new ArgumentException($"header Host must be a host name with an optional port, not {RequestRules.Quote(value)}");
    }

    public static void CheckSize(int size)
    {
        if (size > MaxSize)
            throw new ArgumentException($"headers are larger than {MaxSize / 1024} KiB together");
    }
}
