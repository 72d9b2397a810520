using System.Text;
using Headgate.Quotas;

namespace Headgate.Caching;

/// <summary>
/// What of a query string does not matter, as an answer's <c>No-Vary-Search</c> says (draft-ietf-httpbis-no-vary-search): the order of its keys, some
/// parameters, or all but some. A field that says anything else says nothing.
/// </summary>
internal sealed class NoVarySearch
{
    private readonly bool _ignoresOrder;
    private readonly bool _ignoresOthers;
    private readonly string[] _names;

    private NoVarySearch(bool ignoresOrder, bool ignoresOthers, string[] names)
    {
        (_ignoresOrder, _ignoresOthers, _names) = (ignoresOrder, ignoresOthers, names);
        var text = new StringBuilder(ignoresOrder ? "o" : "").Append(ignoresOthers ? '+' : '-');
        foreach (var name in names)
            text.Append(Uri.EscapeDataString(name)).Append('&');
        Text = text.ToString();
    }

    /// <summary>The same for rules that say the same.</summary>
    public string Text { get; }

    /// <summary>The rule that has this <see cref="Text"/>.</summary>
    public static NoVarySearch Of(string text)
    {
        var names = text.TrimStart('o')[1..].Split('&', StringSplitOptions.RemoveEmptyEntries);
        return new NoVarySearch(text.StartsWith('o'), text.TrimStart('o').StartsWith('+'), [.. names.Select(Uri.UnescapeDataString)]);
    }

    /// <summary>The rule of an answer; null where all of the query counts.</summary>
    public static NoVarySearch? Of(FieldList answer)
    {
        if (answer.Combined("No-Vary-Search") is not { } text || !StructuredList.IsDictionary(text))
            return null;
        var ignoresOrder = false;
        string[]? ignored = null, counted = null;
        var list = new StructuredList(text);
        while (list.NextMember(out var key, out var item))
            switch (key)
            {
                case "key-order" when item.Type == StructuredType.Boolean: ignoresOrder = item.Number == 1; break;
                case "params" when item.Type == StructuredType.InnerList: ignored = Names(item.Text); break;
                case "except" when item.Type == StructuredType.InnerList: counted = Names(item.Text); break;
                case "key-order" or "params" or "except": return null;
            }
        if ((ignored is not null && counted is not null) || (ignored is null && counted is null && !ignoresOrder))
            return null;
        if ((ignored ?? counted ?? []).Contains(null))
            return null;
        return new NoVarySearch(ignoresOrder, counted is not null, [.. (ignored ?? counted ?? []).Distinct().Order(StringComparer.Ordinal)]);
    }

    /// <summary>A query as far as it counts: the same text for all that mean the same.</summary>
    /// <param name="query">With or without its question mark.</param>
    public string Simplify(string query)
    {
        var pairs = new List<(string Key, string Value)>();
        foreach (var piece in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = piece.IndexOf('=', StringComparison.Ordinal);
            var key = Decoded(equals < 0 ? piece : piece[..equals]);
            if (_names.Contains(key) == _ignoresOthers)
                pairs.Add((key, equals < 0 ? "" : Decoded(piece[(equals + 1)..])));
        }
        IEnumerable<(string Key, string Value)> counted = _ignoresOrder ? pairs.OrderBy(pair => pair.Key, StringComparer.Ordinal) : pairs;
        return string.Join('&', counted.Select(pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value)}"));
    }

    private static string[]? Names(ReadOnlySpan<char> inside)
    {
        var names = new List<string>();
        var list = new StructuredList(inside);
        while (list.NextInnerItem(out var item))
            names.Add(item.Type == StructuredType.String ? Decoded(QuotedText.Unescaped(item.Text)) : null!);
        return [.. names];
    }

    // As forms are written: a plus is a space.
    private static string Decoded(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
