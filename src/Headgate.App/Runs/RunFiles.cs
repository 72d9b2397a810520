using Headgate.App.CommandLine;
using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.Ledgers;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>
/// What an earlier run of the same input left, and which lines are therefore still to do: a finished line is not sent again, a changed or
/// missing one is refused, one that may have been sent is marked.
/// </summary>
internal sealed class RunFiles
{
    private readonly RunOptions _options;
    private readonly HashSet<string> _maybeSent = [];
    private readonly HashSet<long> _maybeSentLines = [];

    private RunFiles(RunOptions options) => _options = options;

    /// <summary>The results so far; null if there are none.</summary>
    public ResultIndex? Done { get; private set; }

    public bool IsResume { get; private set; }

    /// <summary>What was mended, for the user.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Looks at the files of a run with results; makes the ledger, or goes on with it and locks it.</summary>
    /// <exception cref="CommandException">Results without a ledger, or those of another input.</exception>
    /// <exception cref="LedgerException">Another process runs the same, or the ledger cannot be read.</exception>
    public static async Task<(RunFiles Files, LedgerWriter? Ledger)> OpenAsync(RunOptions options, LedgerHeader header, TimeProvider time, CancellationToken cancellation)
    {
        var files = new RunFiles(options);
        if (options.Results is not { } results)
            return (files, null);
        if (!File.Exists(options.LedgerPath))
        {
            if (File.Exists(results) && new FileInfo(results).Length > 0 && !options.Fresh)
                throw new CommandException(ExitCode.Configuration, $"{results} is there, but not its ledger {options.LedgerPath}: what it holds cannot be told from what is missing. Name another file with -o, or overwrite it with --fresh");
            File.Delete(results);
            return (files, LedgerWriter.Create(options.LedgerPath, header, time));
        }
        var ledger = LedgerWriter.Resume(options.LedgerPath, time, out var past);
        try
        {
            if (options.Fresh)
            {
                // While the old one is locked nobody else can begin in its place.
                File.Delete(results);
                File.Delete(options.LedgerPath);
                ledger.Dispose();
                return (files, LedgerWriter.Create(options.LedgerPath, header, time));
            }
            await files.ReadAsync(results, past, header, cancellation);
            ledger.WriteHeader(header with { IsResume = true });
            return (files, ledger);
        }
        catch
        {
            ledger.Dispose();
            throw;
        }
    }

    /// <summary>What is to be done with a line; null if it has its result.</summary>
    /// <exception cref="CommandException">It was another line when its result was written.</exception>
    public bool IsToDo(InputLine line, out bool maybeSent)
    {
        maybeSent = _maybeSent.Contains(line.Key) || (line.Request?.Id is null && _maybeSentLines.Contains(line.Number));
        if (Done is null)
            return true;
        switch (Done.Match(line, out var entry))
        {
            case ResultMatch.Changed:
                throw new CommandException(ExitCode.Configuration, $"line {line.Number} of {_options.Input} has changed since its result was written to {_options.Results}; undo the change, or begin anew with --fresh");
            case ResultMatch.New:
                return true;
            default:
                maybeSent = false;
                return _options.RetryFailed && !entry.Ok;
        }
    }

    private async Task ReadAsync(string results, LedgerPast past, LedgerHeader header, CancellationToken cancellation)
    {
        if (past.Damage.Count > 0)
            throw new CommandException(ExitCode.Disk, $"{_options.LedgerPath}: line {past.Damage[0].Line} is damaged ({past.Damage[0].Reason}): what was sent cannot be told. Begin anew with --fresh");
        if (past.LastHeader?.Input is { } input && header.Input is { } now && input.Path != now.Path)
            throw new CommandException(ExitCode.Configuration, $"{results} holds the results of {input.Path}, not of {now.Path}; name another file with -o, or overwrite it with --fresh");
        IsResume = true;
        if (past.Torn is not null)
            Notes.Add("the last record of the ledger was torn, and was cut off");
        foreach (var intent in past.Unended)
        {
            if (intent.Id is { } id)
                _maybeSent.Add(id);
            else if (intent.Line is { } line)
                _maybeSentLines.Add(line);
        }
        if (!File.Exists(results))
            return;
        if (ResultRepair.MendTail(results) is > 0 and var cut)
            Notes.Add($"the last result was torn ({cut} bytes), and was cut off");
        Done = await ResultIndex.ReadAsync(results, cancellation);
    }
}
