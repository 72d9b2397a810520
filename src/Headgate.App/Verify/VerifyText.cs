using System.Globalization;

namespace Headgate.App.Verify;

/// <summary>An audit for people.</summary>
internal static class VerifyText
{
    private const int ShortestName = 12;
    private const int LongestName = 40;

    public static void Write(VerifyReport report, TextWriter output)
    {
        var ledger = report.Ledger;
        var first = ledger.Headers[0];
        var width = Math.Min(LongestName, Math.Max(ShortestName, report.Limits.Select(limit => limit.Scope.Length).DefaultIfEmpty().Max()));
        Row("ledger", $"{ledger.Path}: {Count(ledger.Headers.Count, "run")} from {Time(ledger.Wall(first.MonoUs))}");
        Row("sends", $"{ledger.Sent}: {ledger.Answered} answered, {ledger.Sent - ledger.Answered - ledger.Unended} failed without an answer, {ledger.Unended} without an end{(ledger.Unsent > 0 ? $"; {ledger.Unsent} more recorded and never sent" : "")}");
        if (ledger.Outcomes.Count > 0)
            Row("answers", string.Join(", ", ledger.Outcomes.Select(outcome => $"{outcome.Key} × {outcome.Value}")));
        foreach (var limit in report.Limits)
            Row(limit.Scope, $"{limit.Limit}: {Describe(limit, ledger)}");
        if (report.Limits.Count == 0)
            Row("limits", "none are declared");
        foreach (var fault in ledger.Undeclared.Take(20))
            Row("undeclared", $"attempt {fault.Attempt}: {fault.What}");
        foreach (var fault in ledger.Unrecorded.Take(20))
            Row("unrecorded", $"attempt {fault.Attempt}: {fault.What}");
        foreach (var damage in ledger.Damage.Take(20))
            Row("damage", damage.Line == 0 ? damage.Reason : $"line {damage.Line}: {damage.Reason}");
        WriteLines(report, Row);
        if (report.Log is { } log)
            WriteLog(log, ledger, Row);
        foreach (var note in ledger.Notes)
            Row("note", note);
        foreach (var unread in report.Unread)
            Row("unread", unread);
        WriteVerdict(report, output);

        void Row(string name, string text) => output.WriteLine($"{name.PadRight(width)} {text}");
    }

    private static string Describe(LimitFinding limit, LedgerTimeline ledger)
    {
        if (limit.Worst is not { } worst)
            return "nothing was sent";
        var who = limit.Member is { } member ? limit.Members > 1 ? $" ({member}, of {limit.Members})" : $" ({member})" : "";
        var rule = limit.Rule is { } how ? $"{how}: " : "";
        var breach = worst.IsBreach ? $" EXCEEDED, attempts {string.Join(", ", limit.Attempts.Take(5))}{(limit.Involved > 5 ? $" and {limit.Involved - 5} more" : "")}" : "";
        return $"{rule}{Describe(worst)} at {Time(ledger.Wall(worst.ToUs))}{who}{(limit.IsOpen ? ", not proven: attempts without an end may have arrived later" : limit.IsProven ? "" : ", not proven")}{breach}";
    }

    private static string Describe(Worst worst) => worst.Measure switch
    {
        Measure.Gap => $"shortest gap {Number(worst.Amount)} ms of at least {Number(worst.Allowed)} ms",
        Measure.Level => $"fullest level {Number(worst.Amount)} of {Number(worst.Allowed)} ({Percent(worst.Use)})",
        Measure.AtOnce => $"most at once {Number(worst.Amount)} of {Number(worst.Allowed)} ({Percent(worst.Use)})",
        _ => $"worst window {Number(worst.Amount)} of {Number(worst.Allowed)} ({Percent(worst.Use)})",
    };

    private static void WriteLines(VerifyReport report, Action<string, string> row)
    {
        if (report.LinesNote is { } note)
            row("lines", note);
        if (report.Lines is not { } lines)
            return;
        row("lines", lines.IsWhole
            ? $"{lines.Lines} lines of {lines.Input}, {lines.ResultCount} results in {lines.Results}: each has exactly one; {lines.Ok} ok"
            : $"{lines.Lines} lines of {lines.Input}, {lines.ResultCount} results in {lines.Results}");
        if (lines.LostCount > 0)
            row("lost", $"{Count(lines.LostCount, "line")} without a result: {Names(lines.Lost, lines.LostCount)}");
        if (lines.DoubledCount > 0)
            row("doubled", $"{Count(lines.DoubledCount, "line")} with more than one result: {Names(lines.Doubled, lines.DoubledCount)}");
        if (lines.UnknownCount > 0)
            row("unknown", $"{Count(lines.UnknownCount, "result")} of no line of the input, at {Names(lines.Unknown, lines.UnknownCount)} of {lines.Results}");
        if (lines.Unreadable.Count > 0)
            row("damage", $"{lines.Results} has lines that are no results: {Names(lines.Unreadable, lines.Unreadable.Count)}");
        if (lines.IsTorn)
            row("note", $"the last line of {lines.Results} was never finished");
    }

    private static void WriteLog(AccessLog log, LedgerTimeline ledger, Action<string, string> row)
    {
        row("log", $"{log.Path}: {Count(log.Arrivals, "arrival")} ({(log.Format.Length > 0 ? log.Format : "nothing understood")}); the ledger has {Count(ledger.Sent, "send")}");
        if (log.Statuses.Count > 0)
            row("log", string.Join(", ", log.Statuses.Select(status => $"{status.Key} × {status.Value}")));
        foreach (var (limit, worst, reason) in log.Findings)
            row("log", $"{limit}: {(worst is null ? $"not audited: {reason ?? "no arrivals"}" : $"{Describe(worst)} at {Time(AccessLog.Wall(worst.ToUs))}{(worst.IsBreach ? " EXCEEDED" : "")}")}");
        if (log.NotUnderstoodCount > 0)
            row("damage", $"{Count(log.NotUnderstoodCount, "line")} of {log.Path} not understood: {Names(log.NotUnderstood, log.NotUnderstoodCount)}; a line begins with the time ($msec or ISO 8601) or has it in the combined format");
    }

    private static void WriteVerdict(VerifyReport report, TextWriter output)
    {
        output.WriteLine();
        if (report.IsExceeded)
            output.WriteLine("A limit was exceeded, or may have been.");
        else if (report.Limits.Count == 0)
            output.WriteLine("No limit was declared, so none was exceeded.");
        else if (report.IsProven)
            output.WriteLine("No placement of the arrivals exceeds a limit. That rests on:");
        else
            output.WriteLine("No send exceeds a limit; of the arrivals that is not proven. It rests on:");
        if (!report.IsExceeded && report.Limits.Count > 0)
            foreach (var assumption in report.Assumptions())
                output.WriteLine($"  - {assumption}");
    }

    private static string Count(long count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    private static string Names(List<long> lines, long count) =>
        string.Join(", ", lines.Take(20)) + (count > 20 ? $" and {count - 20} more" : "");

    private static string Number(decimal value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    private static string Percent(double use) => (use * 100).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    private static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
