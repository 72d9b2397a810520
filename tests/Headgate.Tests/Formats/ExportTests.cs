using System.Text.Json.Nodes;
using Headgate.App.Formats;
using Headgate.Tests.Input;

namespace Headgate.Tests.Formats;

public sealed class ExportTests
{
    private const string Good = """
        {"request_id":"#1:00000000000000aa","id":"a","line":1,"url":"http://h/x?q=1","method":"POST","status":"completed","ok":true,"result":{"status_code":200,"headers":{"content-type":"application/json","x-request-id":"req_7","set-cookie":["a=1","b=2"]},"content":"{\"n\":\n1}","elapsed":0.25},"latency":1.5,"attempts":1,"created_at":"2026-03-01T10:00:00.000000Z","started_at":"2026-03-01T10:00:01.250000Z","completed_at":"2026-03-01T10:00:01.500000Z","last_error":null,"error":null,"wait":{"gate":1.25,"holding":"100/s (h)"},"key":"k1","proxy":null,"cache":null,"maybe_sent":false,"context":{"user":"=SUM(1)","tags":["x,y"]},"tags":[]}
        """;

    private const string Bad = """
        {"request_id":"#2:00000000000000bb","id":null,"line":2,"url":"http://h/y","method":"GET","status":"failed","ok":false,"result":null,"latency":3,"attempts":4,"created_at":"2026-03-01T10:00:00.000000Z","started_at":null,"completed_at":"2026-03-01T10:00:03.000000Z","last_error":"refused","error":{"class":"network","detail":"no connection, \"refused\""},"wait":{"gate":0,"holding":null},"key":null,"proxy":null,"cache":null,"maybe_sent":false,"context":{},"tags":[]}
        """;

    private const string NotFound = """
        {"request_id":"#3:00000000000000cc","id":"c","line":3,"url":"http://h/z","method":"GET","status":"completed","ok":false,"result":{"status_code":404,"headers":{"content-type":"text/html"},"content_base64":"/wA=","elapsed":0.001},"latency":0.002,"attempts":1,"created_at":"2026-03-01T10:00:00.000000Z","started_at":"2026-03-01T10:00:00.000000Z","completed_at":null,"last_error":null,"error":{"class":"client","detail":"the server answered 404"},"wait":{"gate":0,"holding":null},"key":null,"proxy":null,"cache":null,"maybe_sent":false,"context":{},"tags":[]}
        """;

    private static readonly string All = $"{Good}\n{Bad}\n{NotFound}\n";

    [Fact]
    public async Task Results_become_the_output_of_a_batch_of_OpenAI()
    {
        var run = await FormatRun.ExportAsync(new OpenAiBatchResults(), All.Replace("\"network\"", "\"deadline\"", StringComparison.Ordinal));

        Assert.Equal((0, 3), (run.Code, run.Json.Length));
        Assert.All(run.Json, line => Assert.Equal(["id", "custom_id", "response", "error"], line.AsObject().Select(member => member.Key)));
        Assert.All(run.Json, line => Assert.Matches("^batch_req_[0-9a-f]{24}$", (string?)line["id"]));
        Assert.Equal(3, run.Json.Select(line => (string?)line["id"]).Distinct().Count());
        Assert.Equal(["a", "#2:00000000000000bb", "c"], run.Json.Select(line => (string?)line["custom_id"]));
        Assert.Equal("""{"status_code":200,"request_id":"req_7","body":{"n":1}}""", run.Json[0]["response"]!.ToJsonString());
        Assert.Null(run.Json[0]["error"]);
        Assert.Null(run.Json[1]["response"]);
        Assert.Equal(("batch_expired", "no connection, \"refused\""), ((string?)run.Json[1]["error"]!["code"], (string?)run.Json[1]["error"]!["message"]));
        Assert.Equal((404, "\ufffd\0"), ((int)run.Json[2]["response"]!["status_code"]!, (string?)run.Json[2]["response"]!["body"]));
        Assert.Null(run.Json[2]["error"]);
    }

    [Fact]
    public async Task Results_become_results_of_vegeta()
    {
        var run = await FormatRun.ExportAsync(new VegetaResults(), All);

        Assert.Equal([0, 1, 2], run.Json.Select(line => (int)line["seq"]!));
        Assert.Equal((200, 250_000_000L, "", 8), ((int)run.Json[0]["code"]!, (long)run.Json[0]["latency"]!, (string?)run.Json[0]["error"], (int)run.Json[0]["bytes_in"]!));
        Assert.Equal("2026-03-01T10:00:01.250000Z", (string?)run.Json[0]["timestamp"]);
        Assert.Equal("""["a=1","b=2"]""", run.Json[0]["headers"]!["set-cookie"]!.ToJsonString());
        Assert.Equal((0, "no connection, \"refused\""), ((int)run.Json[1]["code"]!, (string?)run.Json[1]["error"]));
        Assert.Equal((404, "404 Not Found", "/wA="), ((int)run.Json[2]["code"]!, (string?)run.Json[2]["error"], (string?)run.Json[2]["body"]));
    }

