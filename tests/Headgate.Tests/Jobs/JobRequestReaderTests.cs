using System.Text;
using Headgate.Jobs;

namespace Headgate.Tests.Jobs;

public sealed class JobRequestReaderTests
{
    private const string Url = "https://api.example.com/v1";

    [Fact]
    public void A_url_is_all_that_is_needed()
    {
        var request = Read("""{"url":"https://api.example.com/v1"}""");
        Assert.Equal(Url, request.Url);
        Assert.Equal("GET", request.Method);
        Assert.Equal(RequestPriority.Medium, request.Priority);
        Assert.Null(request.Id);
        Assert.Null(request.Timeout);
        Assert.Null(request.Retries);
        Assert.Null(request.Body);
        Assert.Null(request.Data);
        Assert.Empty(request.Headers);
        Assert.Empty(request.Cost);
    }

    [Fact]
    public void Every_member_arrives()
    {
        var request = Read("""
            {"id":"a","url":"https://api.example.com/v1","method":"post","headers":{"X-One":"1","X-Many":["a","b"]},
             "params":{"q":"x y","n":7,"f":1.50,"t":true,"l":["a",2]},"data":{"a":[1,2.50]},"priority":"high","timeout":12.5,
             "retries":0,"retry_delay":"250ms","context":{"deep":{"n":1e3}},"tags":["t1","t2"],"tenant":"acme","queue":"bulk",
             "not_before":"5m","start_by":90,"deadline":"2030-01-02T03:04:05+01:00","idempotency_key":"k-1",
             "cost":{"tokens":1200},"country":"de","expect":{"status":[404,410]}}
            """);
        Assert.Equal("a", request.Id);
        Assert.Equal("POST", request.Method);
        Assert.Equal([new("X-One", "1"), new("X-Many", "a"), new("X-Many", "b")], request.Headers);
        Assert.Equal([new("q", "x y"), new("n", "7"), new("f", "1.50"), new("t", "true"), new("l", "a"), new("l", "2")], request.Params);
        Assert.Equal("""{"a":[1,2.50]}""", Encoding.UTF8.GetString(request.RawData.Span));
        Assert.Equal(RequestPriority.High, request.Priority);
        Assert.Equal(TimeSpan.FromSeconds(12.5), request.Timeout);
        Assert.Equal(0, request.Retries);
        Assert.Equal(TimeSpan.FromMilliseconds(250), request.RetryDelay);
        Assert.Equal("""{"deep":{"n":1e3}}""", Encoding.UTF8.GetString(request.RawContext.Span));
        Assert.Equal(["t1", "t2"], request.Tags);
        Assert.Equal("acme", request.Tenant);
        Assert.Equal("bulk", request.Queue);
        Assert.Equal(new Moment(TimeSpan.FromMinutes(5)), request.NotBefore);
        Assert.Equal(new Moment(TimeSpan.FromSeconds(90)), request.StartBy);
        Assert.Equal(new DateTimeOffset(2030, 1, 2, 2, 4, 5, TimeSpan.Zero), request.Deadline!.Value.From(default));
        Assert.Equal("k-1", request.IdempotencyKey);
        Assert.Equal(1200, request.Cost["tokens"]);
        Assert.Equal("DE", request.Country);
        Assert.Equal([404, 410], request.ExpectStatuses);
    }

    [Fact]
    public void The_members_of_the_original_are_read_with_its_defaults()
    {
        var request = Read("""{"url":"https://api.example.com/v1","method":"GET","headers":{},"data":null,"params":{},"timeout":30.0,"priority":3,"retries":3,"retry_delay":1.0,"context":{}}""");
        Assert.Equal(TimeSpan.FromSeconds(30), request.Timeout);
        Assert.Equal(3, request.Retries);
        Assert.Equal(TimeSpan.FromSeconds(1), request.RetryDelay);
        Assert.True(request.RawData.IsEmpty);
    }

