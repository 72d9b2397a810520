using Headgate.App.Verify;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Tests.Input;

namespace Headgate.Tests.Verify;

/// <summary>What is verified is believed in nothing: ledgers, logs, requests and results, whatever stands in them.</summary>
public sealed class VerifyFuzzTests
{
    private const string Ledger = """
        {"headgate":"ledger","version":1,"limits":{"api":["2/s","5 concurrent","10/min fixed","3 bucket 1/s","9/s counter","4/s spaced"],"api/key":["100/min"]},"timing":"bounded","bound_ms":{"api":250.5},"straggle":2,"boot":"boot-1","wall":1767225600000000,"mono":3600000000,"keys":{"api":{"one":"0123"}}}
        {"t":1767225600000100,"m":3600000100,"n":1,"line":1,"id":"a","up":"api","key":"one","cost":{"tokens":120}}
        {"n":1,"end":3600050000,"late":3600040000,"status":200,"cost":{"tokens":90}}
        {"t":1767225600000200,"m":3600000200,"n":2,"line":2,"up":"api"}
        {"limits":{"api":["20/s"]},"bound_ms":{"api":300},"m":3600060000}
        {"step_us":-1500000,"m":3600070000}
        {"up":"api","server_us":1767225600000000,"skew_us":500000,"m":3600080000}
        {"headgate":"resume","version":1,"limits":{"api":["2/s"]},"boot":"boot-2","wall":1767225700000000,"mono":1000000}
        {"t":1767225700000200,"m":1000200,"n":3,"line":2,"up":"api"}
        {"n":3,"end":1050000,"class":"timeout"}

        """;

    private static readonly string[] Logs =
    [
        "127.0.0.1 - - [01/Jan/2026:00:00:00 +0000] \"GET /a\\\"b HTTP/1.1\" 200 12 \"-\" \"agent\"\n127.0.0.1 - - [01/Jan/2026:00:00:01 +0100] \"GET / HTTP/1.1\" 429 0\n",
        "1767225600.123 200\n1767225600.124 503\n1767225601 200\n", "2026-01-01T00:00:00Z GET 200\n2026-01-01T00:00:00.5+01:00 404\r\n\n", "0001-01-01T00:00:00+14:00 200\n9999-12-31T23:59:59Z 200\n99999999999.999999 200\n",
    ];

    private static readonly Limit[] Limits = [.. ((string[])["2/s", "10/min fixed", "3 bucket 1/s", "9/s counter", "4/s spaced", "5/month fixed", "1/10ms"]).Select(Limit.Parse)];

    private static readonly FuzzedParser[] Parsers =
    [
        new("ledger", [Ledger], ReadLedger)
        {
            Batch = 40,
            Room = 2_000_000,
            RoomPerByte = 2_000,
            Refusals = [typeof(LedgerException)],
            OnceFailed =
            [
                // A bound that no number of microseconds holds.
                Ledger.Replace("250.5", "70000000000000000000000000000", StringComparison.Ordinal),
            ],
        },
        new("access log", Logs, ReadLog) { Batch = 40, Room = 1_000_000, RoomPerByte = 1_000 },
        new("lines", ["url,id\nhttp://h,1\nhttp://h,\"two\n2\"\n", "id,note,url\n1,\"a \"\"b\"\"\",http://h\n", "{\"url\":\"http://h\",\"id\":\"a\"}\n{\"custom_id\":7}\n", "http://h\n#x\n"], ReadLines) { Batch = 40, Room = 1_000_000, RoomPerByte = 1000 },
    ];

    public static TheoryData<string> Names => Fuzzing.Names(Parsers);

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_it_is_given_is_read_or_refused(string parser) => Fuzzing.Run(Parsers, parser);

    [Fact]
    public void A_quote_that_is_never_closed_takes_no_longer_than_the_file_is_long()
    {
        using var folder = new TempFolder();
        var path = folder.Write("in.csv", "id,url\n\"" + string.Concat(Enumerable.Repeat("1,http://h\n", 200_000)));
        Assert.Single(InputLines.Read(path));
    }

    private static Action? ReadLedger(Fuzzed text)
    {
        using var folder = new TempFolder();
        var ledger = TimelineReader.Read(folder.Write("l", text.Bytes));
        foreach (var note in ledger.Notes)
            text.Say(note);
        foreach (var damage in ledger.Damage)
            text.Say(damage.Reason);
        var report = new VerifyReport { Ledger = ledger, Limits = LedgerAudit.Run(ledger) };
        VerifyText.Write(report, TextWriter.Null);
        VerifyJson.Write(report, TextWriter.Null);
        return () => Assert.Equal(ledger.Attempts.Count, ledger.Sent);
    }

    private static Action? ReadLog(Fuzzed text)
    {
        using var folder = new TempFolder();
        var log = AccessLog.Read(folder.Write("l", text.Bytes), Limits);
        return () => Assert.Equal(log.Lines, log.Arrivals + log.NotUnderstoodCount);
    }

    private static Action? ReadLines(Fuzzed text)
    {
        using var folder = new TempFolder();
        var lines = InputLines.Read(folder.Write(text.Text.StartsWith("url", StringComparison.Ordinal) ? "in.csv" : "in", text.Bytes)).ToList();
        return () => Assert.True(lines.Count <= text.Bytes.Length && lines.TrueForAll(line => line.Line <= text.Bytes.Count(b => b == '\n') + 1));
    }
}
