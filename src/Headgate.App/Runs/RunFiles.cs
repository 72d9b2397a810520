using Headgate.App.CommandLine;
using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.Ledgers;

namespace Headgate.App.Runs;

/// <summary>
/// What an earlier run of the same input left, and which lines are therefore still to do: a finished line is not sent again, a changed or
/// missing one is refused before anything is sent, one that may have been sent is marked.
/// </summary>
internal sealed class RunFiles
{
    private readonly RunOptions _options;
    private SentLines? _sent;
    private ResultIndex? _done;

    private RunFiles(RunOptions options) => _options = options;

    public bool IsResume { get; private set; }

    /// <summary>What was mended, for the user.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Some lines have, or may have, an older result beside their last.</summary>
    public bool HasReplaced => _done is not null && (_options.RetryFailed || _done.Replaced > 0);

    /// <summary>Of the lines asked for so far, those that an earlier run has finished.</summary>
    public long DoneBefore { get; private set; }

    /// <summary>Of those, the ones that are not ok.</summary>
    public long FailedBefore { get; private set; }

    /// <summary>Of those, the ones for which no key, or no proxy, was left.</summary>
    public long KeylessBefore { get; private set; }

    /// <summary>Looks at the files of a run with results; makes the ledger, or goes on with it and locks it.</summary>
    /// <param name="options">What is to be done.</param>
    /// <param name="header">The header of this run.</param>
    /// <param name="check">What the first reading of the input found; null if it can be read but once.</param>
    /// <param name="time">The time.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="CommandException">Results without a ledger, or those of another input, or of lines that have changed.</exception>
    /// <exception cref="LedgerException">Another process runs the same, or the ledger cannot be read.</exception>
    public static async Task<(RunFiles Files, LedgerWriter? Ledger)> OpenAsync(RunOptions options, LedgerHeader header, InputCheck? check, TimeProvider time, CancellationToken cancellation)
    {
        var files = new RunFiles(options);
        if (options.Results is not { } results)
            return (files, null);
        if (!File.Exists(options.LedgerPath))
        {
            ThrowIfAlone(options);
            Empty(results);
            return (files, LedgerWriter.Create(options.LedgerPath, header, time));
        }
        var ledger = LedgerWriter.Resume(options.LedgerPath, time, out var past);
        try
        {
            if (options.Fresh)
            {
                // While the old one is locked nobody else can begin in its place.
                Empty(results);
                File.Delete(options.LedgerPath);
                ledger.Dispose();
                return (files, LedgerWriter.Create(options.LedgerPath, header, time));
            }
            await files.ReadAsync(past, header, check, cancellation);
            ledger.WriteHeader(header with { IsResume = files.IsResume });
            return (files, ledger);
        }
        catch
        {
            ledger.Dispose();
            throw;
        }
    }

    /// <summary>Whether a line is to be done; otherwise it has its result.</summary>
    /// <param name="line">The line.</param>
    /// <param name="maybeSent">Whether an earlier run may have sent it.</param>
    /// <exception cref="CommandException">It was another line when its result was written.</exception>
    public bool IsToDo(InputLine line, out bool maybeSent)
    {
        maybeSent = _sent?.MayHaveArrived(line) ?? false;
        if (!TryMatch(line, out var entry))
            return true;
        if (_options.RetryFailed && !entry.Ok)
        {
            // It has a result, so only an attempt after that one counts.
            maybeSent = (_sent?.IsOpen(line) ?? false) || entry.MaybeSent || entry.Class == FailureClass.MaybeSent;
            return true;
        }
        DoneBefore++;
        FailedBefore += entry.Ok ? 0 : 1;
        KeylessBefore += entry.Class is FailureClass.Auth or FailureClass.Proxy ? 1 : 0;
        return false;
    }

    /// <summary>To be asked when all lines have come by.</summary>
    /// <exception cref="CommandException">One that has a result did not.</exception>
    public void ThrowIfGone()
    {
        if (_done?.Unmatched.DefaultIfEmpty().MinBy(entry => entry.Line) is { Line: > 0 } gone)
            throw new CommandException(ExitCode.Configuration, $"line {gone.Line} of {_options.Input} is gone or has changed since its result was written to {_options.Results}; put it back, or begin anew with --fresh");
    }

    private bool TryMatch(InputLine line, out ResultEntry entry)
    {
        entry = default;
        return _done?.Match(line, out entry) switch
        {
            ResultMatch.Done => true,
            ResultMatch.Changed => throw new CommandException(ExitCode.Configuration, $"line {line.Number} of {_options.Input} has changed since its result was written to {_options.Results}; undo the change, or begin anew with --fresh"),
            _ => false,
        };
    }

    private async Task ReadAsync(LedgerPast past, LedgerHeader header, InputCheck? check, CancellationToken cancellation)
    {
        if (past.Damage.Count > 0)
            throw new CommandException(ExitCode.Disk, $"{_options.LedgerPath}: line {past.Damage[0].Line} is damaged ({past.Damage[0].Reason}): what was sent cannot be told. Begin anew with --fresh");
        if (past.Torn is not null)
            Notes.Add("the last record of the ledger was torn, and was cut off");
        if (past.LastHeader is not { } last)
        {
            // The run died in its very first write.
            ThrowIfAlone(_options);
            return;
        }
        if (last.Input is { } input && header.Input is { } now && input.Path != now.Path)
            throw new CommandException(ExitCode.Configuration, $"{_options.Results} holds the results of {input.Path}, not of {now.Path}; name another file with -o, or overwrite it with --fresh");
        IsResume = true;
        if (File.Exists(_options.Results))
            await ReadResultsAsync(_options.Results, cancellation);
        _sent = SentLines.Read(_options.LedgerPath, _done);
        // Otherwise this input was looked at when that header was written, and all results since are of its lines.
        if (check is not null && _done is not null && last.Input?.Hash != header.Input?.Hash)
            await CheckUnchangedAsync(check, cancellation);
    }

    private async Task ReadResultsAsync(string results, CancellationToken cancellation)
    {
        try
        {
            if (ResultRepair.MendTail(results) is > 0 and var cut)
                Notes.Add($"the last result was torn ({cut} bytes), and was cut off");
            _done = await ResultIndex.ReadAsync(results, cancellation);
        }
        catch (InputException failure)
        {
            throw new CommandException(ExitCode.Disk, failure.Message);
        }
    }

    /// <summary>Before anything is sent: a line that moved would be taken for a new one.</summary>
    private async Task CheckUnchangedAsync(InputCheck check, CancellationToken cancellation)
    {
        await foreach (var line in new LineSource { DetectsDuplicates = check.BadLines > 0 }.ReadAsync(_options.Input, cancellation))
            TryMatch(line, out _);
        ThrowIfGone();
    }

    private static void ThrowIfAlone(RunOptions options)
    {
        if (!options.Fresh && !IsEmpty(options.Results!))
            throw new CommandException(ExitCode.Configuration, $"{options.Results} is there, but not its ledger {options.LedgerPath}: what it holds cannot be told from what is missing. Name another file with -o, or overwrite it with --fresh");
    }

    // A link has a length of its own. What is no file, such as /dev/stdout, holds nothing.
    private static bool IsEmpty(string path) => !File.Exists(path) || new FileInfo(Target(path)) is not { Exists: true, Length: > 0 };

    private static string Target(string path) => File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;

    // Emptied and not deleted: it may be a link, and has an owner and rights.
    private static void Empty(string path)
    {
        if (IsEmpty(path))
            return;
        try
        {
            new FileStream(path, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete).Dispose();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ResultWriteException(path, failure);
        }
    }
}