    [Fact]
    public void Null_is_as_if_the_member_were_not_there() =>
        Assert.Null(Read("""{"url":"https://api.example.com/v1","id":null,"tenant":null,"headers":null,"cost":null,"callback":null}""").Id);

    [Fact]
    public void Custom_id_is_id() =>
        Assert.Equal("x", Read("""{"custom_id":"x","url":"https://api.example.com/v1"}""").Id);

    [Fact]
    public void A_string_of_data_is_sent_as_it_is() =>
        Assert.Equal("a=1&ü=\n"u8.ToArray(), Read("""{"url":"https://api.example.com/v1","data":"a=1&ü=\n"}""").Body!.Value.ToArray());

    [Fact]
    public void A_body_of_base64_is_decoded() =>
        Assert.Equal([0, 255, 128], Read("""{"url":"https://api.example.com/v1","body_base64":"AP+A"}""").Body!.Value.ToArray());

    [Fact]
    public void A_name_with_an_escape_is_the_same_name() =>
        Assert.Equal(Url, Read("""{"\u0075rl":"https://api.example.com/v1"}""").Url);

    [Theory]
    [InlineData("""{"url":"https://a.b/","retires":5}""", 23, "unknown field \"retires\": did you mean \"retries\"? Own data goes into \"context\"")]
    [InlineData("""{"url":"https://a.b/","zzzzzzz":5}""", 23, "unknown field \"zzzzzzz\": own data goes into \"context\"")]
    [InlineData("""{"url":"https://a.b/","maxRetries":5}""", 23, "unknown field \"maxRetries\": did you mean \"retries\"? Own data goes into \"context\"")]
    [InlineData("""{"url":"https://a.b/","retryDelay":5}""", 23, "unknown field \"retryDelay\": did you mean \"retry_delay\"? Own data goes into \"context\"")]
    [InlineData("""{"url":"https://a.b/","url":"https://a.b/"}""", 23, "url is given twice")]
    [InlineData("""{"url":"https://a.b/","id":"1","custom_id":"2"}""", 32, "id and custom_id are the same: give one of them")]
    [InlineData("""{"url":"https://a.b/","data":{},"body_base64":"AA=="}""", 33, "data, body_base64 and body_file exclude each other: give one of them")]
    [InlineData("""{"url":"https://a.b/","body_base64":"A"}""", 37, "body_base64 is not base64")]
    [InlineData("""{"url":7}""", 8, "url must be a string")]
    [InlineData("""{"url":null}""", 8, "url must be a string")]
    [InlineData("""{"url":"https://a.b/","id":7}""", 28, "id must be a string")]
    [InlineData("""{"url":"https://a.b/","retries":"3"}""", 33, "retries must be a whole number from 0 to 1000")]
    [InlineData("""{"url":"https://a.b/","retries":1.5}""", 33, "retries must be a whole number from 0 to 1000")]
    [InlineData("""{"url":"https://a.b/","retries":-1}""", 33, "retries must be a whole number from 0 to 1000")]
    [InlineData("""{"url":"https://a.b/","retries":1001}""", 33, "retries must be 0 to 1000, not 1001")]
    [InlineData("""{"url":"https://a.b/","timeout":0}""", 33, "timeout must be longer than 0 s and at most 3650 days")]
    [InlineData("""{"url":"https://a.b/","timeout":"soon"}""", 33, "timeout must be a number of seconds, or text with a unit such as \"500ms\", not \"soon\"")]
    [InlineData("""{"url":"https://a.b/","priority":6}""", 34, "priority \"6\" is not 1 to 5 nor critical, high, medium, low or background")]
    [InlineData("""{"url":"https://a.b/","priority":"urgent"}""", 34, "priority \"urgent\" is not 1 to 5 nor critical, high, medium, low or background")]
    [InlineData("""{"url":"https://a.b/","deadline":"2030-01-02T03:04:05"}""", 34, "deadline must be a time such as \"2030-01-02T03:04:05Z\", or a duration from acceptance such as 90 or \"5m\", not \"2030-01-02T03:04:05\"")]
    [InlineData("""{"url":"https://a.b/","cost":{"tokens":1.5}}""", 40, "cost of \"tokens\" must be a whole number")]
    [InlineData("""{"url":"https://a.b/","cost":{"tokens":-1}}""", 40, "cost of tokens must be 0 to 10^12, not -1")]
    [InlineData("""{"url":"https://a.b/","cost":{"Tokens":1}}""", 40, "cost names the unit \"Tokens\": a unit is small letters, digits and _, beginning with a letter, such as tokens")]
    [InlineData("""{"url":"https://a.b/","country":"Germany"}""", 33, "country \"Germany\" is not a code of two letters, such as DE")]
    [InlineData("""{"url":"https://a.b/","expect":{"status":[99]}}""", 43, "expect: 99 is not the status of an answer (200 to 599)")]
    [InlineData("""{"url":"https://a.b/","expect":{"statuses":[200]}}""", 33, "unknown field \"statuses\" in expect: it knows \"status\"")]
    [InlineData("""{"url":"https://a.b/","callback":{"url":"https://c.d"}}""", 34, "callback works in the service only: here the results are written to a file")]
    [InlineData("""{"url":"https://a.b/","body_file":"/etc/passwd"}""", 35, "body_file works on the command line only: send the bytes as body_base64")]
    [InlineData("""{"url":"https://a.b/","params":{"a":{}}}""", 37, "param \"a\" must be a string, a number, true or false, or an array of these")]
    [InlineData("""{"url":"https://a.b/","params":{"a":1,"a":2}}""", 39, "param \"a\" is given twice: give its values as an array")]
    [InlineData("""{"url":"https://a.b/","headers":{"A":1}}""", 38, "header \"A\" must be a string or an array of strings")]
    [InlineData("""{"url":"https://a.b/","headers":{"A":"1","a":"2"}}""", 42, "header \"a\" is given twice: give its values as an array")]
    [InlineData("""{"url":"https://a.b/","tags":"one"}""", 30, "tags must be an array of strings")]
    [InlineData("""{"method":"GET"}""", 1, "url is missing")]
    [InlineData("""["https://a.b/"]""", 1, "a JSON array: give one object per line (jq -c '.[]' makes lines of it)")]
    [InlineData("7", 1, "not a JSON object")]
    [InlineData("""{"url":"https://a.b/","data":[1],"headers":{"content-type":"application/x-www-form-urlencoded"}}""", 1, "data must be an object or a string with content-type application/x-www-form-urlencoded")]
    [InlineData("""{"url":"https://a.b/","data":{"a":{"b":1}},"headers":{"content-type":"application/x-www-form-urlencoded; charset=utf-8"}}""", 1, "data cannot become a form: \"a\" must be a string, a number, true or false, or an array of these")]
    [InlineData("""{"url":"https://a.b/","id":"\ud800"}""", 28, "the text is not valid Unicode: half of a surrogate pair")]
    public void A_fault_is_named_with_its_place(string json, int column, string message)
    {
        Assert.Null(new JobRequestReader().Read(Encoding.UTF8.GetBytes(json), out var fault));
        Assert.Equal(message, fault!.Message);
        Assert.Equal(column, fault.Offset + 1);
    }