    [Fact]
    public async Task Results_become_an_archive_with_what_was_sent_where_that_is_known()
    {
        const string Requests = """{"url":"http://h/x","method":"POST","params":{"q":"1"},"data":{"lamp":3},"headers":{"X-A":"b"}}""" + "\n{}\n\n";
        var results = All.Replace("00000000000000aa", $"{Headgate.App.Input.XxHash.Of(System.Text.Encoding.UTF8.GetBytes(Requests.Split('\n')[0])):x16}", StringComparison.Ordinal).Replace("\"line\":2", "\"line\":null", StringComparison.Ordinal).Replace("\"line\":3", "\"line\":null", StringComparison.Ordinal);
        var run = await FormatRun.ExportAsync(new HarResults(), results, Requests);

        var log = JsonNode.Parse(run.Output)!["log"]!;
        Assert.Equal(("1.2", 3), ((string?)log["version"], log["entries"]!.AsArray().Count));
        var first = log["entries"]![0]!;
        Assert.Equal(("2026-03-01T10:00:01.250Z", 1500.0), ((string?)first["startedDateTime"], (double)first["time"]!));
        Assert.Equal("""{"blocked":1250,"dns":-1,"connect":-1,"send":0,"wait":250,"receive":0}""", first["timings"]!.ToJsonString());
        Assert.Equal("""[{"name":"X-A","value":"b"},{"name":"Content-Type","value":"application/json"}]""", first["request"]!["headers"]!.ToJsonString());
        Assert.Equal("""[{"name":"q","value":"1"}]""", first["request"]!["queryString"]!.ToJsonString());
        Assert.Equal("""{"mimeType":"application/json","params":[],"text":"{\u0022lamp\u0022:3}"}""", first["request"]!["postData"]!.ToJsonString());
        Assert.Equal((200, "OK", "{\"n\":\n1}"), ((int)first["response"]!["status"]!, (string?)first["response"]!["statusText"], (string?)first["response"]!["content"]!["text"]));
        Assert.Equal((0, "no connection, \"refused\""), ((int)log["entries"]![1]!["response"]!["status"]!, (string?)log["entries"]![1]!["response"]!["_error"]));
        Assert.Equal(("/wA=", "base64"), ((string?)log["entries"]![2]!["response"]!["content"]!["text"], (string?)log["entries"]![2]!["response"]!["content"]!["encoding"]));
        // What every entry must have.
        foreach (var entry in log["entries"]!.AsArray())
        {
            Assert.All(["startedDateTime", "time", "request", "response", "cache", "timings"], name => Assert.True(entry!.AsObject().ContainsKey(name), name));
            Assert.All(["method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"], name => Assert.True(entry!["request"]!.AsObject().ContainsKey(name), name));
            Assert.All(["status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize", "bodySize"], name => Assert.True(entry!["response"]!.AsObject().ContainsKey(name), name));
        }
    }

    [Fact]
    public async Task An_archive_without_results_is_one_too()
    {
        var run = await FormatRun.ExportAsync(new HarResults(), "");

        Assert.Empty(JsonNode.Parse(run.Output)!["log"]!["entries"]!.AsArray());
    }

    [Fact]
    public async Task A_table_has_the_usual_columns()
    {
        var run = await FormatRun.ExportAsync(new CsvResults([.. CsvResults.Usual], false), All);

        var lines = run.Output.Split('\n');
        Assert.Equal("id,line,url,method,status,ok,status_code,latency,elapsed,wait,waiting_for,attempts,started_at,completed_at,error_class,error,key,proxy,cache,maybe_sent,content", lines[0]);
        Assert.StartsWith("a,1,http://h/x?q=1,POST,completed,true,200,1.5,0.25,1.25,100/s (h),1,2026-03-01T10:00:01.250000Z,", lines[1], StringComparison.Ordinal);
        Assert.Equal(",2,http://h/y,GET,failed,false,,3,,0,,4,,2026-03-01T10:00:03.000000Z,network,\"no connection, \"\"refused\"\"\",,,,false,", lines[3]);
    }

