using System.Text;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Remote;
using Headgate.Jobs;
using Headgate.Remote;

namespace Headgate.Tests.Remote;

/// <summary>What comes from a service, whatever stands in it, and the filters that somebody types.</summary>
public sealed class RemoteFuzzTests
{
    private static readonly string[] Records =
    [
        """{"request_id":"r-1","id":"a","line":7,"url":"https://a.b/?x","method":"PUT","status":"failed","ok":false,"result":{"request_id":"r","status_code":429,"headers":{"content-type":"text/plain; charset=iso-8859-1","set-cookie":["a=1","b=2"]},"content":"slow down ü","elapsed":0.012346,"text":"x","cached":false},"latency":90,"attempts":4,"created_at":"2026-05-01T12:00:00.000000Z","started_at":"2026-05-01T12:00:00.000001Z","completed_at":null,"last_error":"429","error":{"class":"rate_limit","detail":"still refused"},"wait":{"gate":0.000013,"holding":"100/s"},"key":"key-1","proxy":null,"cache":"hit","maybe_sent":true,"context":{"n":[1,{"a":null}]},"tags":["t"]}""",
        """{"request_id":"r","url":"http://h","status":"queued","result":{"status_code":200,"headers":{},"content_base64":"AAEC/w==","elapsed":1e-3},"context":null}""",
        """{"request_id":"r","url":"http://h","status":"completed","result":null,"error":null}""",
    ];

    private static readonly FuzzedParser[] Parsers =
    [
        new("records", Records, ReadRecord) { Batch = 200, Room = 1_000_000 },
        new("events", [": hello\nid: 6\n\nid: 7\nevent: a\ndata: ü\ndata:two\r\n\r\n:\n\nevent: none\n\rdata\n\nid: 8\ndata: x\r\r"], ReadEvents) { Batch = 200 },
        new("answers in parts", ["""{"results":[{"a":[1,[2]]},"ü",[],3.5],"pending":["a"],"count":3,"next":null}"""], ReadParts) { Batch = 200, Room = 1_000_000, Refusals = Refusals },
        new("problems", ["""{"type":"about:blank","status":403,"detail":"d","error":"e","class":"blocked"}"""], text =>
        {
            var refusal = ServiceRefusal.Of(403, text.Bytes, null);
            return () => Assert.True(refusal.Error.Length <= 1001 && refusal.Class != FailureClass.None);
        }) { Batch = 200 },
        new("filters", ["status=failed tag=\"my tag\" since=2h", "url='a b'  ok=false"], text =>
        {
            var query = JobFilter.Query([text.Text]);
            return () => Assert.True(query.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_.~%=&".Contains(letter)), query);
        }) { Batch = 200, RoomPerByte = 1000, Refusals = [typeof(CommandException)] },
    ];

    private static Type[] Refusals => [typeof(JsonException), Record.Exception(() => JsonDocument.Parse("{"))!.GetType()];

    public static TheoryData<string> Names => Fuzzing.Names(Parsers);

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_it_is_given_is_read_or_refused(string parser) => Fuzzing.Run(Parsers, parser);

    private static Action? ReadRecord(Fuzzed text)
    {
        var record = ResultRecordReader.Read(text.Bytes, out var fault);
        text.Say(fault);
        Assert.True(record is null != (fault is null), "neither record nor fault, or both");
        return record is null ? null : () =>
        {
            // What is read and written is the same again.
            var once = Written(record);
            var again = ResultRecordReader.Read(once, out var wrong);
            Assert.True(wrong is null, $"{Encoding.UTF8.GetString(once)}: {wrong}");
            Assert.Equal(Encoding.UTF8.GetString(once), Encoding.UTF8.GetString(Written(again!)));
        };
    }

    private static byte[] Written(ResultRecord record)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, ResultRecordWriter.Options))
            ResultRecordWriter.Write(json, record);
        return bytes.ToArray();
    }

    private static Action? ReadEvents(Fuzzed text)
    {
        var (whole, pieces) = (new ServerEvents(), new ServerEvents());
        var events = whole.Take(text.Bytes);
        var others = text.Bytes.Chunk(3).SelectMany(some => pieces.Take(some)).ToList();
        return () =>
        {
            Assert.Equal(events, others);
            Assert.Equal(whole.LastId, pieces.LastId);
        };
    }

    private static Action? ReadParts(Fuzzed text)
    {
        var count = 0;
        var reading = Task.Run(async () =>
        {
            await foreach (var part in JsonParts.ReadAsync(new MemoryStream(text.Bytes), CancellationToken.None))
                count += part.Json.Length;
        });
        reading.GetAwaiter().GetResult();
        return () => Assert.InRange(count, 0, text.Bytes.Length);
    }
}