    [Theory]
    [InlineData("""{"url":"https://a.b/",}""", 23)]
    [InlineData("""{"url":"https://a.b/" "id":"x"}""", 23)]
    [InlineData("""{"url":"https://a.b/"} x""", 24)]
    [InlineData("""{"url":"https://a.b/"}{"url":"https://a.b/"}""", 23)]
    [InlineData("""{"url":"https://a.b/","id":"x""", 30)]
    [InlineData("{", 2)]
    [InlineData("{'url':1}", 2)]
    [InlineData("""{"url":"https://a.b/" /* no */}""", 23)]
    public void Broken_json_is_named_with_its_place(string json, int column)
    {
        Assert.Null(new JobRequestReader().Read(Encoding.UTF8.GetBytes(json), out var fault));
        Assert.StartsWith("not valid JSON: ", fault!.Message);
        Assert.DoesNotContain("BytePositionInLine", fault.Message);
        Assert.Equal(column, fault.Offset + 1);
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_a_fault_where_they_stand()
    {
        byte[] json = [.. """{"url":"https://a.b/","context":{"a":"ü"""u8, 0xFF, .. "\"}}"u8];
        Assert.Null(new JobRequestReader().Read(json, out var fault));
        Assert.Equal("the text is not UTF-8", fault!.Message);
        Assert.Equal(Array.IndexOf(json, (byte)0xFF), fault.Offset);
    }

    [Fact]
    public void Unknown_members_inside_context_are_the_callers_own() =>
        Assert.NotNull(Read("""{"url":"https://a.b/","context":{"retires":5,"retires":6}}""").Context);

    [Fact]
    public void An_echo_over_several_lines_becomes_one_line() =>
        Assert.Equal("""{"a":[1,2]}""", Encoding.UTF8.GetString(Read("{\"url\":\"https://a.b/\",\"context\":{\n \"a\": [1,\r\n2]}}").RawContext.Span));

    [Fact]
    public void A_fault_in_a_text_of_several_lines_has_its_offset()
    {
        Assert.Null(new JobRequestReader().Read("{\n\"url\":\n x}"u8, out var fault));
        Assert.Equal(10, fault!.Offset);
    }

    [Fact]
    public void A_body_file_is_asked_about()
    {
        var reader = new JobRequestReader(path => path == "there" ? null : "it is not there");
        Assert.Equal("there", reader.Read("""{"url":"https://a.b/","body_file":"there"}"""u8, out _)!.BodyFile);
        Assert.Null(reader.Read("""{"url":"https://a.b/","body_file":"gone"}"""u8, out var fault));
        Assert.Equal("it is not there", fault!.Message);
    }

    [Fact]
    public void What_is_written_is_read_back_the_same()
    {
        var first = Read("""
            {"id":"a","url":"https://api.example.com/v1?x=ü","method":"PATCH","headers":{"X-Many":["a","b"],"X-One":"1"},"params":{"l":["a","2"],"q":"x"},
             "data":{"a":[1,2.50]},"priority":5,"timeout":12.5,"retries":0,"retry_delay":"250ms","context":[1],"tags":["t1"],"tenant":"acme","queue":"bulk",
             "not_before":"5m","start_by":90,"deadline":"2030-01-02T03:04:05.5Z","idempotency_key":"k-1","cost":{"tokens":1200},"country":"DE","expect":{"status":[404]}}
            """);
        var json = Write(first);
        Assert.Equal(json, Write(Read(json)));
        Assert.Contains("\"deadline\":\"2030-01-02T03:04:05.5Z\"", json, StringComparison.Ordinal);
        Assert.Contains("\"X-Many\":[\"a\",\"b\"]", json, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"url":"https://a.b/","data":"text"}""")]
    [InlineData("""{"url":"https://a.b/","body_base64":"AP+A"}""")]
    public void Bodies_are_written_and_read_back_the_same(string json) => Assert.Equal(json, Write(Read(json)));

    private static JobRequest Read(string json)
    {
        var request = new JobRequestReader().Read(Encoding.UTF8.GetBytes(json), out var fault);
        Assert.Null(fault);
        return request!;
    }

    private static string Write(JobRequest request)
    {
        using var stream = new MemoryStream();
        using (var writer = new System.Text.Json.Utf8JsonWriter(stream, ResultRecordWriter.Options))
            JobRequestWriter.Write(writer, request);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
