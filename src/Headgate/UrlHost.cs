namespace Headgate;

/// <summary>What a URL says of its server.</summary>
internal static class UrlHost
{
    /// <summary>Whether its name can be asked for: <c>http://xn--a-ä.example</c> is read as a URL, and has no form in ASCII.</summary>
    public static bool IsKnown(Uri url)
    {
        try
        {
            return url.IdnHost.Length > 0;
        }
        catch (UriFormatException)
        {
            return false;
        }
    }
}
