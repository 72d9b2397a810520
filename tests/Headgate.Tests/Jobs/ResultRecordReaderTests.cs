using System.Text;
using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.Tests.Jobs;

public sealed class ResultRecordReaderTests
{
    private const string Full = """
        {"request_id":"r-1","id":"a\"b","line":7,"url":"https://a.b/?ü=<1>","method":"PUT","status":"failed","ok":false,"result":{"status_code":429,"headers":{"content-type":"text/plain","set-cookie":["a=1","b=2"]},"content":"slow down, ü\n","elapsed":0.012346},"latency":90,"attempts":4,"created_at":"2026-05-01T12:00:00.000000Z","started_at":"2026-05-01T12:00:00.000001Z","completed_at":"2026-05-01T12:01:30.000000Z","last_error":"429","error":{"class":"rate_limit","detail":"still refused"},"wait":{"gate":0.000013,"holding":"100/s"},"key":"key-1","proxy":"p","cache":"hit","maybe_sent":true,"chaos":"latency","context":{"n":1},"tags":["t"]}
        """;

    private const string Bare = """
        {"request_id":"r","id":null,"line":null,"url":null,"method":null,"status":"queued","ok":false,"result":null,"latency":null,"attempts":0,"created_at":"2026-05-01T12:00:00.000000Z","started_at":null,"completed_at":null,"last_error":null,"error":null,"wait":{"gate":0,"holding":null},"key":null,"proxy":null,"cache":null,"maybe_sent":false,"context":{},"tags":[]}
        """;

    [Theory]
    [InlineData(Full)]
    [InlineData(Bare)]
    public void What_is_written_is_read_as_the_same(string json) => Assert.Equal(json.Trim(), Write(Read(json.Trim())));

    [Theory]
    [InlineData("text/plain; charset=iso-8859-1", new byte[] { 0x66, 0xFC, 0x72 })]
    [InlineData("text/plain; charset=shift_jis", new byte[] { 0x83, 0x65, 0x83, 0x58 })]
    [InlineData("text/plain", new byte[] { 0xFF, 0x00 })]
    [InlineData("application/json", new byte[0])]
    public void A_body_has_the_bytes_that_came_whatever_its_charset(string type, byte[] bytes)
    {
        var headers = JobFields.Received();
        headers.Append("content-type", type);
        var record = new ResultRecord { RequestId = "r", Outcome = new(JobStatus.Completed, true, FailureClass.None), Result = new JobResult { StatusCode = 200, Headers = headers, Content = bytes } };

        Assert.Equal(bytes, Read(Write(record)).Result!.Content.ToArray());
    }

    [Fact]
    public void What_only_a_newer_program_knows_is_passed_over()
    {
        var record = Read("""{"request_id":"r","status":"failed","more":{"a":[1,{}]},"error":{"class":"eclipse","detail":"d","more":1},"result":{"status_code":500,"text":"x","cached":false},"wait":{"more":[]}}""");

        Assert.Equal((FailureClass.Server, "d", 500), (record.Outcome.Class, record.Detail, record.Result!.StatusCode));
    }

    [Theory]
    [InlineData("[]", "a record")]
    [InlineData("""{"status":"queued"}""", "request_id")]
    [InlineData("""{"request_id":"r"}""", "status")]
    [InlineData("""{"request_id":"r","status":"done"}""", "status")]
    [InlineData("""{"request_id":"r","status":"queued","attempts":-1}""", "attempts")]
    [InlineData("""{"request_id":"r","status":"queued","latency":1e30}""", "latency")]
    [InlineData("""{"request_id":"r","status":"queued","created_at":"yesterday"}""", "created_at")]
    [InlineData("""{"request_id":"r","status":"queued","ok":1}""", "ok")]
    [InlineData("""{"request_id":"r","status":"queued","result":[]}""", "result")]
    [InlineData("""{"request_id":"r","status":"queued","result":{}}""", "status_code")]
    [InlineData("""{"request_id":"r","status":"queued","result":{"status_code":200,"content_base64":"?"}}""", "content_base64")]
    [InlineData("""{"request_id":"r","status":"queued","last_error":"\ud800"}""", "surrogate")]
    public void What_is_no_record_is_refused_with_the_member(string json, string member)
    {
        Assert.Null(ResultRecordReader.Read(Encoding.UTF8.GetBytes(json), out var fault));
        Assert.Contains(member, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_stands_as_it_was_told()
    {
        var ended = Job.Told(Read(Full));
        var open = Job.Told(Read(Bare.Replace("\"url\":null", "\"url\":\"http://h\"").Replace("\"attempts\":0", "\"attempts\":2").Replace("\"last_error\":null", "\"last_error\":\"500\"")));

        Assert.Equal(("r-1", JobStatus.Failed, true, false, 429, "still refused", "key-1"), (ended.Id, ended.Status, ended.HasEnded, ended.Ok, ended.Result!.StatusCode, ended.Error, ended.Key));
        Assert.Equal(("PUT", "a\"b", 1), (ended.Request.Method, ended.Request.Id, ended.Request.Context!.Value.GetProperty("n").GetInt32()));
        Assert.Equal((JobStatus.Queued, false, 2, "500"), (open.Status, open.HasEnded, open.Attempts, open.LastError));
        Assert.Null(open.Request.Context);
    }

    private static ResultRecord Read(string json)
    {
        var record = ResultRecordReader.Read(Encoding.UTF8.GetBytes(json), out var fault);
        Assert.Null(fault);
        return record!;
    }

    private static string Write(ResultRecord record)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, ResultRecordWriter.Options))
            ResultRecordWriter.Write(json, record);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
