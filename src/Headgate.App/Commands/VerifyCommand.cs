using System.CommandLine;
using System.Security.Cryptography;
using Headgate.App.CommandLine;
using Headgate.App.Verify;
using Headgate.Ledgers;
using Headgate.Limits;

namespace Headgate.App.Commands;

/// <summary><c>headgate verify</c>: proves from a ledger that no limit was exceeded and no line lost, or says where.</summary>
internal static class VerifyCommand
{
    private sealed record Question(string Ledger, string? Input, string? Results, List<Limit> Limits, string? Log);

    public static Command Create()
    {
        var ledger = new Argument<string>("LEDGER") { Description = "The ledger of a run: RESULTS.ledger." };
        var input = new Option<string?>("--input") { HelpName = "FILE", Description = "The file of requests; without it the one that the ledger names." };
        var results = new Option<string?>("--results") { HelpName = "FILE", Description = "The file of results; without it the one that the ledger names." };
        var limits = new Option<string[]>("--limit") { HelpName = "LIMIT", Description = "Audit this limit for every API in place of what the ledger declares; repeat for several." };
        var log = new Option<string?>("--log") { HelpName = "ACCESS_LOG", Description = "Audit the arrivals in a server's access log too: combined format, or lines that begin with the time." };
        var json = new Option<bool>("--json") { Description = "The report as one JSON object." };
        var command = new Command("verify", """
            Proves from the ledger of a run that no limit was exceeded and no line lost.

            No placement of the arrivals within what is known of them may exceed a window, and every line has exactly one result.
            Exit 0 if so, 9 if not, 4 if a file is damaged, 7 if one cannot be read.
            """)
        { ledger, input, results, limits, log, json };
        command.SetAction(parsed =>
        {
            var report = Answer(new Question(parsed.GetRequiredValue(ledger), parsed.GetValue(input), parsed.GetValue(results), Read(parsed.GetValue(limits)), parsed.GetValue(log)));
            if (parsed.GetValue(json))
                VerifyJson.Write(report, parsed.InvocationConfiguration.Output);
            else
                VerifyText.Write(report, parsed.InvocationConfiguration.Output);
            return (int)report.ExitCode;
        });
        return command;
    }

    private static List<Limit> Read(string[]? texts)
    {
        var limits = new List<Limit>();
        foreach (var text in texts ?? [])
            limits.Add(Limit.TryParse(text, out var limit, out var wrong) ? limit! : throw new CommandException(ExitCode.Configuration, wrong!));
        return limits;
    }

    private static VerifyReport Answer(Question question)
    {
        LedgerTimeline ledger;
        try
        {
            ledger = TimelineReader.Read(question.Ledger);
        }
        catch (LedgerException noLedger)
        {
            throw new CommandException(ExitCode.Input, noLedger.Message);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Disk, error.Message);
        }
        var ofLog = question.Log is null ? [] : LimitsOfLog(ledger, question.Limits);
        var report = new VerifyReport { Ledger = ledger, Limits = LedgerAudit.Run(ledger, question.Limits.Count > 0 ? question.Limits : null) };
        // The attempts are done with; a million lines take their room.
        ledger.Attempts.Clear();
        ledger.Attempts.TrimExcess();
        return WithLog(WithLines(report, question), question.Log, ofLog);
    }

    /// <summary>What the server sees of a ledger's limits: those of the API that it is.</summary>
    private static IReadOnlyList<Limit> LimitsOfLog(LedgerTimeline ledger, List<Limit> given)
    {
        var upstreams = ledger.Lanes.Select(lane => lane.Upstream).Distinct().ToList();
        if (given.Count > 0 || upstreams.Count == 0)
            return given;
        return upstreams.Count == 1
            ? ledger.Limits.GetValueOrDefault(upstreams[0])?[^1].Limits ?? []
            : throw new CommandException(ExitCode.Usage, $"the ledger has sends to {upstreams.Count} APIs ({string.Join(", ", upstreams)}), and the log is of one: say with --limit which limits its server has");
    }

    private static VerifyReport WithLines(VerifyReport report, Question question)
    {
        var header = report.Ledger.Headers[^1];
        var input = question.Input ?? Locate(header.Input?.Path, question.Ledger);
        var results = question.Results ?? Locate(header.Results, question.Ledger);
        if (input is null or "-")
            return report with { LinesNote = "not compared: the requests came from standard input; name a copy with --input" };
        if (results is null or "-")
            return report with { LinesNote = "not compared: the results went to standard output; name a copy with --results" };
        try
        {
            var lines = LineAudit.Run(input, results);
            if (question.Input is null && header.Input is { Hash.Length: > 0 } known && HashOf(input) != known.Hash.Split(':')[^1])
                report.Ledger.Notes.Add($"{input} is not what it was when the run began");
            return report with { Lines = lines };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return report with { Unread = [.. report.Unread, error.Message] };
        }
    }

    private static VerifyReport WithLog(VerifyReport report, string? log, IReadOnlyList<Limit> limits)
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
