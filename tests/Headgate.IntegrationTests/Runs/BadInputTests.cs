using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Runs;

/// <summary>What is wrong with an input is named with its place; nothing is sent that was not asked for, and nothing is lost.</summary>
public sealed class BadInputTests(ITestOutputHelper output)
{
    public static TheoryData<string, string> BadLines => new()
    {
        { "{\"id\":\"b\",\"url\":\"URL/x\"", "" },
        { "{\"id\":\"b\",\"url\":\"URL/x\",\"priorty\":1}", "priorty" },
        { "{\"id\":\"b\",\"url\":\"URL/x\",\"headers\":{\"X-A\":\"a\\r\\nX-Evil: 1\"}}", "X-A" },
        { "{\"id\":\"b\",\"url\":\"URL/x\",\"headers\":{\"X-A: 1\\r\\nX-Evil\":\"1\"}}", "header" },
        { "{\"id\":\"b\",\"url\":\"URL/x\",\"headers\":{\"Content-Length\":\"7\"}}", "Content-Length" },
        { "{\"id\":\"b\",\"url\":\"URL/x\",\"method\":\"GET / HTTP/1.1\\r\\nX-Evil: 1\"}", "method" },
        { "{\"id\":\"b\",\"url\":\"ftp://example.com/x\"}", "ftp" },
        { "{\"id\":\"b\",\"url\":\"URL/x\\r\\nX-Evil: 1\"}", "url" },
        { "{\"id\":\"i1\",\"url\":\"URL/x\"}", "line 1" },
        { "{\"id\":\"b\",\"url\":\"URL/x\",\"timeout\":\"soon\"}", "timeout" },
        { "{\"id\":\"b\",\"url\":\"URL/x\",\"cost\":{\"tokens\":-1}}", "cost" },
        { "{\"id\":\"b\",\"url\":\"URL/x\",\"body_file\":\"no/such/file\"}", "no/such/file" },
        { "{\"id\":\"b\"}", "url" },
        { "[1,2]", "" },
        { "\"text\"", "" },
        { "{\"id\":\"b\",\"url\":\"URL/x\",\"data\":\"\u00ff", "" },
    };

    [Theory]
    [MemberData(nameof(BadLines))]
    public async Task A_bad_line_is_named_with_its_place_and_nothing_is_sent(string line, string says)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", [.. Requests.Items(api.Url, 2), line.Replace("URL", api.Url, StringComparison.Ordinal), Requests.Item(api.Url, 3)]);

        var refused = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl");

        output.WriteLine(refused.Error);
        Assert.Equal(4, refused.Code);
        Assert.Matches(@"in\.jsonl:3:\d+: ", refused.Error);
        Assert.Contains(says, refused.Error, StringComparison.Ordinal);
        Assert.Contains("--skip-bad", refused.Error, StringComparison.Ordinal);
        Assert.Equal(0, api.Report().Arrivals);
        Assert.False(File.Exists(cli.PathOf("out.jsonl")) || File.Exists(cli.PathOf("out.jsonl.ledger")), "nothing was begun, so nothing is left");

        var rest = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--skip-bad");

