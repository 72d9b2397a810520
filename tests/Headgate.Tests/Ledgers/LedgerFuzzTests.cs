using System.Text;
using System.Text.Json;
using Headgate.Ledgers;
using Headgate.Time;

namespace Headgate.Tests.Ledgers;

/// <summary>Ledgers and the files of scopes, torn and damaged in every way.</summary>
public sealed class LedgerFuzzTests
{
    private const string Scope = "https://api.example.com key 0123456789abcdef";

    private const string Ledger = """
        {"headgate":"ledger","version":1,"input":{"path":"a.jsonl","hash":"sha256:00"},"results":"r.jsonl","limits":{"api":["10/s","5 concurrent"],"api/key":["100/min"]},"timing":"bounded:250ms","bound_ms":{"api":250.5},"straggle":2,"boot":"boot-1","wall":1767225600000000,"mono":3600000000,"keys":{"api":{"one":"0123"}},"pid":7}
        {"t":1767225600000100,"m":3600000100,"n":1,"line":1,"id":"a","up":"api","key":"one","in":"route:search geo:DE","cost":{"tokens":120}}
        {"n":1,"end":3600050000,"late":3600040000,"status":200,"cost":{"tokens":90}}
        {"t":1767225600000200,"m":3600000200,"n":2,"line":2,"up":"api","proxy":"p"}
        {"n":2,"end":3600055000,"late":3602055000,"class":"network"}
        {"limits":{"api":["20/s"]},"bound_ms":{"api":300},"m":3600060000}
        {"step_us":-1500000,"m":3600070000}
        {"up":"api","server_us":1767225600000000,"skew_us":500000,"m":3600080000}
        {"scope":"api","learned":"100/min","m":3600090000}
        {"headgate":"resume","version":1,"limits":{},"boot":"boot-2","wall":1767225700000000,"mono":1000000}
        {"t":1767225700000200,"m":1000200,"n":3,"line":2,"up":"api"}
        {"n":3,"end":1050000,"class":"timeout"}

        """;

    private const string Sends = """
        {"headgate":"scope","version":1,"scope":"https://api.example.com key 0123456789abcdef","boot":"boot-1","wall":1767225600000000,"mono":3600000000,"pid":7,"started":"2026-01-01T00:00:00+00:00","since":3500000000,"full":3400000000}
        {"m":3600000100,"n":1,"cost":{"tokens":120}}
        {"m":3600000200,"n":2}
        {"n":1,"late":3600040000,"cost":{"tokens":90}}
        {"n":2,"late":3600050000}
        {"headgate":"scope","version":1,"scope":"x","boot":"boot-0","wall":1767225600000000,"mono":3600000000,"pid":7}
        {"m":3600000300,"n":0}
        {"n":0,"late":3600000400}

        """;

    private static readonly string[] Records = Ledger.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static readonly FuzzedParser[] Parsers =
    [
        new("record", Records, text => new RecordParser().Parse(text.Bytes) is var kind ? () => Assert.True(Enum.IsDefined(kind)) : null)
        {
            Batch = 100,
            Refusals = [.. Refusals, typeof(FormatException)],
        },
        new("header", [Records[0], Records[9]], ReadHeader) { Batch = 100, Refusals = [.. Refusals, typeof(FormatException), typeof(KeyNotFoundException), typeof(ArgumentException), typeof(OverflowException)] },
        new("ledger", [Ledger], ReadLedger) { Batch = 40, Room = 600_000, RoomPerByte = 1000 },
        new("header of a scope", [Sends.Split('\n')[0], Sends.Split('\n')[5]], text => ScopeHeader.Read(text.Bytes) is { } header ? () => Assert.Equal(header, ScopeHeader.Read(header.Write())) : null)
        {
            Batch = 100,
            Refusals = [.. Refusals, typeof(FormatException), typeof(KeyNotFoundException)],
        },
        new("scope", [Sends], ReadScope) { Batch = 20, Room = 1_500_000 },
        new("text in a record", ["plain", "quote\" and \\ and\nline", "ä€\U0001F600", "\u0001\u007f"], ReadText),
    ];

    private static Type[] Refusals => [typeof(JsonException), Fault<JsonException>(() => JsonDocument.Parse("{")), typeof(InvalidOperationException)];

    public static TheoryData<string> Names => Fuzzing.Names(Parsers);

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_it_is_given_is_read_or_refused(string parser) => Fuzzing.Run(Parsers, parser);

    private static Action? ReadHeader(Fuzzed text)
    {
        using var json = JsonDocument.Parse(text.Bytes);
        var header = LedgerHeaderJson.Read(json.RootElement);
        return () =>
        {
            using var written = JsonDocument.Parse(LedgerHeaderJson.Write(header));
            var again = LedgerHeaderJson.Read(written.RootElement);
            Assert.Equal((header.Boot, header.WallUs, header.MonoUs, header.Straggle, header.Timing), (again.Boot, again.WallUs, again.MonoUs, again.Straggle, again.Timing));
            Assert.Equal(header.Limits, again.Limits);
        };
    }

    private static Action? ReadLedger(Fuzzed text)
    {
        var lines = text.Bytes.Count(b => b == '\n') + 1;
        using var reader = new LedgerReader(new MemoryStream(text.Bytes));
        var records = 0;
        while (reader.Read())
            Assert.True(++records <= lines, "runs on");
        foreach (var damage in reader.Damage)
            text.Say(damage.Reason);
        text.Say(reader.Torn?.Reason);
        return () => Assert.True(records + reader.Damage.Count <= lines && reader.Damage.All(damage => damage.Line <= lines));
    }

    private static Action? ReadScope(Fuzzed text)
    {
        using var folder = new TempFolder();
        var state = StateDirectory.Open(folder.Path);
        var time = new VirtualTime();
        time.Advance(TimeSpan.FromHours(2));
        Directory.CreateDirectory(state.Scopes);
        File.WriteAllBytes(new ScopeFiles(state.Scopes, Scope).Whole, text.Bytes);
        var first = Open(state, time);
        var second = Open(state, time);
        return () =>
        {
            // What was made of it is whole, and reads back as safe as it was.
            Assert.True(first.FullAtNs is null || second.FullAtNs is not null, "forgets that records are missing");
            Assert.Equal(first.Sends.Count, second.Sends.Count);
        };
    }

    private static ScopePast Open(StateDirectory state, VirtualTime time)
    {
        using var scope = ScopeFile.Open(state, Scope, new ScopeTerms(null, TimeSpan.FromSeconds(2), TimeSpan.FromDays(1)), time, "boot-1");
        return scope.Past;
    }

    private static Action? ReadText(Fuzzed text)
    {
        var line = Encoding.UTF8.GetString(Utf8Line.Begin().Text(text.Text).Bytes);
        return () =>
        {
            Assert.DoesNotContain('\n', line);
            // Half of a pair is no text, and becomes the character that says so.
            Assert.Equal(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Text)), JsonSerializer.Deserialize<string>(line));
        };
    }

    // The reader of the runtime throws a class of its own.
    private static Type Fault<T>(Action act) where T : Exception => Record.Exception(act) is T fault ? fault.GetType() : typeof(T);
}
