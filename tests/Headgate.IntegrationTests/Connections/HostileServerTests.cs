using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;

namespace Headgate.IntegrationTests.Connections;

/// <summary>Whatever a server answers: the run ends, each line in its class, and what the server saw is what the ledger says.</summary>
public sealed class HostileServerTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Every_hostile_answer_ends_in_its_class_and_the_run_goes_on()
    {
        await using var server = new ByteServer(async request =>
        {
            await HostileAnswers.All[request.Path].Answer(request);
            // A connection that is closed after a whole answer may take the next request with it, unseen by us.
            return HostileAnswers.Whole.Contains(request.Path);
        });
        await using var cli = new Cli();
        cli.Write("in.jsonl", HostileAnswers.All.Keys.Select(path => Requests.Line(path, server.Url + path, "\"timeout\":1,\"retry_delay\":0.01")));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "1000/s", "--retries", "1", "--max-body", "1MiB", "--json");

        output.WriteLine(result.ToString());
        var (results, ledger) = (cli.Results(), cli.Ledger());
        foreach (var line in results)
            output.WriteLine($"{line.Id}: {line.Class} {line.StatusCode} {line.Attempts} {line.Detail} maybe {line.MaybeSent}");
        Assert.Equal(1, result.Code);
        RunOutput.EachOnce(results, HostileAnswers.All.Keys);
        Assert.Equal(
            HostileAnswers.All.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key}: {entry.Value.Expected}"),
            results.OrderBy(line => line.Id, StringComparer.Ordinal).Select(line => $"{line.Id}: {new Expected(line.Class, line.Attempts, line.StatusCode, line.Detail)}"));
        // One permit, one send: by path, and in all.
        Assert.All(results, line => Assert.Equal(line.Attempts, server.ByPath[line.Id!]));
        Assert.Equal(server.Requests, ledger.Count);
        Assert.Equal(server.Requests, result.Summary().Number("sent"));
        AssertCharged(ledger);
        Assert.Equal(0, (await cli.RunAsync("verify", "out.jsonl.ledger", "--input", "in.jsonl", "--results", "out.jsonl")).Code);
    }

    /// <summary>Within its time, and its place held on where nobody knows when it arrived.</summary>
    private static void AssertCharged(List<Runs.Send> ledger)
    {
        foreach (var send in ledger)
        {
            var end = Assert.NotNull(send.End);
            Assert.True(end.EndUs - send.SentUs < 4_000_000, $"{send.Id} took {(end.EndUs - send.SentUs) / 1000} ms");
            if (end.Status == 0)
                Assert.True(end.LateUs >= end.EndUs + 1_900_000, $"{send.Id} may arrive for 2 s after it was given up: {end}");
            else
                Assert.True(end.LateUs <= end.EndUs, $"{send.Id} had arrived when it was answered: {end}");
        }
    }

    [Fact]
    public async Task A_packed_answer_with_something_behind_it_is_what_was_packed()
    {
        byte[] body = [.. HostileAnswers.Gzip("ok"u8.ToArray()), .. "and then some"u8];
        await using var server = new ByteServer(async request =>
        {
            await request.SayAsync($"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {body.Length}\r\n\r\n");
            await request.SayAsync(body);
            return true;
        });
        await using var cli = new Cli();
        cli.Write("in.jsonl", [Requests.Line("x", server.Url, "\"retry_delay\":0.01")]);

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--retries", "1");

        output.WriteLine(result + string.Join('\n', cli.Read("out.jsonl")));
        var line = Assert.Single(cli.Results());
        Assert.Equal(server.Requests, line.Attempts);
        Assert.True(line is { Ok: true, Attempts: 1 } or { Class: "network", Attempts: 2 }, line.ToString());
        if (line.Ok)
            Assert.Equal("ok", cli.ReadJson("out.jsonl")[0].GetProperty("result").GetProperty("content").GetString());
    }

    [Fact]
    public async Task A_server_that_closes_while_a_body_is_sent_is_one_send_of_a_POST_and_two_of_a_PUT()
    {
        await using var server = new ByteServer(_ => Task.FromResult(false));
        await using var cli = new Cli();
        File.WriteAllBytes(cli.PathOf("large.bin"), new byte[20_000_000]);
        cli.Write("in.jsonl",
        [
            Requests.Line("post", server.Url + "/post", "\"method\":\"POST\",\"body_file\":\"large.bin\",\"retry_delay\":0.01"),
            Requests.Line("put", server.Url + "/put", "\"method\":\"PUT\",\"body_file\":\"large.bin\",\"retry_delay\":0.01"),
        ]);

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--retries", "1");

        output.WriteLine(result + string.Join('\n', cli.Read("out.jsonl")));
        var lines = cli.Results().ToDictionary(line => line.Id!);
        Assert.Equal(1, result.Code);
        Assert.Equal(("network", 1, true), (lines["post"].Class, lines["post"].Attempts, lines["post"].MaybeSent));
        Assert.Equal(("network", 2), (lines["put"].Class, lines["put"].Attempts));
        Assert.Equal((1, 2), (server.ByPath["/post"], server.ByPath["/put"]));
    }

    [Fact]
    public async Task A_connection_is_used_again_only_after_an_answer_that_was_whole()
    {
        await using var server = new ByteServer(async request =>
        {
            await request.SayAsync(request.Path == "/more" ? HostileAnswers.Ok + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged" : HostileAnswers.Ok);
            return true;
        });
        await using var cli = new Cli();
        cli.Write("in.jsonl", [.. Enumerable.Range(0, 30).Select(n => Requests.Line($"{n}", server.Url + (n % 3 == 0 ? "/more" : "/ok")))]);

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--concurrency", "1");

        Assert.Equal(0, result.Code);
        Assert.All(cli.ReadJson("out.jsonl"), line => Assert.Equal("ok", line.GetProperty("result").GetProperty("content").GetString()));
        Assert.Equal(30, server.Requests);
    }
}