    [Fact]
    public async Task Columns_reach_into_a_result()
    {
        var run = await FormatRun.ExportAsync(new CsvResults(["context.user", "context", "result.headers.Content-Type", "result.headers.set-cookie", "context.none.at.all"], true), Good);

        Assert.Equal("\"'=SUM(1)\",", run.Output.Split('\n')[1][..11].Replace("'=SUM(1),", "\"'=SUM(1)\",", StringComparison.Ordinal)[..11]);
        Assert.Contains("application/json,\"[\"\"a=1\"\",\"\"b=2\"\"]\",", run.Output, StringComparison.Ordinal);
        Assert.Contains("did you mean", CsvResults.FindFault("latencyy"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_become_curl_commands_that_become_the_same_requests()
    {
        string[] requests =
        [
            """{"url":"http://h/x?a=1&b=2"}""",
            """{"url":"http://h/it's","method":"PUT","headers":{"X-A":["1","2"],"Content-Type":"text/plain"},"data":"it's\n\t$HOME `x` \"ä\u0001\\"}""",
            """{"url":"http://h/","method":"DELETE"}""",
            """{"url":"http://h/","method":"HEAD"}""",
            """{"url":"http://h/","method":"POST","data":"@file"}""",
            """{"url":"http://h/","method":"GET","data":"body"}""",
            """{"url":"http://h/","method":"POST","headers":{"X-Empty":""},"timeout":"2500ms"}""",
        ];
        var commands = await FormatRun.ExportAsync(new CurlCommands(), string.Join('\n', requests));
        var again = await FormatRun.ImportAsync(_ => new CurlFile(_ => null, _ => [], _ => { }), commands.Output);

        Assert.Equal((0, 0), (commands.Code, again.Code));
        Assert.Equal(requests.Length, commands.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        foreach (var (expected, found) in requests.Zip(again.Json))
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected.Replace(",\"method\":\"GET\",\"data\"", ",\"method\":\"GET\",\"data\"", StringComparison.Ordinal)) is JsonObject wanted ? Normal(wanted) : null, Normal(found.AsObject())), $"{expected}\n{found.ToJsonString()}");

        static JsonObject Normal(JsonObject request)
        {
            request["method"] ??= "GET";
            request.Remove("timeout");
            return request;
        }
    }

    [Fact]
    public async Task Targets_of_vegeta_come_back_as_they_were()
    {
        string[] targets =
        [
            """{"method":"POST","url":"http://goku/1","body":"eyJhIjoxfQ==","header":{"X-A":["1","2"],"Content-Type":["application/json"]}}""",
            """{"method":"GET","url":"http://goku/2"}""",
            """{"method":"PUT","url":"http://goku/3","body":"/wA="}""",
        ];
        var requests = await FormatRun.ImportAsync(_ => new VegetaTargets(), string.Join('\n', targets));
        var again = await FormatRun.ExportAsync(new VegetaResults(), requests.Output);

        Assert.Equal(targets, again.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_command_sends_the_one_request_that_was_sent_whatever_curl_reads_into_its_URL()
    {
        var results = string.Concat(((string[])["/c[1-3]", "/{a,b}", "/a b"]).Select(path => Good.Replace("/x?q=1", path, StringComparison.Ordinal) + "\n"));

        var run = await FormatRun.ExportAsync(new CurlCommands(), results);

        Assert.Equal(["curl -X POST --globoff 'http://h/c[1-3]'", "curl -X POST --globoff 'http://h/{a,b}'", "curl -X POST http://h/a%20b"], run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Of_results_only_the_failed_ones_are_written_if_that_is_asked()
    {
        var run = await FormatRun.ExportAsync(new CurlCommands(), All, onlyFailed: true);

        Assert.Equal("curl http://h/y\ncurl http://h/z\n", run.Output);
        Assert.Equal("2 lines of in.txt", run.Said.Single());
    }

    [Theory]
    [InlineData("{\"url\":\"http://h/\"}", "1:1: not a result of a run: it has no request_id, status and ok")]
    [InlineData("{\"request_id\":\"a\",\"status\":\"completed\",\"ok\":1}", "1:1: not a result of a run")]
    [InlineData("{\"request_id\":\"ä\",}", "1:19: not valid JSON")]
    [InlineData("7", "1:1: not a result of a run")]
    [InlineData("{\"request_id\":\"\\ud800\",\"status\":\"x\",\"ok\":true}", "1:1: the text is not valid Unicode")]
    public async Task What_is_no_result_is_named_and_the_rest_is_written(string line, string expected)
    {
        var run = await FormatRun.ExportAsync(new OpenAiBatchResults(), $"{line}\n{Good}\n");

        Assert.Equal((4, 1), (run.Code, run.Json.Length));
        Assert.StartsWith($"in.txt:{expected}", run.Said[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_has_changed_since_it_was_sent_is_told()
    {
        var run = await FormatRun.ExportAsync(new CurlCommands(), Good, """{"url":"http://h/other"}""");

        Assert.Equal(4, run.Code);
        Assert.Equal("in.txt:1:1: line 1 of the requests has changed since it was sent", run.Said[0]);
    }

    [Fact]
    public async Task A_body_in_a_file_is_read_and_one_that_is_gone_is_told()
    {
        using var folder = new TempFolder();
        var path = folder.Write("a.body", "{\"n\":7}");
        var line = Good.Replace("\"content\":\"{\\\"n\\\":\\n1}\"", $"\"content_file\":\"{path}\"", StringComparison.Ordinal);

        Assert.Equal(7, (int)(await FormatRun.ExportAsync(new OpenAiBatchResults(), line)).Json.Single()["response"]!["body"]!["n"]!);
        File.Delete(path);
        var gone = await FormatRun.ExportAsync(new OpenAiBatchResults(), line);
        Assert.Contains("content_file: ", gone.Said[0], StringComparison.Ordinal);
    }
}
