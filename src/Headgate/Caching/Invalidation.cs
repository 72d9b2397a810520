namespace Headgate.Caching;

/// <summary>What an answer to an unsafe method says to be changed (RFC 9111 §4.4).</summary>
internal static class Invalidation
{
    /// <summary>The URLs: that of the request, and of the same origin what it says to be the place of the result. None if it failed, or changes nothing.</summary>
    public static IReadOnlyList<string> Of(CacheRequest request, int status, FieldList answer)
    {
        if (Methods.IsSafe(request.Method) || status is < 200 or >= 400)
            return [];
        var urls = new List<string> { request.Key.Url };
        foreach (var name in new[] { "Location", "Content-Location" })
            if (answer.First(name) is { } location && Uri.TryCreate(request.Uri, location, out var uri) && IsSameOrigin(uri, request.Uri) && !urls.Contains(CacheKey.UrlOf(uri)))
                urls.Add(CacheKey.UrlOf(uri));
        return urls;
    }

    private static bool IsSameOrigin(Uri one, Uri other) => one.Scheme == other.Scheme && one.IdnHost.Equals(other.IdnHost, StringComparison.OrdinalIgnoreCase) && one.Port == other.Port;
}
