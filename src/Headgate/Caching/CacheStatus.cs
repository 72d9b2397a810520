using System.Text;

namespace Headgate.Caching;

/// <summary>What a cache says of an answer it gives (RFC 9211).</summary>
internal readonly record struct CacheStatus
{
    public const string Name = "Cache-Status";

    public bool IsHit { get; init; }

    /// <summary>Why the API was asked; none if it was not.</summary>
    public ForwardReason Forward { get; init; }

    /// <summary>What the API said then, where that is not what is given.</summary>
    public int? ForwardStatus { get; init; }

    /// <summary>Seconds that the answer is fresh for; negative where it is not.</summary>
    public long? Ttl { get; init; }

    public bool IsStored { get; init; }

    /// <summary>It was asked for together with others.</summary>
    public bool IsCollapsed { get; init; }

    public string? Key { get; init; }

    public string? Detail { get; init; }

    /// <summary>The member of the list; behind those of caches nearer to the API.</summary>
    /// <param name="cache">The name of the cache.</param>
    public string Format(string cache)
    {
        var text = new StringBuilder(cache);
        if (IsHit)
            text.Append("; hit");
        else if (Forward != ForwardReason.None)
            text.Append("; fwd=").Append(Word(Forward));
        if (!IsHit && ForwardStatus is { } status)
            text.Append("; fwd-status=").Append(status);
        if (Ttl is { } ttl)
            text.Append("; ttl=").Append(ttl);
        if (IsStored && !IsHit)
            text.Append("; stored");
        if (IsCollapsed && !IsHit)
            text.Append("; collapsed");
        if (Key is { } key)
            text.Append("; key=").Append(QuotedText.Quoted(key));
        if (Detail is { } detail)
            text.Append("; detail=").Append(QuotedText.Quoted(detail));
        return text.ToString();
    }

    /// <summary>How RFC 9211 calls a reason.</summary>
    public static string Word(ForwardReason reason) => reason switch
    {
        ForwardReason.Bypass => "bypass",
        ForwardReason.Method => "method",
        ForwardReason.UriMiss => "uri-miss",
        ForwardReason.VaryMiss => "vary-miss",
        ForwardReason.Request => "request",
        ForwardReason.Stale => "stale",
        ForwardReason.Partial => "partial",
        _ => "miss",
    };
}
