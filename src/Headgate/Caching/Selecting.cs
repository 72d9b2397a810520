using System.Globalization;

namespace Headgate.Caching;

/// <summary>
/// The fields of a request that an answer was chosen by, as its <c>Vary</c> says (RFC 9111 §4.1), and what they said then. Values that mean the same
/// are the same: spaces, several lines for one, and, where that is known, letter case and order.
/// </summary>
internal sealed class Selecting
{
    /// <summary>That of an answer for everybody.</summary>
    public static readonly Selecting Nothing = new([], [], []);

    /// <summary>That of an answer that was chosen by more than a cache can see: it matches no request.</summary>
    public static readonly Selecting Never = new(["*"], [null], [null]);

    private readonly string[] _names;
    private readonly string?[] _written;
    private readonly string?[] _meant;

    private Selecting(string[] names, string?[] written, string?[] meant) => (_names, _written, _meant) = (names, written, meant);

    public IReadOnlyList<string> Names => _names;

    public IEnumerable<string> Values => _written.Concat(_meant).OfType<string>();

    /// <summary>What the request said in those fields; null for those that it did not have.</summary>
    public IReadOnlyList<string?> Written => _written;

    /// <summary>What was written down of one: its names and what the request said.</summary>
    public static Selecting Restored(string[] names, string?[] written) => names.Length == 0 ? Nothing : new(names, written, [.. names.Zip(written, Meaning)]);

    /// <summary>What an answer was chosen by; null for more than a cache can see, which never matches.</summary>
    public static Selecting? Of(FieldList answer, FieldList request)
    {
        var names = new List<string>();
        foreach (var member in answer.Members("Vary"))
        {
            if (member is "*")
                return null;
            var name = member.ToString().ToLowerInvariant();
            if (!names.Contains(name))
                names.Add(name);
        }
        if (names.Count == 0)
            return Nothing;
        string?[] written = [.. names.Select(request.Combined)];
        return new Selecting([.. names], written, [.. names.Zip(written, Meaning)]);
    }

    /// <summary>What a request says in some fields, as one text: the same of those that mean the same.</summary>
    public static string Said(IReadOnlyList<string> names, FieldList request) => names.Count == 0 ? "" : string.Concat(
        from name in names.Order(StringComparer.Ordinal)
        let meant = Meaning(name, request.Combined(name))
        where meant is not null
        select $"{name}={meant}\n");

    /// <summary>Whether a request would have been given the same answer.</summary>
    /// <param name="request">Its headers.</param>
    /// <param name="language">The language of the answer; null if it says none.</param>
    public bool Matches(FieldList request, string? language)
    {
        if (this == Never)
            return false;
        for (var i = 0; i < _names.Length; i++)
        {
            var written = request.Combined(_names[i]);
            if (written != _written[i] && Meaning(_names[i], written) != _meant[i] && !(_names[i] == "accept-language" && Prefers(written, language)))
                return false;
        }
        return true;
    }

    private static string? Meaning(string name, string? written) => written is null ? null : name switch
    {
        "accept-encoding" or "accept-language" or "accept-charset" => Preferences(written.ToLowerInvariant()),
        "accept" => Preferences(written),
        _ => string.Join(',', Members(written)),
    };

    private static string Preferences(string written) =>
        string.Join(',', Members(written).Select(Weighed).OrderByDescending(item => item.Weight).ThenBy(item => item.Name, StringComparer.Ordinal).Select(item => $"{item.Name};q={item.Weight.ToString(CultureInfo.InvariantCulture)}"));

    /// <summary>Whether a language is what a request prefers to all others.</summary>
    private static bool Prefers(string? written, string? language)
    {
        if (written is null || language is null || language.Contains(',', StringComparison.Ordinal))
            return false;
        var items = Members(written).Select(Weighed).ToList();
        var best = items.Where(item => item.Name.Equals(language.Trim(), StringComparison.OrdinalIgnoreCase)).Select(item => item.Weight).FirstOrDefault();
        return best > 0 && items.Count(item => item.Weight >= best) == 1;
    }

    private static (string Name, decimal Weight) Weighed(string member)
    {
        var pieces = member.Split(';', StringSplitOptions.TrimEntries);
        var weight = 1m;
        var name = pieces[0];
        foreach (var parameter in pieces.Skip(1))
            if (parameter.StartsWith("q=", StringComparison.OrdinalIgnoreCase) && decimal.TryParse(parameter[2..], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var given))
                weight = given / 1.000m;
            else
                name += $";{parameter}";
        return (name, weight);
    }

    private static List<string> Members(string written)
    {
        var members = new List<string>();
        foreach (var member in new ListMembers(new FieldList(new Field("", written)), ""))
            members.Add(member.ToString());
        return members;
    }
}
