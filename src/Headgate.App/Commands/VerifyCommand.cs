using System.CommandLine;
using System.Security.Cryptography;
using Headgate.App.Verify;
using Headgate.Ledgers;
using Headgate.Limits;

namespace Headgate.App.Commands;

/// <summary><c>headgate verify</c>: proves from a ledger that no limit was exceeded and no line lost, or says where.</summary>
internal sealed class VerifyCommand
{
    private const int WrongUse = 2;
    private const int WrongLimit = 3;

    private readonly Argument<string> _ledger = new("LEDGER") { Description = "The ledger of a run: RESULTS.ledger" };
    private readonly Option<string?> _input = new("--input") { Description = "The file of requests; by default the one the ledger names", HelpName = "FILE" };
    private readonly Option<string?> _results = new("--results") { Description = "The file of results; by default the one the ledger names", HelpName = "FILE" };
    private readonly Option<string[]> _limits = new("--limit") { Description = "Audit this limit for every API, in place of the declared ones", HelpName = "LIMIT", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _log = new("--log") { Description = "Audit the arrivals in the server's access log too", HelpName = "ACCESS_LOG" };
    private readonly Option<bool> _json = new("--json") { Description = "Write the report as JSON" };

    /// <summary>The verb.</summary>
    public static Command Create() => new VerifyCommand().Build();

    private Command Build()
    {
        var command = new Command("verify", "Prove from the ledger of a run that no limit was exceeded and no line lost") { _ledger, _input, _results, _limits, _log, _json };
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var (output, errors) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        var others = new List<Limit>();
        foreach (var text in parsed.GetValue(_limits) ?? [])
        {
            if (!Limit.TryParse(text, out var limit, out var wrong))
                return Refuse(errors, wrong!, WrongLimit);
            others.Add(limit!);
        }
        LedgerTimeline ledger;
        try
        {
            ledger = TimelineReader.Read(parsed.GetRequiredValue(_ledger));
        }
        catch (LedgerException noLedger)
        {
            return Refuse(errors, noLedger.Message, VerifyReport.Malformed);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Refuse(errors, error.Message, VerifyReport.Unreadable);
        }
        List<Limit> ofLog = [.. others];
        if (parsed.GetValue(_log) is not null && others.Count == 0 && !TryLimitsOfLog(ledger, ofLog, out var unclear))
            return Refuse(errors, unclear, WrongUse);

        var report = new VerifyReport { Ledger = ledger, Limits = LedgerAudit.Run(ledger, others.Count > 0 ? others : null) };
        // The attempts are done with; a million lines take their room.
        ledger.Attempts.Clear();
        ledger.Attempts.TrimExcess();
        report = WithLog(WithLines(report, parsed.GetValue(_input), parsed.GetValue(_results)), parsed.GetValue(_log), ofLog);
        if (parsed.GetValue(_json))
            VerifyJson.Write(report, output);
        else
            VerifyText.Write(report, output);
        return report.ExitCode;
    }

    private static int Refuse(TextWriter errors, string message, int exitCode)
    {
        errors.WriteLine(message);
        return exitCode;
    }

    /// <summary>What the server sees of a ledger's limits: those of the API it is, and of everything.</summary>
    private static bool TryLimitsOfLog(LedgerTimeline ledger, List<Limit> limits, out string unclear)
    {
        var upstreams = ledger.Lanes.Select(lane => lane.Upstream).Distinct().ToList();
        unclear = $"the ledger has sends to {upstreams.Count} APIs ({string.Join(", ", upstreams)}), and the log is of one: say with --limit which limits its server has";
        if (upstreams.Count > 1)
            return false;
        foreach (var scope in upstreams)
            limits.AddRange(ledger.Limits.GetValueOrDefault(scope)?.LastOrDefault()?.Limits ?? []);
        return true;
    }

    private static VerifyReport WithLines(VerifyReport report, string? input, string? results)
    {
        var header = report.Ledger.Headers[^1];
        var inputPath = input ?? Locate(header.Input?.Path, report.Ledger.Path);
        var resultsPath = results ?? Locate(header.Results, report.Ledger.Path);
        if (inputPath is null or "-")
            return report with { LinesNote = "not compared: the requests came from standard input; name a copy with --input" };
        if (resultsPath is null or "-")
            return report with { LinesNote = "not compared: the results went to standard output; name a copy with --results" };
        try
        {
            var lines = LineAudit.Run(inputPath, resultsPath);
            if (input is null && header.Input is { } known && known.Hash.Length > 0 && HashOf(inputPath) != known.Hash.Split(':')[^1])
                report.Ledger.Notes.Add($"{inputPath} is not what it was when the run began");
            return report with { Lines = lines };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return report with { Unread = [.. report.Unread, error.Message] };
        }
    }

    private static VerifyReport WithLog(VerifyReport report, string? log, List<Limit> limits)
    {
        if (log is null)
            return report;
        try
        {
            return report with { Log = AccessLog.Read(log, limits) };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return report with { Unread = [.. report.Unread, error.Message] };
        }
    }

    /// <summary>A path as the run had it; where it is not there, beside the ledger, so that a copied folder can be verified.</summary>
    private static string? Locate(string? path, string ledger)
    {
        if (path is null or "-" || File.Exists(path))
            return path;
        var beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(ledger))!, Path.GetFileName(path));
        return File.Exists(beside) ? beside : path;
    }

    private static string HashOf(string path)
    {
        using var file = LockedFile.OpenToRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
