using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.Ledgers;

namespace Headgate.App.Runs;

/// <summary>What a ledger tells of lines that were sent and have no result, and of attempts nobody knows the end of.</summary>
internal sealed class SentLines
{
    private readonly LedgerSends _sends;

    private SentLines(LedgerSends sends) => _sends = sends;

    /// <summary>Reads a ledger.</summary>
    /// <param name="ledger">Its path.</param>
    /// <param name="done">The results there are.</param>
    public static SentLines Read(string ledger, ResultIndex? done)
    {
        var doneLines = new HashSet<long>(done?.Entries.Where(entry => !entry.HasId).Select(entry => entry.Line) ?? []);
        return new SentLines(LedgerSends.Read(ledger, (id, line) => id is null ? doneLines.Contains(line) : done?.Has(id) ?? false));
    }

    /// <summary>Whether a line without a result may have been sent, so that to send it is to send it again.</summary>
    public bool MayHaveArrived(InputLine line) => _sends.MayHaveArrived(line.Request?.Id, line.Number, line.Request?.IsRepeatable ?? true);

    /// <summary>Whether an attempt of a line was sent whose end is not known.</summary>
    public bool IsOpen(InputLine line) => _sends.IsOpen(line.Request?.Id, line.Number);
}
