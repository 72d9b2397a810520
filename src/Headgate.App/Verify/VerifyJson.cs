using System.Text.Encodings.Web;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>An audit for programs.</summary>
internal static class VerifyJson
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(VerifyReport report, TextWriter output)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Options))
            Write(report, json);
        output.WriteLine(System.Text.Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
    }

    private static void Write(VerifyReport report, Utf8JsonWriter json)
    {
        var ledger = report.Ledger;
        json.WriteStartObject();
        json.WriteString("ledger", ledger.Path);
        json.WriteBoolean("ok", report.ExitCode == ExitCode.Ok);
        json.WriteBoolean("proven", report.IsProven);
        json.WriteNumber("exit_code", (int)report.ExitCode);
        json.WriteString("timing", ledger.Timing);
        json.WriteNumber("runs", ledger.Headers.Count);
        json.WriteNumber("sends", ledger.Sent);
        json.WriteNumber("answered", ledger.Answered);
        json.WriteNumber("unended", ledger.Unended);
        json.WriteStartObject("outcomes");
        foreach (var (outcome, count) in ledger.Outcomes)
            json.WriteNumber(outcome, count);
        json.WriteEndObject();
        json.WriteStartArray("limits");
        foreach (var limit in report.Limits)
            WriteLimit(json, limit, ledger);
        json.WriteEndArray();
        WriteFaults(json, "undeclared", ledger.Undeclared);
        WriteFaults(json, "unrecorded", ledger.Unrecorded);
        json.WriteStartArray("damage");
        foreach (var damage in ledger.Damage)
            WriteDamage(json, damage.Line, damage.Offset, damage.Reason);
        json.WriteEndArray();
        WriteLines(json, report.Lines);
        WriteLog(json, report.Log);
        WriteTexts(json, "notes", report.LinesNote is { } note ? [.. ledger.Notes, note] : ledger.Notes);
        WriteTexts(json, "unread", report.Unread);
        WriteTexts(json, "assumptions", report.Assumptions());
        json.WriteEndObject();
    }

    private static void WriteLimit(Utf8JsonWriter json, LimitFinding limit, LedgerTimeline ledger)
    {
        json.WriteStartObject();
        json.WriteString("scope", limit.Scope);
        json.WriteString("limit", limit.Limit.ToString());
        if (limit.Rule is { } rule)
            json.WriteString("rule", rule);
        if (limit.Member is { } member)
            json.WriteString("member", member);
        json.WriteNumber("members", limit.Members);
        json.WriteNumber("sends", limit.Sends);
        json.WriteBoolean("proven", limit.IsProven);
        json.WriteBoolean("open", limit.IsOpen);
        WriteWorst(json, limit.Worst, us => ledger.Wall(us));
        if (limit.Worst is not null)
        {
            json.WriteNumber("involved", limit.Involved);
            json.WriteStartArray("attempts");
            foreach (var number in limit.Attempts)
                json.WriteNumberValue(number);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void WriteWorst(Utf8JsonWriter json, Worst? worst, Func<long, DateTimeOffset> wall)
    {
        json.WriteBoolean("breach", worst is { IsBreach: true });
        if (worst is null)
            return;
        json.WriteString("measure", worst.Measure switch { Measure.Gap => "gap_ms", Measure.Level => "level", Measure.AtOnce => "at_once", _ => "window" });
        json.WriteNumber("worst", worst.Amount);
        json.WriteNumber("allowed", worst.Allowed);
        if (double.IsFinite(worst.Use))
            json.WriteNumber("percent", Math.Round(worst.Use * 100, 3));
        json.WriteString("at", wall(worst.ToUs));
        json.WriteNumber("at_us", worst.ToUs);
    }

    private static void WriteFaults(Utf8JsonWriter json, string name, List<LedgerFault> faults)
    {
        json.WriteStartArray(name);
        foreach (var fault in faults)
        {
            json.WriteStartObject();
            json.WriteNumber("attempt", fault.Attempt);
            json.WriteString("detail", fault.What);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteDamage(Utf8JsonWriter json, long line, long offset, string reason)
    {
        json.WriteStartObject();
        json.WriteNumber("line", line);
        json.WriteNumber("offset", offset);
        json.WriteString("detail", reason);
        json.WriteEndObject();
    }

    private static void WriteLines(Utf8JsonWriter json, LineAudit? lines)
    {
        if (lines is null)
            return;
        json.WriteStartObject("lines");
        json.WriteString("input", lines.Input);
        json.WriteString("results", lines.Results);
        json.WriteNumber("lines", lines.Lines);
        json.WriteNumber("results_count", lines.ResultCount);
        json.WriteNumber("ok", lines.Ok);
        Named("lost", lines.LostCount, lines.Lost);
        Named("doubled", lines.DoubledCount, lines.Doubled);
        Named("unknown", lines.UnknownCount, lines.Unknown);
        Named("unreadable", lines.Unreadable.Count, lines.Unreadable);
        json.WriteBoolean("torn", lines.IsTorn);
        json.WriteEndObject();

        void Named(string name, long count, List<long> first)
        {
            json.WriteNumber(name, count);
            json.WriteStartArray($"{name}_lines");
            foreach (var line in first)
                json.WriteNumberValue(line);
            json.WriteEndArray();
        }
    }

    private static void WriteLog(Utf8JsonWriter json, AccessLog? log)
    {
        if (log is null)
            return;
        json.WriteStartObject("log");
        json.WriteString("path", log.Path);
        json.WriteString("format", log.Format);
        json.WriteNumber("resolution_us", log.Resolution);
        json.WriteNumber("arrivals", log.Arrivals);
        json.WriteNumber("not_understood", log.NotUnderstoodCount);
        json.WriteStartObject("statuses");
        foreach (var (status, count) in log.Statuses)
            json.WriteNumber(status.ToString(), count);
        json.WriteEndObject();
        json.WriteStartArray("limits");
        foreach (var (limit, worst, reason) in log.Findings)
        {
            json.WriteStartObject();
            json.WriteString("limit", limit.ToString());
            if (reason is not null)
                json.WriteString("not_audited", reason);
            WriteWorst(json, worst, us => AccessLog.Wall(us));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
