namespace Headgate.App.Service;

/// <summary>A URL whose path and query go out byte for byte as they came in, where a URL of the runtime would write them in a way of its own. Pure.</summary>
internal static class ExactUrl
{
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>Makes one of text; null if it is none, or has characters that no URL can have.</summary>
    /// <remarks>What the runtime would escape or leave out is refused here: nothing else stands between these characters and the request line.</remarks>
    public static Uri? Of(string text)
    {
        var host = text.IndexOf("://", StringComparison.Ordinal) + 3;
        if (host < 3 || text.AsSpan().ContainsAnyExceptInRange('!', '~') || text.Contains('#', StringComparison.Ordinal))
            return null;
        // The one thing that has to be added: nothing can be asked for without a path.
        var end = text.AsSpan(host).IndexOfAny('/', '?');
        if (end < 0 || text[host + end] == '?')
            text = text.Insert(end < 0 ? text.Length : host + end, "/");
        return Uri.TryCreate(text, AsWritten, out var url) && UrlHost.IsKnown(url) ? url : null;
    }

    /// <summary>Whether a path has segments that lead elsewhere: dots as they are or in disguise, beside slashes in disguise, which some servers read as such.</summary>
    public static bool LeadsElsewhere(string path) =>
        path.Contains('\\', StringComparison.Ordinal) || path.Split('/').Any(segment => Uri.UnescapeDataString(segment).Split('/', '\\').Any(part => part is "." or ".."));
}
