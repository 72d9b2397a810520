using System.Text.Json;

namespace Headgate.Ledgers;

internal enum LedgerRecordKind
{
    Header,
    Intent,
    End,
    Limits,
    Step,
    ServerClock,
    Learned,

    /// <summary>A JSON object this program does not know.</summary>
    Other,
}

/// <summary>A line that is no record although others follow it.</summary>
/// <param name="Line">Its number, from 1.</param>
/// <param name="Offset">Where it begins, in bytes.</param>
/// <param name="Reason">What is wrong with it.</param>
internal sealed record LedgerDamage(long Line, long Offset, string Reason);

/// <summary>
/// Reads the records of a ledger one by one, also while a run is writing it. Not thread-safe.
/// </summary>
/// <remarks>
/// A process that dies in a write leaves the beginning of a record at the end of the file. Its send never happened: the record is
/// <see cref="Torn"/>, not damage. What cannot be read anywhere else is <see cref="Damage"/>.
/// </remarks>
internal sealed class LedgerReader : IDisposable
{
    private readonly RecordLines _lines;
    private readonly RecordParser _parser = new();
    private readonly List<LedgerDamage> _damage = [];

    public LedgerReader(Stream file) => _lines = new RecordLines(file);

    public LedgerRecordKind Kind { get; private set; }

    public LedgerHeader Header { get; private set; } = new();

    public ref readonly LedgerIntent Intent => ref _parser.Intent;

    public ref readonly LedgerEnd End => ref _parser.End;

    public LedgerLimits? Limits { get; private set; }

    public LedgerStep Step { get; private set; }

    /// <summary>After a record of that kind.</summary>
    public LedgerLearned? Learned { get; private set; }

    public LedgerServerClock? ServerClock { get; private set; }

    /// <summary>The number of the present line, from 1.</summary>
    public long Line => _lines.Number;

    /// <summary>The last line, if it is torn; known when <see cref="Read"/> has said false.</summary>
    public LedgerDamage? Torn { get; private set; }

    /// <summary>What was passed over so far because it is no record.</summary>
    public IReadOnlyList<LedgerDamage> Damage => _damage;

    /// <exception cref="IOException">The file cannot be read.</exception>
    public static LedgerReader Open(string path) => new(LockedFile.OpenToRead(path));

    /// <summary>Goes to the next record; false after the last.</summary>
    public bool Read()
    {
        while (_lines.Read())
        {
            var reason = !_lines.IsWhole ? "the line has no end" : TryTake();
            if (reason is null)
            {
                Settle();
                return true;
            }
            Settle();
            Torn = new LedgerDamage(_lines.Number, _lines.Offset, reason);
        }
        return false;
    }

    public void Dispose() => _lines.Dispose();

    // Another line has come: the one that could not be read before it was not the last.
    private void Settle()
    {
        if (Torn is { } passed)
            _damage.Add(passed);
        Torn = null;
    }

    private string? TryTake()
    {
        try
        {
            Take();
            return null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException or OverflowException)
        {
            return Excerpt.Of(error.Message, 200);
        }
    }

    private void Take()
    {
        Kind = _parser.Parse(_lines.Line);
        if (Kind == LedgerRecordKind.Intent && Intent.WallUs == 0)
            throw new JsonException("the wall clock (t) is missing");
        if (Kind is LedgerRecordKind.Intent or LedgerRecordKind.End or LedgerRecordKind.Other)
            return;
        var reader = new Utf8JsonReader(_lines.Line);
        using var document = JsonDocument.ParseValue(ref reader);
        var json = document.RootElement;
        switch (Kind)
        {
            case LedgerRecordKind.Header:
                Header = LedgerHeaderJson.Read(json);
                break;
            case LedgerRecordKind.Learned:
                Learned = new LedgerLearned(json.GetProperty("scope").GetString() ?? "", json.GetProperty("learned").GetString() ?? "", json.GetProperty("m").GetInt64());
                break;
            case LedgerRecordKind.Limits:
                Limits = new LedgerLimits(LedgerHeaderJson.ReadLimits(json), json.GetProperty("m").GetInt64()) { BoundMs = LedgerHeaderJson.ReadBounds(json) };
                break;
            case LedgerRecordKind.Step:
                Step = new LedgerStep(json.GetProperty("step_us").GetInt64(), json.GetProperty("m").GetInt64());
                break;
            default:
                ServerClock = new LedgerServerClock(json.GetProperty("up").GetString() ?? "", json.GetProperty("server_us").GetInt64(), json.GetProperty("skew_us").GetInt64(), json.GetProperty("m").GetInt64());
                break;
        }
    }
}
