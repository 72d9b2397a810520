using System.Text;
using System.Text.Json;
using Headgate.App.Input;
using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Jobs;
using Headgate.Tests.Limits;

namespace Headgate.Tests.Jobs;

/// <summary>Requests as JSON, as tables and as lists, and what is read of answers, whatever stands in them.</summary>
public sealed class RequestFuzzTests
{
    private const string Deep = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]";

    private static readonly string[] Lines =
    [
        """{"url":"https://api.example.com/v1"}""",
        """{"id":"a","url":"https://api.example.com/v1","method":"post","headers":{"X-One":"1","X-Many":["a","b"]},"params":{"q":"x y","n":7,"f":1.50,"t":true,"l":["a",2]},"data":{"a":[1,2.50]},"priority":"high","timeout":12.5}""",
        """{"custom_id":"b","url":"http://h","retries":0,"retry_delay":"250ms","context":{"deep":{"n":1e3}},"tags":["t1","t2"],"tenant":"acme","queue":"bulk","not_before":"5m","start_by":90,"deadline":"2030-01-02T03:04:05+01:00"}""",
        """{"url":"http://h/?a=b","idempotency_key":"k-1","cost":{"tokens":1200},"country":"de","expect":{"status":[404,410]},"body_base64":"AAEC/w==","priority":5}""",
        """{"url":"http://h","headers":{"content-type":"application/x-www-form-urlencoded"},"data":{"a":"b c","l":[1,true,"ä"]}}""",
        """{"url":"http://h","data":"text","params":{"a":["1","2"],"b":"3"},"body_file":null}""",
        "{\"url\":\"http://h\",\n\"context\":{\"a\":\n1}}",
    ];

    private static readonly string[] Tables =
    [
        "url\nhttps://api.example.com/1\n\nhttps://api.example.com/2",
        "id,url,header.X-Key,param.q,note,priority\r\n1,https://a.example,k,\"x \"\"y\"\"\",\"two\nlines\",low\r\n2,https://a.example,,,,",
        "url,method,data,headers,cost,expect,tags,context,extra\nhttp://h,POST,\"{\"\"a\"\":1}\",\"{\"\"X-A\"\":\"\"b\"\"}\",\"{\"\"tokens\"\":3}\",\"{\"\"status\"\":[404]}\",\"a,b\",\"{\"\"c\"\":1}\",e",
    ];

    private static readonly FuzzedParser[] Parsers =
    [
        new("JSON lines", Lines, text => Read(text, text.Bytes, new JobRequestReader(_ => null)))
        {
            Batch = 100,
            OnceFailed =
            [
                // Half of a pair in what becomes a form: it is read again, by a reader of its own.
                """{"url":"http://h","headers":{"content-type":"application/x-www-form-urlencoded"},"data":{"a":"\ud800"}}""",
                // Deeper than a document is read unless told otherwise, and of two lines.
                "{\"url\":\"http://h\",\"context\":\n" + Deep + ",\"data\":\n" + Deep + "}",
                // Half of a pair where nobody looks unless it is written anew.
                "{\"url\":\"http://h\",\"context\":\n{\"\\ud800a\":1}}",
            ],
        },
        new("tables", Tables, ReadTable)
        {
            Batch = 100,
            // Each line may be wrong, and the shortest has two bytes: an exception with its trace.
            RoomPerByte = 1000,
            OnceFailed = ["url,context,extra\nhttp://h,\"{\"\"a\"\":" + Deep + "}\",e", "url,context,extra\nhttp://h,\"{\"\"\\ud800c\"\":1}\",e"],
        },
        new("lists of URLs", ["https://api.example.com/1\n# comment\n\n http://h:81/?a=b ", "http://münchen.example\n{\"url\":\"x\"}"], ReadList) { Batch = 100, RoomPerByte = 1000 },
        new("forms", ["""{"a":"b c","l":[1,true,"ä"],"n":1.50}""", "{}", "[]"], text => FormBody.Encode(Encoding.UTF8.GetBytes(text.Text)) is { } form ? () => Assert.False(form.AsSpan().ContainsAnyExceptInRange((byte)'!', (byte)'~')) : null)
        {
            Batch = 100,
            Refusals = [typeof(ArgumentException), Record.Exception(() => JsonDocument.Parse("{"))!.GetType()],
        },
        new("charsets", ["utf-8 äöü", "iso-8859-1 ä", "shift_jis テスト", "utf-16 ab", "gb18030 漢字", "iso-2022-jp \u001b$B$F$9$H\u001b(B", "windows-1252 €", "utf-7 +AGE-", "hz-gb-2312 ~{VPND~}", "iso-2022-kr \u001b$)Cab", "x-unknown x", "us-ascii a", "utf-32 abcd", "big5 漢"], ReadCharset)
        {
            Batch = 100,
            // The tables of a charset are loaded when it is first asked for.
            Room = 1_000_000,
        },
        new("types of content", ["text/html; charset=utf-8", "application/json", "text/plain;charset=\"iso-8859-1\"; q=1", "a;charset='x'"], text => ContentText.CharsetOf(text.Text).Length <= text.Text.Length + 5 ? null : () => Assert.Fail("longer than the type")) { RoomPerByte = 0 },
        new("actual costs", ["""{"usage":{"total_tokens":1200,"a/b":[1,2,{"n":3.5}],"":0,"m~n":8}}""", """{"usage":{"total_tokens":1e3}}""", "[1,[2,[3]]]", """{"usag\u0065":{"total_tokens":7}}"""], ReadCost)
        {
            Batch = 100,
            OnceFailed =
            [
                // A name that is half of a pair cannot be compared with one that is looked for.
                """{"\ud800":{},"usage":{"total_tokens":1}}""",
            ],
        },
    ];

    public static TheoryData<string> Names => Fuzzing.Names(Parsers);

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_it_is_given_is_read_or_refused(string parser) => Fuzzing.Run(Parsers, parser);

    private static Action? Read(Fuzzed text, byte[] json, JobRequestReader reader)
    {
        var request = reader.Read(json, out var fault);
        text.Say(fault?.Message);
        Assert.True(request is null != (fault is null), "neither request nor fault, or both");
        Assert.InRange(fault?.Offset ?? 0, 0, json.Length);
        return request is null ? null : () => Same(request, reader);
    }

    /// <summary>What is read and written is the same again, and can be sent.</summary>
    private static void Same(JobRequest request, JobRequestReader reader)
    {
        var written = Written(request);
        var again = reader.Read(written, out var fault);
        Assert.True(fault is null, $"{Encoding.UTF8.GetString(written)}: {fault?.Message}");
        Assert.Equal(Encoding.UTF8.GetString(written), Encoding.UTF8.GetString(Written(again!)));
        _ = (request.Context, request.Data, Authority.Of(request.ParsedUrl), JobMessage.Target(request));
    }

    private static byte[] Written(JobRequest request)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            JobRequestWriter.Write(writer, request);
        return buffer.ToArray();
    }

    private static Action? ReadTable(Fuzzed text)
    {
        var reader = new JobRequestReader(_ => null);
        return ReadLines(text, new CsvFormat(reader), reader, isQuoted: true);
    }

    private static Action? ReadList(Fuzzed text) => ReadLines(text, new UrlListFormat(), new JobRequestReader(), isQuoted: false);

    private static Action? ReadLines(Fuzzed text, ILineFormat format, JobRequestReader reader, bool isQuoted)
    {
        var requests = new List<JobRequest>();
        using var records = new RecordReader(new MemoryStream(text.Bytes), 1 << 20, isQuoted, bufferSize: 1 << 14);
        for (var number = 0; records.MoveNextAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult(); number++)
        {
            Assert.True(number <= text.Bytes.Length, "runs on");
            if (format.Read(records.Current.Span, out var fault) is { } request)
                requests.Add(request);
            text.Say(fault?.Message);
            Assert.InRange(fault?.Offset ?? 0, 0, records.Current.Length);
        }
        return () => requests.ForEach(request => Same(request, reader));
    }

    private static Action? ReadCharset(Fuzzed text)
    {
        var bytes = text.Bytes;
        var space = Math.Max(0, text.Text.IndexOf(' '));
        var isText = ContentText.TryDecode(text.Text.AsSpan(0, space), bytes.AsSpan(Math.Min(space + 1, bytes.Length)), out var decoded);
        return () => Assert.True(decoded is null || isText);
    }

    private static Action? ReadCost(Fuzzed text)
    {
        var pointer = text.Random.Pick("/usage/total_tokens", "/usage/a~1b/2/n", "/usage/m~0n", "/usage/", "/1/1/0", "");
        var cost = ActualCost.Read(text.Bytes, Cost.Of(1, new Dictionary<string, long> { ["tokens"] = 5 }), [new CostConfiguration("tokens", 0, pointer)]);
        return cost is null ? null : () => Assert.True(cost.In("tokens") >= 0);
    }
}
