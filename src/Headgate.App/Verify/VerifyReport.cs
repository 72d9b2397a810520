using Headgate.App.CommandLine;
using Headgate.Time;

namespace Headgate.App.Verify;

/// <summary>All that an audit found, and what it comes to.</summary>
internal sealed record VerifyReport
{
    public required LedgerTimeline Ledger { get; init; }

    public required IReadOnlyList<LimitFinding> Limits { get; init; }

    /// <summary>Input against results; null if they were not compared.</summary>
    public LineAudit? Lines { get; init; }

    /// <summary>Why they were not compared, if that is no fault.</summary>
    public string? LinesNote { get; init; }

    /// <summary>The server's own record; null without.</summary>
    public AccessLog? Log { get; init; }

    /// <summary>Files that could not be read.</summary>
    public IReadOnlyList<string> Unread { get; init; } = [];

    public bool IsExceeded => Limits.Any(limit => limit.Worst is { IsBreach: true }) || Log?.Findings.Any(limit => limit.Worst is { IsBreach: true }) == true;

    public bool IsBreach => IsExceeded || Ledger.Undeclared.Count > 0 || Ledger.Unrecorded.Count > 0 || Lines is { IsWhole: false };

    public bool IsMalformed => Ledger.Damage.Count > 0 || Lines is { Unreadable.Count: > 0 } || Log is { NotUnderstoodCount: > 0 };

    /// <summary>No placement of the arrivals exceeds any limit.</summary>
    public bool IsProven => !IsExceeded && Ledger.Undeclared.Count == 0 && Ledger.Unrecorded.Count == 0 && Ledger.Damage.Count == 0 && Limits.All(limit => limit.IsProven || limit.Worst is null);

    public ExitCode ExitCode => IsBreach ? ExitCode.Breach : Unread.Count > 0 ? ExitCode.Disk : IsMalformed ? ExitCode.Input : ExitCode.Ok;

    /// <summary>The claims on which the proof rests.</summary>
    public IEnumerable<string> Assumptions()
    {
        yield return "one send per permit: nothing between us and the server repeats a request";
        if (Ledger.Timing == "bounded")
            yield return $"a request arrives within D of its first byte: {Bounds()}";
        yield return $"nothing arrives later than {Duration.Format(Ledger.Headers[0].Straggle)} after we gave up";
        yield return "the clocks run alike within 100 ppm";
        yield return "the server limits as declared";
        yield return "all traffic of a key passes here";
    }

    private string Bounds() => Ledger.Bounds.Count == 0
        ? "D is not in the ledger"
        : string.Join(", ", Ledger.Bounds.Select(bound => $"{bound.Value.Min(b => b.BoundUs) / 1000m:0.###}{(bound.Value.Count > 1 && bound.Value.Exists(b => b.BoundUs != bound.Value[0].BoundUs) ? $" to {bound.Value.Max(b => b.BoundUs) / 1000m:0.###}" : "")} ms ({bound.Key})"));
}