        Assert.Equal(1, rest.Code);
        Assert.Equal(["i1", "i2", "i3"], api.Arrivals().Select(arrival => arrival.Item).Order());
        var bad = Assert.Single(cli.Results(), result => !result.Ok);
        Assert.Equal((3L, "failed", "invalid"), (bad.Line, bad.Status, bad.Class));
        Assert.Matches(@"in\.jsonl:3:\d+: ", bad.Detail);
        Assert.Equal(4, cli.Results().Count);
        Assert.Equal(1, (await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--skip-bad")).Code);
        Assert.Equal((3, 4), (api.Report().Arrivals, cli.Results().Count));
    }

    [Fact]
    public async Task A_body_file_that_is_a_pipe_or_a_device_is_a_bad_line_and_nothing_waits_for_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes with a path are of Unix");
        await using var cli = new Cli();
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", cli.PathOf("pipe")))
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        foreach (var path in (string[])["pipe", "/dev/zero"])
        {
            cli.Write("in.jsonl", [$$"""{"url":"http://127.0.0.1:1/","method":"POST","body_file":"{{path}}"}"""]);
            var refused = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl");
            Assert.Equal(4, refused.Code);
            Assert.Contains("is a pipe or a device", refused.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("-o", "in.jsonl", "--fresh")]
    [InlineData("-o", "link", "--fresh")]
    [InlineData("-o", "out.jsonl", "--failed-to", "in.jsonl")]
    [InlineData("-o", "out.jsonl", "--failed-to", "./out.jsonl")]
    [InlineData("-o", "out.jsonl", "--failed-to", "out.jsonl.ledger")]
    public async Task One_file_for_two_things_is_refused_before_it_is_touched(params string[] options)
    {
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items("http://127.0.0.1:1", 3));
        File.CreateSymbolicLink(cli.PathOf("link"), cli.PathOf("in.jsonl"));
        var refused = await cli.RunAsync(["run", "in.jsonl", .. options]);
        Assert.True(refused.Code == 2, refused.ToString());
        Assert.Contains("different files", refused.Error, StringComparison.Ordinal);
        Assert.Equal(3, cli.Read("in.jsonl").Length);
    }

    [Fact]
    public async Task Results_may_go_into_a_pipe_by_its_name()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes with a path are of Unix");
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 150));
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", cli.PathOf("pipe")))
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        var reading = Task.Run(() => File.ReadAllLines(cli.PathOf("pipe")), TestContext.Current.CancellationToken);
        var piped = await cli.RunAsync("run", "in.jsonl", "-o", "pipe", "--limit", "none");
        Assert.True(piped.Code == 0, piped.ToString());
        Assert.Equal(150, (await reading).Length);
    }

    [Fact]
    public async Task Times_of_years_are_times_like_others()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 2).Append(Requests.Item(api.Url, 3, more: ",\"timeout\":\"3000d\",\"deadline\":\"9999-12-31T23:59:59Z\",\"not_before\":\"0001-01-01T00:00:00Z\"")));
        foreach (var deadline in (string[])["60d", "9999-12-31T23:59:59Z"])
        {
            var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--timeout", "100d", "--deadline", deadline, "--fresh");
            Assert.True(result.Code == 0, result.ToString());
        }
    }

    [Fact]
    public async Task Of_many_bad_lines_the_first_twenty_are_named_and_all_are_counted()
    {
        await using var cli = new Cli();
        cli.Write("in.jsonl", Enumerable.Repeat("{", 1000));
        var refused = await cli.RunAsync("run", "in.jsonl");
        Assert.Equal(4, refused.Code);
        Assert.Equal(20, refused.Error.Split('\n').Count(line => line.Contains("in.jsonl:", StringComparison.Ordinal)));
        Assert.Contains("1000 bad lines", refused.Error, StringComparison.Ordinal);
        Assert.Contains("980 more", refused.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, "100/m", "--limit", "100/m")]
    [InlineData(3, "\"fast\"", "--limit", "fast")]
    [InlineData(3, "60 bucket", "--total-limit", "60 bucket")]
    [InlineData(3, "fixed", "--limit", "10/s fixed")]
    [InlineData(2, "--limits", "--limits", "100/s")]
    [InlineData(2, "--resume", "--resume")]
    [InlineData(3, "concurrency", "--concurrency", "0")]
    [InlineData(3, "timeout", "--timeout", "soon")]
    [InlineData(2, "--share", "--share", "2/2")]
    [InlineData(2, "--ok-status", "--ok-status", "20x")]
    [InlineData(2, "--max-failures", "--max-failures", "some")]
    [InlineData(2, "--deadline", "--deadline", "later")]
    [InlineData(2, "--keys", "--key-limit", "5/s")]
    [InlineData(3, "no-keys.txt", "--keys", "no-keys.txt")]
    [InlineData(3, "empty.txt", "--keys", "empty.txt")]
    [InlineData(3, "HEADGATE_TEST_NO_KEY", "--keys", "env:HEADGATE_TEST_NO_KEY")]
    [InlineData(3, "--key-as", "--keys", "good.txt", "--key-as", "Authorization: Bearer")]
    [InlineData(3, "evil.txt", "--keys", "evil.txt")]
    [InlineData(3, "bad.json", "--config", "bad.json")]
    [InlineData(7, "no/such/folder", "-o", "no/such/folder/out.jsonl")]
    [InlineData(7, "state", "--state", "good.txt")]
    public async Task A_bad_option_is_named_with_what_is_wrong_and_nothing_is_sent(int code, string says, params string[] options)
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 3));
        cli.Write("empty.txt", "# none yet\n\n");
        cli.Write("good.txt", "s3cret\n");
        cli.Write("evil.txt", "a s3cret\u0001\n");
        cli.Write("bad.json", """{"version":1,"upstreams":{"x":{"base":["http://x"],"limit":["1/s"]}}}""");

        var refused = await cli.RunAsync(["run", "in.jsonl", .. options.Contains("-o") ? options : [.. options, "-o", "out.jsonl"]]);

        output.WriteLine(refused.ToString());
        Assert.Equal(code, refused.Code);
        Assert.Contains(says, refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("unexpected", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refused.Error, StringComparison.Ordinal);
        Assert.Equal(0, api.Report().Arrivals);
    }

    [Fact]
    public async Task A_file_that_is_missing_or_cannot_be_read_ends_with_4()
    {
        await using var cli = new Cli();
        cli.Write("cut.jsonl.gz", "");
        await using (var packed = new GZipStream(File.Create(cli.PathOf("whole.gz")), CompressionLevel.Fastest))
            for (var n = 0; n < 2000; n++)
                await packed.WriteAsync(Encoding.UTF8.GetBytes(Requests.Item("http://127.0.0.1:1", n) + "\n"));
        var bytes = await File.ReadAllBytesAsync(cli.PathOf("whole.gz"));
        await File.WriteAllBytesAsync(cli.PathOf("cut.jsonl.gz"), bytes[..(bytes.Length / 2)]);
        cli.Write("utf16.jsonl", "\ufeff");
        await File.WriteAllBytesAsync(cli.PathOf("utf16.jsonl"), Encoding.Unicode.GetPreamble());
        Directory.CreateDirectory(cli.PathOf("folder"));
        foreach (var (file, says) in ((string, string)[])[("missing.jsonl", "does not exist"), ("folder", "is a directory"), ("cut.jsonl.gz", "cut.jsonl.gz"), ("utf16.jsonl", "UTF-16")])
        {
            var refused = await cli.RunAsync("run", file, "-o", "out.jsonl", "--limit", "1/s");
            output.WriteLine(refused.Error);
            Assert.Equal(4, refused.Code);
            Assert.Contains(says, refused.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("unexpected", refused.Error, StringComparison.Ordinal);
            Assert.False(File.Exists(cli.PathOf("out.jsonl.ledger")));
        }
    }

    [Fact]
    public async Task Crlf_a_byte_order_mark_letters_of_any_script_and_long_lines_work()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        var megabytes = Measured.IsLong ? 40 : 10;
        var text = "\ufeff" + string.Join("\r\n",
            Requests.Item(api.Url, 1),
            "",
            $$"""{"id":"größe-日本-🚦","url":"{{api.Url}}/echo?item=i2","method":"POST","data":{"text":"日本 🚦 \u00e9\n"},"headers":{"X-Name":"Zoë"},"context":{"wo":"Köln"},"tags":["ä"]}""",
            Requests.Item(api.Url, 3, more: $",\"method\":\"POST\",\"data\":\"{new string('a', megabytes << 20)}\""),
            $"  {Requests.Item(api.Url, 4)}  ");
        await File.WriteAllTextAsync(cli.PathOf("in.jsonl"), text);

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "none");

        Assert.True(result.Code == 0, result.ToString());
        var results = cli.Results().OrderBy(line => line.Line).ToList();
        Assert.Equal(["i1", "größe-日本-🚦", "i3", "i4"], results.Select(line => line.Id));
        Assert.Equal([1L, 3L, 4L, 5L], results.Select(line => line.Line));
        var echo = cli.ReadJson("out.jsonl").Single(line => line.Number("line") == 3);
        var heard = JsonDocument.Parse(echo.GetProperty("result").GetProperty("content").GetString()!).RootElement;
        Assert.Equal("日本 🚦 é\n", JsonDocument.Parse(heard.GetProperty("body").GetString()!).RootElement.GetProperty("text").GetString());
        Assert.Equal("Zoë", heard.GetProperty("headers").GetProperty("x-name").GetString());
        Assert.Equal(("Köln", "ä"), (echo.GetProperty("context").GetProperty("wo").GetString(), echo.GetProperty("tags")[0].GetString()));
        Assert.Equal((4, 0), (api.Report().Items.Succeeded, api.Report().Items.Doubled));
    }

    [Fact]
    public async Task Csv_url_lists_packed_files_and_pipes_are_read()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.csv", $"id,url,method,header.X-Item,param.q,city\na,{api.Url}/echo,GET,c1,\"1,5\",Köln\nb,{api.Url}/x,POST,c2,x,\"A\"\"b\"\n");
        cli.Write("in.txt", $"# mine\n\n{api.Url}/x?item=u1\r\n{api.Url}/x?item=u2\n");
        await using (var packed = new GZipStream(File.Create(cli.PathOf("in.jsonl.gz")), CompressionLevel.Fastest))
            await packed.WriteAsync(Encoding.UTF8.GetBytes(Requests.Item(api.Url, 1) + "\n"));

        foreach (var file in (string[])["in.csv", "in.txt", "in.jsonl.gz"])
            Assert.True((await cli.RunAsync("run", file, "-o", file + ".out")).Code == 0, file);
        var piped = await cli.RunAsync($"{Requests.Item(api.Url, 2)}\n{{broken\n{Requests.Item(api.Url, 3)}", Cli.Patience, "run", "-", "-o", "piped.out");
        var plain = await cli.RunAsync($"{api.Url}/x?item=u4\n", Cli.Patience, "run", "-");

        Assert.Equal(["c1", "c2", "i1", "i2", "i3", "u1", "u2", "u4"], api.Arrivals().Select(arrival => arrival.Item).Order());
        Assert.Equal(["a", "b"], cli.Results("in.csv.out").Select(line => line.Id).Order());
        Assert.Contains("\"city\":\"Köln\"", cli.Read("in.csv.out").Single(line => line.Contains("\"a\"", StringComparison.Ordinal)), StringComparison.Ordinal);
        output.WriteLine(piped.ToString());
        Assert.Equal((1, 3), (piped.Code, cli.Results("piped.out").Count));
        Assert.Contains(cli.Results("piped.out"), line => line is { Line: 2, Class: "invalid" } && line.Detail!.StartsWith("standard input:2:", StringComparison.Ordinal));
        Assert.Equal(0, plain.Code);
        Assert.True(Outcome.Read(Assert.Single(plain.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))).Ok);
        Assert.Contains("cannot be resumed", plain.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dry_run_sends_nothing_and_leaves_nothing()
    {
        await using var api = await SimulatedApi.StartAsync(new());
        await using var cli = new Cli();
        cli.Write("in.jsonl", Requests.Items(api.Url, 7));
        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--limit", "3/s", "--dry-run");
        output.WriteLine(result.Output);
        Assert.Equal(0, result.Code);
        Assert.Contains("7 requests", result.Output, StringComparison.Ordinal);
        Assert.Contains("3/s", result.Output, StringComparison.Ordinal);
        Assert.Equal(0, api.Report().Arrivals);
        Assert.Equal(["in.jsonl"], Directory.GetFileSystemEntries(cli.Folder).Select(Path.GetFileName));
    }
}
