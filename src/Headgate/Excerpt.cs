namespace Headgate;

/// <summary>What messages show of a text that somebody gave.</summary>
internal static class Excerpt
{
    /// <summary>The text, cut where it is too long to be read.</summary>
    public static string Of(string text, int longest = 80) => text.Length <= longest ? text : text[..longest] + "…";
}
