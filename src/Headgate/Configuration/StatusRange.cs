using System.Globalization;

namespace Headgate.Configuration;

/// <summary>A status code (<c>408</c>), or a class of them (<c>5xx</c>); both ends are included.</summary>
internal readonly record struct StatusRange(int First, int Last)
{
    public const string Expects = "a status: a number from 100 to 599, or a class such as \"5xx\"";

    public bool Contains(int status) => status >= First && status <= Last;

    public static bool TryParse(ReadOnlySpan<char> text, out StatusRange range)
    {
        range = default;
        text = text.Trim();
        if (text.Length != 3 || text[0] is < '1' or > '5')
            return false;
        if (text[1..].Equals("xx", StringComparison.OrdinalIgnoreCase))
        {
            var first = (text[0] - '0') * 100;
            range = new StatusRange(first, first + 99);
            return true;
        }
        // The runtime passes over nulls at the end.
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var status) || status < 100)
            return false;
        range = new StatusRange(status, status);
        return true;
    }

    public override string ToString() => First == Last ? First.ToString(CultureInfo.InvariantCulture) : $"{First / 100}xx";
}
