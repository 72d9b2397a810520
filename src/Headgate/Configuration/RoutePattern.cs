namespace Headgate.Configuration;

/// <summary>
/// The paths that belong to a route: <c>/search/**</c>. A segment is compared however it is encoded (<see cref="UrlPath.Plain"/>); <c>*</c> stands for one segment,
/// <c>**</c> for any number of them, none included. Immutable; equality is by value.
/// </summary>
/// <remarks>Letter case counts (RFC 3986 §6.2.2.1), a final slash does not.</remarks>
internal sealed class RoutePattern : IEquatable<RoutePattern>
{
    public const string Expects = "a pattern of a path that begins with a slash: \"/search/**\"";

    /// <summary>Every path.</summary>
    public static readonly RoutePattern All = new("/**");

    private readonly string _text;
    private readonly string[] _segments;

    private RoutePattern(string text) => (_text, _segments) = (text, Array.ConvertAll(text.Split('/', StringSplitOptions.RemoveEmptyEntries), static segment => UrlPath.Plain(UrlPath.Encoded(segment))));

    public static bool TryParse(string text, out RoutePattern pattern, out string? problem)
    {
        pattern = All;
        problem = !text.StartsWith('/') ? $"\"{Excerpt.Of(text)}\" is not {Expects}"
            : text.Contains('?', StringComparison.Ordinal) || text.Contains('#', StringComparison.Ordinal) ? $"\"{Excerpt.Of(text)}\" has a query or fragment; a route is told by its path and method"
            : Array.Find(text.Split('/'), segment => segment.Contains('*', StringComparison.Ordinal) && segment is not ("*" or "**")) is { } mixed ? $"\"{Excerpt.Of(text)}\": \"{Excerpt.Of(mixed)}\" mixes * with letters; * stands for a whole segment, ** for any number"
            : null;
        if (problem is not null)
            return false;
        pattern = new RoutePattern(text);
        return true;
    }

    /// <summary>Whether a path, as <see cref="UrlPath.Plain"/> gives it, belongs to it. Takes time in proportion to the path times the length of the pattern, whatever the path.</summary>
    public bool Holds(ReadOnlySpan<char> path)
    {
        // The usual way of wildcards: on a mismatch go back to the last **, and no further, and let it swallow one segment more.
        var (at, back) = (0, -1);
        ReadOnlySpan<char> rest = path, swallowed = path;
        while (true)
        {
            var after = rest;
            var isThere = Next(ref after, out var segment);
            var wanted = at < _segments.Length ? _segments[at] : null;
            if (wanted == "**")
            {
                back = ++at;
                swallowed = rest;
            }
            else if (isThere && wanted is not null && (wanted == "*" || segment.SequenceEqual(wanted)))
            {
                at++;
                rest = after;
            }
            else if (!isThere && wanted is null)
                return true;
            else if (back < 0 || !Next(ref swallowed, out _))
                return false;
            else
            {
                at = back;
                rest = swallowed;
            }
        }
    }

    public bool Equals(RoutePattern? other) => other is not null && _text == other._text;

    public override bool Equals(object? obj) => Equals(obj as RoutePattern);

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => _text;

    private static bool Next(ref ReadOnlySpan<char> path, out ReadOnlySpan<char> segment)
    {
        path = path.TrimStart('/');
        var end = path.IndexOf('/');
        segment = end < 0 ? path : path[..end];
        path = path[segment.Length..];
        return !segment.IsEmpty;
    }
}
