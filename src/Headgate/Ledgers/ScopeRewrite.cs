using Headgate.Time;

namespace Headgate.Ledgers;

/// <summary>
/// Writes a scope's file anew with what still matters: sends of other boots under their own clocks, then those of this boot, then what is in flight.
/// </summary>
internal static class ScopeRewrite
{
    /// <summary>Up to so many sends are kept exactly.</summary>
    private const int ExactSends = 4096;

    /// <summary>Above that, sends that lie within a thousandth of their age share one record.</summary>
    private const int GrainOfAge = 1000;

    /// <summary>What a rewritten file holds.</summary>
    /// <param name="Logs">The content so far.</param>
    /// <param name="Header">The header of this process.</param>
    /// <param name="Clock">The time by which sends are too old.</param>
    /// <param name="KeepSinceNs">What arrived before this is dropped; null drops nothing.</param>
    /// <param name="LateOfOpenUs">What is in flight counts as arriving then; null if it belongs to this process and goes on.</param>
    internal sealed record Content(IReadOnlyList<ScopeLog> Logs, ScopeHeader Header, RestartClock Clock, long? KeepSinceNs, long? LateOfOpenUs);

    /// <summary>Writes the file aside, for the caller to give it its name; returns the header it got.</summary>
    public static ScopeHeader Write(string path, Content content, bool isToDisk)
    {
        var isCut = false;
        var others = new List<ScopeSegment>();
        var (settled, open) = (new List<ScopeSend>(), new List<ScopeSend>());
        foreach (var segment in content.Logs.SelectMany(log => log.Segments))
        {
            var kept = segment.Settled.FindAll(send => content.KeepSinceNs is not { } since || ScopeRestore.Proven(send.LateUs!.Value, segment.Header, content.Clock) >= since);
            isCut |= kept.Count < segment.Settled.Count;
            open.AddRange(segment.Open.Values);
            if (MachineBoot.IsSame(segment.Header.Boot, content.Clock.Boot))
                settled.AddRange(kept);
            else if (kept.Count > 0)
                others.Add(Copy(segment.Header, kept));
        }
        if (content.LateOfOpenUs is { } late)
        {
            // In flight when their process died, perhaps in another boot: they count in this one.
            settled.AddRange(open.Select(send => send with { SentUs = Math.Min(send.SentUs, content.Clock.NowNs / Clock.Microsecond), LateUs = late }));
            open.Clear();
        }
        settled.Sort((a, b) => a.LateUs!.Value.CompareTo(b.LateUs!.Value));
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
        foreach (var segment in others)
            WriteSegment(file, segment.Header, segment.Settled, []);
        var header = isCut ? content.Header with { SinceUs = Math.Max(content.Header.SinceUs ?? long.MinValue, content.KeepSinceNs!.Value / Clock.Microsecond) } : content.Header;
        WriteSegment(file, header, Coalesced(settled, content.Clock.NowNs / Clock.Microsecond), open);
        file.Flush(isToDisk);
        return header;
    }

    /// <summary>
    /// Merges neighbours so that no limit's window moves by more than a thousandth: a merged send lasts from the first sent to the last late, and
    /// costs the sum. Only what is old enough merges widely, so a file grows with the logarithm of its age.
    /// </summary>
    public static List<ScopeSend> Coalesced(List<ScopeSend> byLate, long nowUs)
    {
        if (byLate.Count <= ExactSends)
            return byLate;
        var merged = new List<ScopeSend>();
        foreach (var send in byLate)
        {
            var last = merged.Count > 0 ? merged[^1] : default;
            var sent = Math.Min(last.SentUs, send.SentUs);
            if (merged.Count > 0 && send.LateUs - sent <= (nowUs - send.LateUs) / GrainOfAge)
                merged[^1] = new ScopeSend(0, sent, send.LateUs, UnitCost.Sum(last.Costs, send.Costs));
            else
                merged.Add(send);
        }
        return merged;
    }

    private static ScopeSegment Copy(ScopeHeader header, List<ScopeSend> kept)
    {
        var copy = new ScopeSegment(header);
        copy.Settled.AddRange(kept);
        return copy;
    }

    private static void WriteSegment(FileStream file, ScopeHeader header, List<ScopeSend> settled, List<ScopeSend> open)
    {
        file.Write(header.Write());
        foreach (var send in settled)
        {
            // Both records of a settled send stand together, so that one number does for all of them.
            file.Write(Sent(0, send.SentUs, send.Costs));
            file.Write(Late(0, send.LateUs!.Value, null));
        }
        foreach (var send in open)
            file.Write(Sent(send.Number, send.SentUs, send.Costs));
    }

    /// <summary>The record before a send.</summary>
    public static ReadOnlySpan<byte> Sent(long number, long sentUs, UnitCost[]? costs) =>
        Utf8Line.Begin().Number("{\"m\":"u8, sentUs).Number(",\"n\":"u8, number).Cost(costs).Raw("}\n"u8).Bytes;

    /// <summary>The record when the last moment of its arrival is known.</summary>
    public static ReadOnlySpan<byte> Late(long number, long lateUs, UnitCost[]? actual)
    {
        var line = Utf8Line.Begin().Number("{\"n\":"u8, number).Number(",\"late\":"u8, lateUs);
        if (actual is { Length: > 0 })
            line.Raw(",\"cost\":"u8).Costs(actual);
        return line.Raw("}\n"u8).Bytes;
    }
}
