namespace Headgate.Caching;

/// <summary>What methods do (RFC 9110 §9.2.1, and the registry of methods); one that nobody knows may do anything.</summary>
internal static class Methods
{
    public static bool IsSafe(string method) => method is "GET" or "HEAD" or "OPTIONS" or "TRACE" or "QUERY" or "PROPFIND" or "REPORT" or "SEARCH";
}
