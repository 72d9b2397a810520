using System.Diagnostics.CodeAnalysis;

namespace Headgate.Keys;

/// <summary>
/// Where a key goes in a request: <c>Authorization: Bearer {key}</c>, <c>X-Api-Key: {key}</c> or <c>?api_key={key}</c>.
/// Immutable; equality is by value.
/// </summary>
internal sealed record KeyTemplate
{
    private const string Place = "{key}";
    private const string Forms = "write \"Authorization: Bearer {key}\", \"X-Api-Key: {key}\" or \"?api_key={key}\"";

    // What a template without {key} holds may be the key itself: messages give positions and never the text.
    public const string Expects = "a key template such as \"Authorization: Bearer {key}\", \"X-Api-Key: {key}\" or \"?api_key={key}\"";

    /// <summary>The template of those who give none.</summary>
    public static readonly KeyTemplate Bearer = Parse("Authorization: Bearer {key}");

    private readonly string _before;
    private readonly string _after;

    private KeyTemplate(string? header, string? parameter, string value)
    {
        (Header, Parameter) = (header, parameter);
        var at = value.IndexOf(Place, StringComparison.Ordinal);
        (_before, _after) = (value[..at], value[(at + Place.Length)..]);
    }

    /// <summary>The header that carries the key; null when it is a query parameter.</summary>
    public string? Header { get; }

    /// <summary>The query parameter that carries the key; null when it is a header.</summary>
    public string? Parameter { get; }

    /// <exception cref="FormatException">The text is no template; the message does not show it, since it may hold a key.</exception>
    public static KeyTemplate Parse(string text) =>
        TryParse(text, out var template, out var problem) ? template : throw new FormatException(problem);

    public static bool TryParse(string text, [NotNullWhen(true)] out KeyTemplate? template, [NotNullWhen(false)] out string? problem)
    {
        template = null;
        var trimmed = text.Trim(' ');
        var isQuery = trimmed.StartsWith('?');
        var split = trimmed.IndexOf(isQuery ? '=' : ':', StringComparison.Ordinal);
        problem = split < 0
            ? $"the key template has no \"{(isQuery ? '=' : ':')}\"; {Forms}"
            : FindFault(trimmed, isQuery, split);
        if (problem is not null)
            return false;
        var name = trimmed[(isQuery ? 1 : 0)..split];
        var value = trimmed[(split + 1)..].Trim(' ');
        template = isQuery ? new KeyTemplate(null, name, value) : new KeyTemplate(name, null, value);
        return true;
    }

    /// <summary>Puts the key into a request in the place of whatever is there: the header is replaced, or the parameter of the URL.</summary>
    public void Apply(HttpRequestMessage request, KeySecret secret)
    {
        if (Header is not null)
        {
            request.Headers.Remove(Header);
            request.Headers.TryAddWithoutValidation(Header, _before + secret.Reveal() + _after);
        }
        else
        {
            request.RequestUri = Apply(request.RequestUri ?? throw new InvalidOperationException("The request has no URL."), secret);
        }
    }

    /// <summary>The URL with the key in it, percent-encoded; the URL itself when the key goes into a header. The rest of the query stays letter for letter.</summary>
    public Uri Apply(Uri url, KeySecret secret)
    {
        if (Parameter is null)
            return url;
        var ours = $"{Uri.EscapeDataString(Parameter)}={Uri.EscapeDataString(_before + secret.Reveal() + _after)}";
        var parts = new List<string>();
        var placed = false;
        foreach (var part in url.Query.Length > 1 ? url.Query[1..].Split('&') : [])
        {
            if (!IsOurs(part))
                parts.Add(part);
            else if (!placed)
                parts.Add(ours);
            placed |= IsOurs(part);
        }
        if (!placed)
            parts.Add(ours);
        return new Uri($"{url.GetLeftPart(UriPartial.Path)}?{string.Join('&', parts)}");
    }

    public override string ToString() => Header is null ? $"?{Parameter}={_before}{Place}{_after}" : $"{Header}: {_before}{Place}{_after}";

    private bool IsOurs(string part)
    {
        var end = part.IndexOf('=', StringComparison.Ordinal);
        return Uri.UnescapeDataString(end < 0 ? part : part[..end]) == Parameter;
    }

    private static string? FindFault(string text, bool isQuery, int split)
    {
        var first = text.AsSpan().IndexOfAnyExceptInRange(' ', '~');
        if (first >= 0)
            return $"the key template has a character at position {first + 1} that is not printable ASCII";
        var start = isQuery ? 1 : 0;
        if (split == start)
            return $"the key template has no name before the \"{text[split]}\"; {Forms}";
        for (var i = start; i < split; i++)
            if (isQuery ? text[i] is '&' or '#' or ' ' : !IsTokenLetter(text[i]))
                return $"the name of the {(isQuery ? "parameter" : "header")} has a \"{text[i]}\" at position {i + 1}, which it may not; {Forms}";
        if (!isQuery && !CanCarry(text[..split]))
            return "that header is written by HTTP itself and cannot carry a key; use Authorization or a header of the API's own";
        var value = text.AsSpan(split + 1);
        return value.Count(Place) switch
        {
            0 => $"the key template has no {{key}} after the name; {Forms}",
            1 => isQuery && value.IndexOfAny('&', '#') is var at && at >= 0 ? $"the key template has a \"{value[at]}\" at position {split + at + 2}; it is for one parameter" : null,
            _ => $"the key template has more than one {{key}}; {Forms}",
        };
    }

    // RFC 9110 §5.6.2
    private static bool IsTokenLetter(char letter) => char.IsAsciiLetterOrDigit(letter) || "!#$%&'*+-.^_`|~".Contains(letter, StringComparison.Ordinal);

    private static bool CanCarry(string header)
    {
        if (header.ToUpperInvariant() is "HOST" or "CONNECTION" or "TRANSFER-ENCODING" or "TE" or "TRAILER" or "UPGRADE" or "EXPECT")
            return false;
        using var probe = new HttpRequestMessage();
        return probe.Headers.TryAddWithoutValidation(header, "x"); // Refuses those that describe the body.
    }
}
