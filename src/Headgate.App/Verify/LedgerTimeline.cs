using Headgate.Ledgers;
using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>What is declared of a scope from a moment on.</summary>
/// <param name="FromUs">The moment on the time line.</param>
/// <param name="Limits">The limits; empty if none hold any more.</param>
/// <param name="IsRestart">Whether a run began with them.</param>
internal sealed record ScopeEpoch(long FromUs, IReadOnlyList<Limit> Limits, bool IsRestart);

/// <summary>A fault of the ledger itself, or of what it tells, that is no exceeded window.</summary>
/// <param name="Attempt">The number of the attempt.</param>
/// <param name="What">What is wrong.</param>
internal sealed record LedgerFault(long Attempt, string What);

/// <summary>A whole ledger on one time line.</summary>
internal sealed class LedgerTimeline
{
    public required string Path { get; init; }

    public List<LedgerHeader> Headers { get; } = [];

    /// <summary>In the order of the file, those that were not sent among them.</summary>
    public List<Attempt> Attempts { get; } = [];

    public List<Lane> Lanes { get; } = [];

    /// <summary>What was declared, by scope.</summary>
    public Dictionary<string, List<ScopeEpoch>> Limits { get; } = [];

    /// <summary>D by API, each from a moment on, in microseconds.</summary>
    public Dictionary<string, List<(long FromUs, long BoundUs)>> Bounds { get; } = [];

    /// <summary>What was known of the clock of an API, each from a moment on.</summary>
    public Dictionary<string, List<(long FromUs, ServerOffset Clock)>> ServerClocks { get; } = [];

    /// <summary>The last moment of the run before, by the beginning of each run: it died in between.</summary>
    public Dictionary<long, long> LastBefore { get; } = [];

    /// <summary>How many attempts ended with each status, or class where there was no answer.</summary>
    public SortedDictionary<string, long> Outcomes { get; } = new(StringComparer.Ordinal);

    /// <summary>More was used than declared.</summary>
    public List<LedgerFault> Undeclared { get; } = [];

    /// <summary>Answers to attempts of which there is no intent.</summary>
    public List<LedgerFault> Unrecorded { get; } = [];

    /// <summary>Lines that cannot be read, and records that contradict one another.</summary>
    public List<LedgerDamage> Damage { get; } = [];

    /// <summary>What a reader should know.</summary>
    public List<string> Notes { get; } = [];

    public long Sent { get; set; }

    /// <summary>Recorded as about to be sent, and never sent.</summary>
    public long Unsent { get; set; }

    /// <summary>With a status.</summary>
    public long Answered { get; set; }

    /// <summary>Without an end: in flight when their process died, or now.</summary>
    public long Unended { get; set; }

    /// <summary>What is known of arrival: guaranteed, bounded or nominal.</summary>
    public string Timing => Headers.Count > 0 ? Headers[0].Timing.Split(':')[0] : "bounded";

    /// <summary>The wall clock at a moment of the time line, as the first header has it.</summary>
    public DateTimeOffset Wall(long us) => AccessLog.Wall((Int128)us + (Headers.Count > 0 ? (Int128)Headers[0].WallUs - Headers[0].MonoUs : 0));

    /// <summary>The latest entry that holds at a moment; the first, if it is later than that.</summary>
    public static T? At<T>(List<(long FromUs, T Value)>? entries, long us) where T : struct
    {
        if (entries is null or { Count: 0 })
            return null;
        var value = entries[0].Value;
        foreach (var entry in entries)
        {
            if (entry.FromUs > us)
                break;
            value = entry.Value;
        }
        return value;
    }
}
