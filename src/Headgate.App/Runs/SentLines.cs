using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.Jobs;
using Headgate.Ledgers;

namespace Headgate.App.Runs;

/// <summary>What a ledger tells of lines that were sent and have no result, and of attempts nobody knows the end of.</summary>
internal sealed class SentLines
{
    /// <summary>Sent, and no end is known; or answered, and the result was lost with the power.</summary>
    private readonly Names _maybe = new();

    /// <summary>Sent, and answered in a way after which it would have been sent again, had its method allowed it.</summary>
    private readonly Names _failed = new();

    /// <summary>Sent, and no end is known, whether there is a result or not.</summary>
    private readonly Names _open = new();

    private SentLines() { }

    /// <summary>Reads a ledger.</summary>
    /// <param name="ledger">Its path.</param>
    /// <param name="done">The results there are.</param>
    public static SentLines Read(string ledger, ResultIndex? done)
    {
        var lines = new SentLines();
        var doneLines = new HashSet<long>(done?.Entries.Where(entry => !entry.HasId).Select(entry => entry.Line) ?? []);
        var open = new Dictionary<long, (string? Id, long Line)>();
        using var reader = LedgerReader.Open(ledger);
        while (reader.Read())
            if (reader.Kind == LedgerRecordKind.Intent)
                open[reader.Intent.Number] = (reader.Intent.Id, reader.Intent.Line ?? 0);
            else if (reader.Kind == LedgerRecordKind.End && open.Remove(reader.End.Number, out var ended) && !HasResult(ended))
                lines.Ended(ended, reader.End);
        foreach (var name in open.Values)
        {
            lines._open.Add(name);
            if (!HasResult(name))
                lines._maybe.Add(name);
        }
        return lines;

        bool HasResult((string? Id, long Line) name) => name.Id is { } id ? done?.Has(id) ?? false : doneLines.Contains(name.Line);
    }

    /// <summary>Whether a line without a result may have been sent, so that to send it is to send it again.</summary>
    public bool MayHaveArrived(InputLine line) => _maybe.Has(line) || (_failed.Has(line) && line.Request is { } request && !request.IsRepeatable);

    /// <summary>The same of a job by its id.</summary>
    public bool MayHaveArrived(string id, JobRequest request) => _maybe.Has(id) || (_failed.Has(id) && !request.IsRepeatable);

    /// <summary>The ids of all lines and jobs of which it tells anything.</summary>
    public IEnumerable<string> Ids => _maybe.Ids.Concat(_failed.Ids).Distinct();

    /// <summary>Whether an attempt of a line was sent whose end is not known.</summary>
    public bool IsOpen(InputLine line) => _open.Has(line);

    private void Ended((string? Id, long Line) name, in LedgerEnd end)
    {
        // A refusal was not done, and the line would have gone on to its next attempt.
        if (end.Class == WireNames.Of(FailureClass.RateLimit))
            return;
        // A body that broke off, or an answer that sends elsewhere, is not the last either, unless its method forbids another.
        var isFinal = end.Status is >= 200 and < 300 or >= 400 and < 500 and not 408 && (end.Class is null || end.Class == WireNames.Of(FailureClass.Client));
        (isFinal ? _maybe : _failed).Add(name);
    }

    private sealed class Names
    {
        private readonly HashSet<string> _ids = [];
        private readonly HashSet<long> _lines = [];

        public void Add((string? Id, long Line) name)
        {
            if (name.Id is { } id)
                _ids.Add(id);
            else
                _lines.Add(name.Line);
        }

        public IEnumerable<string> Ids => _ids;

        public bool Has(string id) => _ids.Contains(id);

        public bool Has(InputLine line) => line.Request?.Id is { } id ? _ids.Contains(id) : _lines.Contains(line.Number);
    }
}
