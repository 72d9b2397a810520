using System.Text;
using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.Tests.Jobs;

public sealed class ResultRecordWriterTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 14, 0, 0, TimeSpan.FromHours(2));

    [Fact]
    public void A_line_out_has_these_letters()
    {
        var headers = JobFields.Received();
        headers.Append("Content-Type", "text/plain");
        headers.Append("Set-Cookie", "a=1");
        headers.Append("Set-Cookie", "b=2");
        var record = new ResultRecord
        {
            RequestId = "#7:00000000000000ff",
            Id = "a\"b",
            Line = 7,
            Url = "https://a.b/?ü=<1>",
            Method = "GET",
            Outcome = JobOutcome.Of(429, FailureClass.RateLimit),
            Result = new JobResult { StatusCode = 429, Headers = headers, Content = "slow down, ü\n"u8.ToArray(), Elapsed = TimeSpan.FromMilliseconds(12.3456) },
            Latency = TimeSpan.FromSeconds(90),
            Attempts = 4,
            CreatedAt = Noon,
            StartedAt = Noon.AddTicks(10),
            CompletedAt = Noon.AddSeconds(90),
            LastError = "429",
            Detail = "still refused after 20 holds",
            GateWait = TimeSpan.FromTicks(125),
            Holding = "100/s",
            Key = "key-1",
            MaybeSent = true,
            Context = "{\"n\":1}"u8.ToArray(),
            Tags = ["t"],
        };
        const string expected = """
            {"request_id":"#7:00000000000000ff","id":"a\"b","line":7,"url":"https://a.b/?ü=<1>","method":"GET","status":"failed","ok":false,
            "result":{"status_code":429,"headers":{"content-type":"text/plain","set-cookie":["a=1","b=2"]},"content":"slow down, ü\n","elapsed":0.012346},
            "latency":90,"attempts":4,"created_at":"2026-05-01T12:00:00.000000Z","started_at":"2026-05-01T12:00:00.000001Z","completed_at":"2026-05-01T12:01:30.000000Z",
            "last_error":"429","error":{"class":"rate_limit","detail":"still refused after 20 holds"},"wait":{"gate":0.000013,"holding":"100/s"},
            "key":"key-1","proxy":null,"cache":null,"maybe_sent":true,"context":{"n":1},"tags":["t"]}
            """;
        Assert.Equal(expected.Replace("\n", ""), Write(record));
    }

    [Fact]
    public void Every_member_is_there_when_there_is_nothing_to_say()
    {
        var record = new ResultRecord { RequestId = "r", Outcome = new(JobStatus.Cancelled, false, FailureClass.Cancelled), CreatedAt = Noon };
        Assert.Equal(
            """{"request_id":"r","id":null,"line":null,"url":null,"method":null,"status":"cancelled","ok":false,"result":null,"latency":null,"attempts":0,"created_at":"2026-05-01T12:00:00.000000Z","started_at":null,"completed_at":null,"last_error":null,"error":{"class":"cancelled","detail":null},"wait":{"gate":0,"holding":null},"key":null,"proxy":null,"cache":null,"maybe_sent":false,"context":{},"tags":[]}""",
            Write(record));
    }

    [Theory]
    [InlineData(null, "C3BC", "content", "ü")]
    [InlineData("text/plain", "C3BC", "content", "ü")]
    [InlineData("text/plain; charset=ISO-8859-1", "FC", "content", "ü")]
    [InlineData("text/html; charset=\"windows-1252\"", "80", "content", "€")]
    [InlineData("text/plain;charset=shift_jis", "82A0", "content", "あ")]
    [InlineData("text/plain; charset=us-ascii", "FC", "content_base64", "/A==")]
    [InlineData("text/plain; charset=unheard-of", "61", "content_base64", "YQ==")]
    [InlineData("text/plain", "FC", "content_base64", "/A==")]
    [InlineData("image/png", "89504E47", "content_base64", "iVBORw==")]
    [InlineData("application/json", "", "content", "")]
    [InlineData("text/plain", "00", "content", "\0")]
    public void Content_is_text_only_where_nothing_is_lost(string? type, string hex, string member, string value)
    {
        var headers = JobFields.Received();
        if (type is not null)
            headers.Append("Content-Type", type);
        var result = Result(new JobResult { StatusCode = 200, Headers = headers, Content = Convert.FromHexString(hex) });
        Assert.Equal(value, result.GetProperty(member).GetString());
        Assert.False(result.TryGetProperty(member == "content" ? "content_base64" : "content", out _));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_large_body_arrives_whole(bool isText)
    {
        var content = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("ü€\"\\\n😀x", 30_000)));
        if (!isText)
            content[0] = 0xFF;
        var result = Result(new JobResult { StatusCode = 200, Content = content });
        Assert.Equal(content, isText ? Encoding.UTF8.GetBytes(result.GetProperty("content").GetString()!) : result.GetProperty("content_base64").GetBytesFromBase64());
    }

    [Fact]
    public void A_body_in_a_file_is_named()
    {
        var result = Result(new JobResult { StatusCode = 200, ContentFile = "bodies/7.body" });
        Assert.Equal("bodies/7.body", result.GetProperty("content_file").GetString());
        Assert.False(result.TryGetProperty("content", out _));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(4, "0")]
    [InlineData(5, "0.000001")]
    [InlineData(1_000_000, "0.1")]
    [InlineData(15_000_000, "1.5")]
    [InlineData(9_999_999, "1")]
    [InlineData(36_000_000_000, "3600")]
    public void Durations_are_seconds_with_at_most_six_decimals(long ticks, string text) =>
        Assert.Contains($"\"elapsed\":{text}}}", Write(Record(new JobResult { StatusCode = 200, Elapsed = new TimeSpan(ticks) })), StringComparison.Ordinal);

    [Fact]
    public void The_headers_of_an_answer_are_taken_as_they_came()
    {
        using var answer = new HttpResponseMessage { Content = new ByteArrayContent([]) };
        answer.Headers.TryAddWithoutValidation("Set-Cookie", ["a=1", "b=2"]);
        answer.Headers.TryAddWithoutValidation("Date", "someday");
        answer.Content.Headers.TryAddWithoutValidation("Content-Type", "odd");
        Assert.Equal([new("Set-Cookie", "a=1"), new("Set-Cookie", "b=2"), new("Date", "someday"), new("Content-Type", "odd")], JobFields.Of(answer));
    }

    [Fact]
    public void The_text_of_a_result_is_decoded_by_its_charset()
    {
        var headers = JobFields.Received();
        headers.Append("Content-Type", "text/plain; charset=latin1");
        Assert.Equal("ü", new JobResult { StatusCode = 200, Headers = headers, Content = new byte[] { 0xFC } }.Text);
        Assert.Null(new JobResult { StatusCode = 200, Content = new byte[] { 0xFC } }.Text);
        Assert.Equal("ü", new JobResult { StatusCode = 200, Content = "ü"u8.ToArray() }.Text);
    }

    private static ResultRecord Record(JobResult result) => new() { RequestId = "r", Outcome = JobOutcome.Of(200, FailureClass.None), Result = result };

    private static JsonElement Result(JobResult result) => JsonElement.Parse(Write(Record(result))).GetProperty("result");

    private static string Write(ResultRecord record)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, ResultRecordWriter.Options))
            ResultRecordWriter.Write(writer, record);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
