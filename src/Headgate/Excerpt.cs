namespace Headgate;

/// <summary>What messages show of a text that somebody gave.</summary>
internal static class Excerpt
{
    private const int Longest = 80;

    /// <summary>The text, cut where it is too long to be read.</summary>
    public static string Of(string text) => text.Length <= Longest ? text : text[..Longest] + "…";
}
