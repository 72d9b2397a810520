using Headgate.Limits;

namespace Headgate.Quotas;

/// <summary>Everything one answer tells of the server's limits. Immutable. Made by <see cref="QuotaReader"/>, completed by <see cref="QuotaBody"/>.</summary>
internal sealed record QuotaReport
{
    /// <summary>Nothing, as most answers.</summary>
    public static readonly QuotaReport None = new();

    /// <summary>A 429 and no word more.</summary>
    public static readonly QuotaReport BareRefusal = new() { Refused = true };

    /// <summary>How long the server asks to wait, counted from the receipt; never shortened. Only of answers of 400 and above.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>
    /// The answer is a refusal by a limit, also where its status alone does not say so: 429; 503 or 403 with a wait; 403 with nothing left;
    /// an error of which the server says that it throttles, whatever the status.
    /// </summary>
    public bool Refused { get; init; }

    /// <summary>Whether the server advises to try again, where it says so.</summary>
    public bool? ShouldRetry { get; init; }

    /// <summary>Which part of the API the quotas and the wait are about (<c>search</c> at GitHub, a bucket at Discord); null for all of it.</summary>
    public string? Resource { get; init; }

    /// <summary>The wait concerns the whole API, whatever <see cref="Resource"/> says.</summary>
    public bool IsGlobal { get; init; }

    /// <summary>What the request came to in <c>points</c>, where the body tells.</summary>
    public long? ActualPoints { get; init; }

    public IReadOnlyList<Quota> Quotas { get; init; } = [];

    /// <summary>How long everybody who shares the limit should wait after a refusal: what was asked for, else until what is used up comes back.</summary>
    public TimeSpan? Pause => RetryAfter ?? (Refused ? UntilSomeIsBack() : null);

    private TimeSpan? UntilSomeIsBack()
    {
        TimeSpan? longest = null;
        foreach (var quota in Quotas)
            if (quota is { Remaining: 0, IsConcurrency: false, ResetsIn: { } wait })
            {
                // Where it comes back little by little, one request needs one part of it.
                if (quota is { Reset: QuotaReset.Full, Unit: Limit.Requests, Limit: > 0 and var limit })
                    wait = new TimeSpan((wait.Ticks - 1) / limit + 1);
                longest = longest > wait ? longest : wait;
            }
        return longest;
    }
}
