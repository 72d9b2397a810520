using System.CommandLine;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Commands;
using Headgate.App.Verify;
using Headgate.Ledgers;

namespace Headgate.Tests.Verify;

public sealed class VerifyCommandTests : IDisposable
{
    private readonly LedgerScript _script;

    public VerifyCommandTests() => _script = new LedgerScript(LedgerScript.Header("3/s") with { Timing = "bounded", BoundMs = new Dictionary<string, decimal> { ["api"] = 250 } });

    public void Dispose() => _script.Dispose();

    [Fact]
    public void A_whole_run_is_proven_with_what_the_proof_rests_on()
    {
        _script.Burst(3, 0, 10);
        Files("""{"id":"a","url":"u"}""" + "\n" + """{"url":"u"}""" + "\n\n" + """{"id":"c","url":"u"}""", """{"id":"c","line":4,"ok":true}""" + "\n" + """{"line":2,"ok":false}""" + "\n" + """{"id":"a","line":1,"ok":true}""" + "\n");
        var (exit, output, _) = Run(_script.Path, "--input", _script["in.jsonl"], "--results", _script["out.jsonl"]);
        Assert.Equal(0, exit);
        Assert.Contains("api          3/s: worst window 3 of 3 (100.0 %) at 2026-01-01T00:00:00.000Z", output, StringComparison.Ordinal);
        Assert.Contains("sends        3: 3 answered, 0 failed without an answer, 0 without an end", output, StringComparison.Ordinal);
        Assert.Contains("3 lines of", output, StringComparison.Ordinal);
        Assert.Contains("each has exactly one; 2 ok", output, StringComparison.Ordinal);
        Assert.Contains("a request arrives within D of its first byte: 250 ms (api)", output, StringComparison.Ordinal);
        Assert.Equal(6, output.Split("\n  - ").Length - 1);
    }

