using System.Text.Json;

namespace Headgate.Ledgers;

/// <summary>A send as a scope's file has it, in microseconds of its boot.</summary>
/// <param name="Number">The attempt's number, if it may still end.</param>
/// <param name="SentUs">When its first byte left.</param>
/// <param name="LateUs">When it had arrived at the latest; null while unanswered.</param>
/// <param name="Costs">What it cost; null is one request.</param>
internal readonly record struct ScopeSend(long Number, long SentUs, long? LateUs, UnitCost[]? Costs);

/// <summary>What one process, or the rewriting of several, has put into a scope's file.</summary>
internal sealed class ScopeSegment(ScopeHeader header)
{
    public ScopeHeader Header => header;

    /// <summary>The sends whose end is known.</summary>
    public List<ScopeSend> Settled { get; } = [];

    /// <summary>The sends that are in flight, or were when the process died, by number.</summary>
    public SortedDictionary<long, ScopeSend> Open { get; } = [];
}

/// <summary>The content of a scope's file.</summary>
internal sealed class ScopeLog
{
    public List<ScopeSegment> Segments { get; } = [];

    /// <summary>Why records may be missing; null if the file is whole, but for a last line that was never finished.</summary>
    public string? Damage { get; private set; }

    /// <summary>The last line was never finished.</summary>
    public bool IsTorn { get; private set; }

    /// <summary>Reads a file; an absent one is a scope never seen.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ScopeLog Read(string path)
    {
        try
        {
            return Read(LockedFile.OpenToRead(path), isEmptyDamaged: true);
        }
        catch (FileNotFoundException)
        {
            return new ScopeLog();
        }
    }

    /// <summary>The process that wrote last, as far as the file tells.</summary>
    public static int? LastPid(string path)
    {
        try
        {
            return Read(path).Segments.LastOrDefault()?.Header.Pid;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads what there is of a file up to a length.</summary>
    public static ScopeLog ReadStart(string path, long length)
    {
        using var file = LockedFile.OpenToRead(path);
        var bytes = new byte[length];
        file.ReadExactly(bytes);
        return Read(new MemoryStream(bytes), isEmptyDamaged: false);
    }

    private static ScopeLog Read(Stream file, bool isEmptyDamaged)
    {
        using var lines = new RecordLines(file);
        var log = new ScopeLog();
        var parser = new RecordParser();
        while (lines.Read())
        {
            if (!lines.IsWhole)
                log.IsTorn = true;
            else if (log.TryTake(lines.Line, parser) is { } reason)
                log.Damage ??= $"line {lines.Number}: {reason}";
        }
        // A header goes to disk before the file gets its name, so a file without one lost it.
        if (isEmptyDamaged && log.Segments.Count == 0)
            log.Damage ??= "the header is missing";
        return log;
    }

    private string? TryTake(ReadOnlySpan<byte> line, RecordParser parser)
    {
        try
        {
            return Take(line, parser);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            return error.Message;
        }
    }

    private string? Take(ReadOnlySpan<byte> line, RecordParser parser)
    {
        var kind = parser.Parse(line);
        if (kind == LedgerRecordKind.Header)
        {
            Segments.Add(new ScopeSegment(ScopeHeader.Read(line)));
            return null;
        }
        if (Segments.Count == 0)
            return "the header is missing";
        var segment = Segments[^1];
        if (kind == LedgerRecordKind.Intent)
        {
            segment.Open[parser.Intent.Number] = new ScopeSend(parser.Intent.Number, parser.Intent.SentUs, null, parser.Intent.Cost);
            return null;
        }
        if (kind != LedgerRecordKind.End)
            return "no record of a scope";
        // An end whose send is not here belongs to one that was dropped as damaged or never written: there is nothing to count.
        if (segment.Open.Remove(parser.End.Number, out var sent))
            segment.Settled.Add(sent with { LateUs = parser.End.LateUs, Costs = UnitCost.Settled(sent.Costs, parser.End.Cost) });
        return null;
    }
}
