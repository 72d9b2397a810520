using System.Collections.Frozen;

namespace Headgate.Caching;

/// <summary>Which header lines of an answer are stored, and how those of a later one change them (RFC 9111 §3.1, §3.2).</summary>
internal static class StoredFields
{
    /// <summary>Those of one connection, or of one proxy.</summary>
    private static readonly FrozenSet<string> OfTheHop = new[]
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Those of the bytes that are stored: a later answer without a body does not change these.</summary>
    private static readonly FrozenSet<string> OfTheBody = new[] { "Content-Length", "Content-Encoding", "Content-Range" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>What is stored of an answer: all but what is of the hop, and what must not be given to others unasked.</summary>
    /// <param name="rules">Those of the cache.</param>
    /// <param name="directives">Those of the answer that count for it.</param>
    /// <param name="answer">All lines.</param>
    /// <param name="receivedAt">Milliseconds since the Unix epoch: its date, if it says none (RFC 9110 §6.6.1).</param>
    public static FieldList Of(CacheRules rules, CacheDirectives directives, FieldList answer, long receivedAt)
    {
        var left = new HashSet<string>(directives.NoCacheFields, StringComparer.OrdinalIgnoreCase);
        if (rules.IsShared)
            left.UnionWith(directives.PrivateFields);
        foreach (var nominated in answer.Members("Connection"))
            left.Add(nominated.ToString());
        var stored = answer.Where(field => !OfTheHop.Contains(field.Name) && !left.Contains(field.Name));
        return stored.Has("Date") ? stored : stored.And("Date", DateTimeOffset.FromUnixTimeMilliseconds(receivedAt).ToString("r"));
    }

    /// <summary>The stored lines with those of a later answer in the place of all of the same name; its age is not the later one's.</summary>
    public static FieldList Updated(FieldList stored, FieldList later)
    {
        var names = later.Where(field => !OfTheBody.Contains(field.Name)).Select(field => field.Name).Append("Age").ToHashSet(StringComparer.OrdinalIgnoreCase);
        return new FieldList([.. stored.Where(field => !names.Contains(field.Name)), .. later.Where(field => !OfTheBody.Contains(field.Name))]);
    }
}