    [Fact]
    public void What_was_taken_back_was_no_send()
    {
        _script.Burst(2, 0, 10).Write(writer =>
        {
            writer.WriteIntent(new LedgerIntent { WallUs = LedgerScript.WallAtZero, SentUs = 0, Number = 3, Line = 3, Upstream = "api" });
            writer.WriteEnd(new LedgerEnd { Number = 3, EndUs = 5, LateUs = 5, Cost = [new UnitCost(Headgate.Limits.Limit.Requests, 0)] });
            writer.Flush();
        });

        var (exit, output, _) = Run(_script.Path);

        Assert.Equal(0, exit);
        Assert.Contains("sends        2: 2 answered, 0 failed without an answer, 0 without an end; 1 more recorded and never sent", output, StringComparison.Ordinal);
        Assert.DoesNotContain("no answer ×", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_breach_names_the_attempts_and_ends_with_9()
    {
        _script.Burst(4, 0, 10);
        var (exit, output, _) = Run(_script.Path);
        Assert.Equal(9, exit);
        Assert.Contains("worst window 4 of 3 (133.3 %) at 2026-01-01T00:00:00.000Z EXCEEDED, attempts 1, 2, 3, 4", output, StringComparison.Ordinal);
        Assert.Contains("A limit was exceeded", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"id":"a","line":1,"ok":true}""", "1 line without a result: 2")]
    [InlineData("""{"id":"a","line":1,"ok":true}|{"id":"b","line":2,"ok":true}|{"id":"a","line":1,"ok":true}""", "1 line with more than one result: 1")]
    [InlineData("""{"id":"a","line":1,"ok":true}|{"id":"b","line":2,"ok":true}|{"id":"z","line":9,"ok":true}""", "1 result of no line of the input, at 3")]
    public void A_lost_a_doubled_and_an_unknown_line_are_found(string results, string expected)
    {
        _script.Burst(1, 0, 10);
        Files("""{"id":"a","url":"u"}""" + "\n" + """{"id":"b","url":"u"}""" + "\n", results.Replace('|', '\n') + "\n");
        var (exit, output, _) = Run(_script.Path, "--input", _script["in.jsonl"], "--results", _script["out.jsonl"]);
        Assert.Equal(9, exit);
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_repeated_id_is_told_by_its_line_and_a_moved_line_by_its_id()
    {
        _script.Burst(1, 0, 10);
        Files("""{"id":"a","url":"u"}""" + "\n" + """{"id":"a","url":"u"}""" + "\n" + """{"id":"moved","url":"u"}""" + "\nnonsense\n",
            """{"id":"a","line":2,"ok":false}""" + "\n" + """{"line":4,"ok":false}""" + "\n" + """{"id":"moved","line":1,"ok":true}""" + "\n" + """{"id":"a","line":1,"ok":true}""" + "\n");
        Assert.Equal(0, Run(_script.Path, "--input", _script["in.jsonl"], "--results", _script["out.jsonl"]).Exit);
    }

    [Fact]
    public void Tables_lists_and_packed_files_are_input_too()
    {
        _script.Burst(1, 0, 10);
        File.WriteAllText(_script["in.csv"], "id,url,note\na,http://x,\"two\nlines\"\r\n\"b \"\"q\"\"\",http://y,\n");
        File.WriteAllText(_script["out.jsonl"], """{"id":"a","line":2,"ok":true}""" + "\n" + """{"id":"b \"q\"","line":4,"ok":true}""" + "\n");
        Assert.Equal(0, Run(_script.Path, "--input", _script["in.csv"], "--results", _script["out.jsonl"]).Exit);
        using (var packed = new GZipStream(File.Create(_script["urls.gz"]), CompressionMode.Compress))
            packed.Write(Encoding.UTF8.GetBytes("\uFEFF# a list\nhttp://x\n\nhttp://y"));
        File.WriteAllText(_script["out.jsonl"], """{"line":2,"ok":true}""" + "\n" + """{"line":4,"ok":true}""" + "\n");
        Assert.Equal(0, Run(_script.Path, "--input", _script["urls.gz"], "--results", _script["out.jsonl"]).Exit);
        Assert.Equal([(2L, "a"), (4L, "b \"q\"")], InputLines.Read(_script["in.csv"]).ToList());
    }

    [Fact]
    public void What_the_ledger_names_is_compared_wherever_the_folder_has_gone()
    {
        using var script = new LedgerScript(LedgerScript.Header("3/s") with { Input = new LedgerInput("/gone/in.jsonl", "sha256:0"), Results = "/gone/out.jsonl" });
        script.Burst(1, 0, 10);
        File.WriteAllText(script["in.jsonl"], """{"url":"u"}""" + "\n");
        File.WriteAllText(script["out.jsonl"], """{"line":1,"ok":true}""" + "\n");
        var (exit, output, _) = Run(script.Path);
        Assert.Equal(0, exit);
        Assert.Contains("each has exactly one", output, StringComparison.Ordinal);
        Assert.Contains("is not what it was when the run began", output, StringComparison.Ordinal);
        File.Delete(script["in.jsonl"]);
        (exit, output, _) = Run(script.Path);
        Assert.Equal(7, exit);
        Assert.Contains("/gone/in.jsonl", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_says_the_same()
    {
        _script.Burst(4, 0, 10);
        var (exit, output, _) = Run(_script.Path, "--json");
        Assert.Equal(9, exit);
        var json = JsonDocument.Parse(output).RootElement;
        Assert.False(json.GetProperty("ok").GetBoolean());
        Assert.False(json.GetProperty("proven").GetBoolean());
        var limit = json.GetProperty("limits")[0];
        Assert.Equal(("api", "3/s", 4, 3, true), (limit.GetProperty("scope").GetString(), limit.GetProperty("limit").GetString(), limit.GetProperty("worst").GetInt32(), limit.GetProperty("allowed").GetInt32(), limit.GetProperty("breach").GetBoolean()));
        Assert.Equal([1, 2, 3, 4], limit.GetProperty("attempts").EnumerateArray().Select(n => n.GetInt32()));
        Assert.Equal(6, json.GetProperty("assumptions").GetArrayLength());
    }

    [Fact]
    public void Undeclared_cost_ends_with_9()
    {
        _script.Send(0, 10, cost: [new("tokens", 1)], actual: [new("tokens", 2)]);
        var (exit, output, _) = Run(_script.Path);
        Assert.Equal(9, exit);
        Assert.Contains("undeclared   attempt 1: 2 tokens used, 1 declared", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_ends_with_4_and_a_torn_tail_does_not()
    {
        _script.Burst(1, 0, 10).Read();
        File.AppendAllText(_script["copy"], File.ReadAllText(Copy()) + "{\"t\":1");
        Assert.Equal(0, Run(_script["copy"]).Exit);
        File.AppendAllText(_script["copy"], "\n{\"n\":1,\"end\":1,\"late\":1}\n");
        var (exit, output, _) = Run(_script["copy"]);
        Assert.Equal((9, true), (exit, output.Contains("damage       line 4:", StringComparison.Ordinal)));
        File.WriteAllText(_script["copy"], File.ReadAllText(Copy()).Replace("{\"n\"", "nonsense\n{\"n\"", StringComparison.Ordinal));
        Assert.Equal(4, Run(_script["copy"]).Exit);
    }

    [Fact]
    public void Wrong_use_has_its_own_codes()
    {
        _script.Burst(1, 0, 10).Send(0, 1, upstream: "other");
        Assert.Equal(3, Run(_script.Path, "--limit", "fast").Exit);
        var (exit, _, errors) = Run(_script["absent"]);
        Assert.Equal(7, exit);
        Assert.Contains(_script["absent"], errors, StringComparison.Ordinal);
        File.WriteAllText(_script["in.jsonl"], "{}\n");
        Assert.Equal(4, Run(_script["in.jsonl"]).Exit);
        (exit, _, errors) = Run(_script.Path, "--log", _script["in.jsonl"]);
        Assert.Equal(2, exit);
        Assert.Contains("--limit", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.1 - - [20/Nov/2026:10:00:{0} +0000] \"GET /a\\\" HTTP/1.1\" {1} 12 \"-\" \"x\"", "combined, whole seconds")]
    [InlineData("1795168800.{0}0 10.0.0.1 \"GET / HTTP/1.1\" {1} 12", "seconds since the epoch, at the beginning of the line")]
    [InlineData("2026-11-20T10:00:{0}+00:00 {1} GET /", "ISO 8601 time, at the beginning of the line")]
    public void A_servers_log_is_read_by_its_times_and_statuses(string line, string format)
    {
        _script.Burst(1, 0, 10);
        File.WriteAllLines(_script["access.log"], [Line("00", "200"), Line("01", "200"), Line("01", "429"), "", Line("02", "200")]);
        var (exit, output, _) = Run(_script.Path, "--log", _script["access.log"]);
        Assert.Equal(format.StartsWith("seconds", StringComparison.Ordinal) ? 9 : 0, exit);
        Assert.Contains($"4 arrivals ({format}); the ledger has 1 send", output, StringComparison.Ordinal);
        Assert.Contains("200 × 3, 429 × 1", output, StringComparison.Ordinal);
        Assert.Equal(9, Run(_script.Path, "--log", _script["access.log"], "--limit", "1/s").Exit);

        string Line(string second, string status) => line.Replace("{0}", second, StringComparison.Ordinal).Replace("{1}", status, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_of_whole_seconds_proves_nothing_of_shorter_windows_and_says_so()
    {
        _script.Burst(1, 0, 10);
        File.WriteAllLines(_script["access.log"], Enumerable.Range(0, 30).Select(i => $"::1 - - [20/Nov/2026:10:00:{i / 10:00} +0000] \"GET / HTTP/1.1\" 200 1"));
        var (exit, output, _) = Run(_script.Path, "--log", _script["access.log"], "--limit", "5/100ms", "--limit", "10/s", "--limit", "10/s burst=2", "--limit", "5 tokens/s");
        Assert.Equal(0, exit);
        Assert.Contains("5/100ms: not audited: the log's times are 1 s apart", output, StringComparison.Ordinal);
        Assert.Contains("10/s: worst window 10 of 10", output, StringComparison.Ordinal);
        Assert.Contains("a log does not tell tokens", output, StringComparison.Ordinal);
        File.AppendAllText(_script["access.log"], "what is this\n");
        (exit, output, _) = Run(_script.Path, "--log", _script["access.log"], "--limit", "10/s");
        Assert.Equal(4, exit);
        Assert.Contains("1 line of", output, StringComparison.Ordinal);
    }

    private static (int Exit, string Output, string Errors) Run(params string[] arguments)
    {
        var (output, errors) = (new StringWriter(), new StringWriter());
        try
        {
            var exit = VerifyCommand.Create().Parse(arguments).Invoke(new InvocationConfiguration { Output = output, Error = errors, EnableDefaultExceptionHandler = false });
            return (exit, output.ToString(), errors.ToString());
        }
        catch (CommandException refused)
        {
            return ((int)refused.Code, output.ToString(), refused.Message);
        }
    }

    private string Copy()
    {
        using var file = LockedFile.OpenToRead(_script.Path);
        using var reader = new StreamReader(file);
        File.WriteAllText(_script["plain"], reader.ReadToEnd());
        return _script["plain"];
    }

    private void Files(string input, string results)
    {
        File.WriteAllText(_script["in.jsonl"], input);
        File.WriteAllText(_script["out.jsonl"], results);
    }
}
