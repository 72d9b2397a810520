namespace Headgate.Ledgers;

/// <summary>What a ledger tells a run that goes on with it.</summary>
internal sealed class LedgerPast
{
    private LedgerPast() { }

    public LedgerHeader? FirstHeader { get; private set; }

    /// <summary>The header of the last run.</summary>
    public LedgerHeader? LastHeader { get; private set; }

    /// <summary>The highest number of an attempt; 0 if there was none.</summary>
    public long HighestNumber { get; private set; }

    public long Intents { get; private set; }

    /// <summary>
    /// The attempts with an intent and no end, in order: what may have been sent and is not known to be answered. Some of their lines may have a
    /// result, since that is written before the end.
    /// </summary>
    public IReadOnlyList<LedgerIntent> Unended { get; private set; } = [];

    /// <summary>A last line that a dying process left unfinished.</summary>
    public LedgerDamage? Torn { get; private set; }

    /// <summary>Lines that are no records although others follow: something else than a run has written here, or the disk is failing.</summary>
    public IReadOnlyList<LedgerDamage> Damage { get; private set; } = [];

    /// <summary>Reads a ledger to its end.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="LedgerException">It is no ledger.</exception>
    public static LedgerPast Read(string path)
    {
        using var reader = LedgerReader.Open(path);
        var past = new LedgerPast();
        var open = new SortedDictionary<long, LedgerIntent>();
        while (reader.Read())
        {
            if (past.FirstHeader is null && reader.Kind != LedgerRecordKind.Header)
                throw NoLedger(path, reader);
            past.Take(reader, open);
        }
        past.Torn = reader.Torn;
        past.Damage = reader.Damage;
        past.Unended = [.. open.Values];
        // A run that died in its very first write leaves a beginning of a header, and has sent nothing.
        if (past.FirstHeader is null && (past.Damage.Count > 0 || past.Torn is { Offset: > 0 }))
            throw NoLedger(path, reader);
        return past;
    }

    private static LedgerException NoLedger(string path, LedgerReader reader)
    {
        var reason = reader.Damage.Count > 0 ? $": {reader.Damage[0].Reason}" : "";
        return new($"{path}: line 1 is not the header of a ledger ({{\"headgate\":\"ledger\",…}}){reason}; name the ledger of a run, usually RESULTS.ledger") { Path = path };
    }

    private void Take(LedgerReader reader, SortedDictionary<long, LedgerIntent> open)
    {
        switch (reader.Kind)
        {
            case LedgerRecordKind.Header:
                FirstHeader ??= reader.Header;
                LastHeader = reader.Header;
                break;
            case LedgerRecordKind.Intent:
                Intents++;
                HighestNumber = Math.Max(HighestNumber, reader.Intent.Number);
                open[reader.Intent.Number] = reader.Intent;
                break;
            case LedgerRecordKind.End:
                open.Remove(reader.End.Number);
                break;
            default:
                break;
        }
    }
}
