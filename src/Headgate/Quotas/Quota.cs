using Headgate.Limits;

namespace Headgate.Quotas;

/// <summary>What the time that an answer tells with a quota is the time of.</summary>
internal enum QuotaReset
{
    /// <summary>The end of the window: all of it comes back at once (GitHub, X, most others).</summary>
    WindowEnd,

    /// <summary>All of it has come back, little by little (OpenAI, Anthropic).</summary>
    Full,

    /// <summary>Some of it comes back; nobody knows how much (<c>t</c> of the IETF draft, Akamai).</summary>
    More,
}

/// <summary>One quota of a server, as far as one answer tells of it. Immutable; equality is by value.</summary>
internal sealed record Quota
{
    /// <summary>The server's name for it, or its unit; with <see cref="QuotaReport.Resource"/> it says which quota of several this is.</summary>
    public string Name { get; init; } = Limits.Limit.Requests;

    /// <summary>What is counted, named as limits name units: <c>requests</c>, <c>tokens</c>, <c>input_tokens</c>, <c>points</c>, <c>content_bytes</c>.</summary>
    public string Unit { get; init; } = Limits.Limit.Requests;

    /// <summary>How much of the unit is allowed, 0 or more.</summary>
    public long? Limit { get; init; }

    /// <summary>How much of it was left when the server answered, 0 or more.</summary>
    public long? Remaining { get; init; }

    /// <summary>How long until <see cref="Reset"/>, counted from the receipt of the answer; rounded up by what the header leaves open.</summary>
    public TimeSpan? ResetsIn { get; init; }

    /// <summary>A period P shows in <see cref="ResetsIn"/> as at most P and this: the rounding of the header, of <c>Date</c>, and ours.</summary>
    public TimeSpan Slack { get; init; }

    public QuotaReset Reset { get; init; }

    /// <summary>The length of the window, where it is told.</summary>
    public TimeSpan? Window { get; init; }

    /// <summary>How much of the unit comes back per second, where it is told: the server keeps a bucket of <see cref="Limit"/>.</summary>
    public decimal? Refill { get; init; }

    /// <summary>It counts what is in flight at once.</summary>
    public bool IsConcurrency { get; init; }

    /// <summary>How much is used, as the server counts.</summary>
    public long? Used => Limit is { } limit && Remaining is { } remaining ? Math.Max(0, limit - remaining) : null;
}
