using System.Text;
using System.Text.Json.Nodes;
using Headgate.App.Formats;
using Headgate.App.Input;
using Headgate.Tests.Input;

namespace Headgate.Tests.Formats;

public sealed class ImportTests
{
    private static IRequestFormat OpenAi(Action<string> note) => new LineRequests(new OpenAiBatchFormat(new Uri("https://api.openai.com")));

    private static IRequestFormat Vegeta(Action<string> note) => new VegetaTargets();

    private static IRequestFormat Har(Action<string> note) => new HarRequests(note);

    private static IRequestFormat Curl(Action<string> note) => new CurlFile(name => name == "SHOP_PASSWORD" ? "p w" : null, _ => "from a file"u8.ToArray(), note);

    [Fact]
    public async Task A_batch_of_OpenAI_becomes_requests_with_their_ids_and_bodies()
    {
        var run = await FormatRun.ImportFileAsync(OpenAi, FormatRun.Sample("openai-batch.jsonl"));

        Assert.Equal((0, "3 requests from openai-batch.jsonl"), (run.Code, run.Said.Single()));
        Assert.Equal(["request-1", "request-2", "request-3"], run.Json.Select(line => (string?)line["id"]));
        Assert.Equal(("https://api.openai.com/v1/embeddings", "POST", "two"), ((string?)run.Json[2]["url"], (string?)run.Json[2]["method"], (string?)run.Json[2]["data"]!["input"]![1]));
        Assert.Equal("Größe, \"quoted\"\nand a line break", (string?)run.Json[1]["data"]!["messages"]![0]!["content"]);
    }

    [Theory]
    [InlineData("https://api.openai.com/v1/", "/v1/embeddings", "https://api.openai.com/v1/embeddings")]
    [InlineData("https://api.openai.com", "/v1/embeddings", "https://api.openai.com/v1/embeddings")]
    [InlineData("http://localhost:8015/up/openai", "/v1/embeddings", "http://localhost:8015/up/openai/v1/embeddings")]
    [InlineData("https://a.example/v1", "/v10/x", "https://a.example/v1/v10/x")]
    [InlineData("https://a.example/v1", "https://b.example/x", "https://b.example/x")]
    public async Task Paths_of_a_batch_stand_at_the_address_of_the_API(string address, string url, string expected)
    {
        var run = await FormatRun.ImportAsync(_ => new LineRequests(new OpenAiBatchFormat(new Uri(address))), $$"""{"custom_id":"a","method":"POST","url":"{{url}}","body":null}""");

        Assert.Equal(expected, (string?)run.Json.Single()["url"]);
    }

    [Theory]
    [InlineData("""{"custom_id":"a","method":"POST","url":"v1/x","body":{}}""", "1:40: url \"v1/x\" is a path that begins with /")]
    [InlineData("""{"custom_id":"a","methd":"POST","url":"/x","body":{}}""", "1:26: unknown member \"methd\": a line has custom_id, method, url, body")]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/x","body":"text"}""", "1:52: body must be an object")]
    [InlineData("""{"custom_id":"ä","method":"POST","url":"/x","body":{"a":}}""", "1:57: not valid JSON")]
    [InlineData("""{"custom_id":"a","url":"/x","url":"/y"}""", "1:35: url is given twice")]
    [InlineData("\n\n  {\"method\":\"POST\",\"url\":\"/x\"}", "3:3: custom_id is missing")]
    [InlineData("[]", "1:1: not a JSON object")]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/\ud800"}""", "1:40: the text is not valid Unicode")]
    public async Task A_broken_line_of_a_batch_is_named_with_its_column(string line, string expected)
    {
        var run = await FormatRun.ImportAsync(OpenAi, line + "\n{\"custom_id\":\"good\",\"method\":\"POST\",\"url\":\"/x\"}\n");

        Assert.Equal(4, run.Code);
        Assert.StartsWith($"in.txt:{expected}", run.Said[0], StringComparison.Ordinal);
        Assert.Equal("good", (string?)run.Json.Single()["id"]);
        Assert.Equal("1 request from in.txt; 1 could not be read", run.Said[1]);
    }

    [Fact]
    public async Task Of_many_errors_the_first_twenty_are_named()
    {
        var run = await FormatRun.ImportAsync(OpenAi, string.Concat(Enumerable.Repeat("{}\n", 30)));

        Assert.Equal(21, run.Said.Length);
        Assert.Equal("0 requests from in.txt; 30 could not be read, of which the first 20 are named", run.Said[^1]);
    }

    [Fact]
    public async Task Targets_of_vegeta_become_requests()
    {
        var run = await FormatRun.ImportFileAsync(Vegeta, FormatRun.Sample("vegeta-targets.txt"));

        Assert.Equal(0, run.Code);
        Assert.Equal(["GET", "DELETE", "POST", "GET"], run.Json.Select(line => (string?)line["method"] ?? "GET"));
        Assert.Equal("""{"Confirmation-Token":"90215","Authorization":"Token DEADBEEF"}""", run.Json[1]["headers"]!.ToJsonString());
        Assert.Equal("samples/formats/order.json", (string?)run.Json[2]["body_file"]);
        Assert.Null(run.Json[3]["headers"]);
    }

    [Fact]
    public async Task Targets_of_vegeta_in_JSON_become_requests()
    {
        var run = await FormatRun.ImportAsync(Vegeta, """
            {"method":"POST","url":"http://goku/1","body":"eyJhIjoxfQ==","header":{"X-A":["1","2"],"Content-Type":["application/json"]}}

            {"method":"GET","url":"http://goku/2","body":""}
            {"method":"GET","url":"http://goku/3","body":"*"}
            """);

        Assert.Equal(("""{"a":1}""", """["1","2"]"""), ((string?)run.Json[0]["data"], run.Json[0]["headers"]!["X-A"]!.ToJsonString()));
        Assert.Null(run.Json[1]["data"]);
        Assert.Equal("in.txt:4:46: body must be a string of base64", run.Said[0]);
    }

    [Theory]
    [InlineData("GET\n", "1:1: a target is written METHOD URL")]
    [InlineData("GET ftp://x\n", "1:5: url must begin with http")]
    [InlineData("GET http://a/\nno colon\n", "2:1: a header is written Name: value; a body @FILE")]
    [InlineData("GET http://a/\n  Content-Length: 5\n", "2:3: header Content-Length cannot be set by hand")]
    [InlineData("POST http://a/\n@f\nX: y\n", "3:1: nothing follows the body of a target")]
    public async Task A_broken_target_is_named_and_the_next_is_read(string text, string expected)
    {
        var run = await FormatRun.ImportAsync(Vegeta, text + "GET http://next/\nA: b\n");

        Assert.StartsWith($"in.txt:{expected}", run.Said[0], StringComparison.Ordinal);
        Assert.Equal("http://next/", (string?)run.Json.Single()["url"]);
    }

    [Fact]
    public async Task An_archive_of_a_browser_becomes_requests_without_what_was_its_connections()
    {
        var run = await FormatRun.ImportFileAsync(Har, FormatRun.Sample("browser.har"));

        Assert.Equal(0, run.Code);
        Assert.Equal(["note: passed over an entry that is no request of HTTP (data:, blob:, WebSocket)", "3 requests from browser.har"], run.Said);
        Assert.Equal("""{"accept":"application/json","cookie":"session=abc"}""", run.Json[0]["headers"]!.ToJsonString());
        Assert.Equal(("""{"lamp":3}""", """{"Content-Type":"application/json"}"""), ((string?)run.Json[1]["data"], run.Json[1]["headers"]!.ToJsonString()));
        Assert.Equal("user=me&remember+me=1%262", (string?)run.Json[2]["data"]);
    }

    [Theory]
    [InlineData("""{"log":{"entries":[{"request":{"url":"https://a b"}}]}}""", "1:31: url \"https://a b\" is not valid")]
    [InlineData("{\"log\":{\"entries\":[\n {\"startedDateTime\":1}]}}", "2:2: the entry has no request")]
    [InlineData("{\"log\":{\"comment\":\"äöü\",\"entries\":[5]}}", "1:36: an entry must be an object")]
    [InlineData("""{"log":{"entries":[{"request":{"url":"https://a/","postData":{"mimeType":"multipart/form-data","params":[{"name":"f"}]}}}]}}""", "1:62: postData: the fields of this form are here, but not its text")]
    public async Task A_broken_entry_is_named_with_its_place(string text, string expected)
    {
        var run = await FormatRun.ImportAsync(Har, text);

        Assert.Equal(4, run.Code);
        Assert.StartsWith($"in.txt:{expected}", run.Said[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"log\":{\"entries\":[\n  {\"request\":{\"url\":\"http://a.example/ä\" \"method\":1}}]}}", "in.txt:2:42: not valid JSON")]
    [InlineData("{\"log\":{\"entries\":[{\"request\":{\"url\":\"http", "in.txt:1:43: not valid JSON")]
    [InlineData("{\"entries\":[{}]}", "in.txt is no HTTP archive: it has no list log.entries")]
    [InlineData("", "in.txt:1:1: not valid JSON")]
    public async Task What_is_no_archive_is_refused(string text, string expected)
    {
        using var folder = new TempFolder();
        var refused = await Assert.ThrowsAsync<InputException>(() => FormatRun.ImportFileAsync(Har, folder.Write("in.txt", text)));

        Assert.StartsWith(expected, refused.Message.Replace(folder[""] + "/", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(300)]
    public async Task Items_are_found_wherever_the_pieces_of_the_text_end(int buffer)
    {
        var text = Encoding.UTF8.GetBytes("""{"other":{"entries":[1,{"log":{"entries":[2]}}]},"log":{"x":[[],{}],"entries":[ {"a":"ä\"]}"} ,""" + "\n" + """ [1,[2]], 3.5,null,"]" ],"entries2":[9]}}""");
        using var items = new JsonItems(new MemoryStream(text), "f", ["log", "entries"], buffer);
        var found = new List<string>();
        while (await items.MoveNextAsync(CancellationToken.None))
            found.Add($"{items.Place.Line}:{items.Place.Column} {Encoding.UTF8.GetString(items.Current.Span)}");

        Assert.Equal(["1:81 {\"a\":\"ä\\\"]}\"}", "2:2 [1,[2]]", "2:11 3.5", "2:15 null", "2:20 \"]\""], found);
    }

    [Fact]
    public async Task Curl_commands_become_requests_over_as_many_lines_as_they_have()
    {
        var run = await FormatRun.ImportFileAsync(Curl, FormatRun.Sample("curl-commands.sh"));

        Assert.Equal((0, "4 requests from curl-commands.sh"), (run.Code, run.Said.Single()));
        Assert.Equal(["GET", "PUT", "POST", "HEAD"], run.Json.Select(line => (string?)line["method"] ?? "GET"));
        Assert.Equal("session=abc; theme=dark", (string?)run.Json[0]["headers"]!["cookie"]);
        Assert.Equal("{\"note\":\"it's urgent\",\"lines\":[\n1]}", (string?)run.Json[1]["data"]);
        Assert.Equal("user=me&password=p w", (string?)run.Json[2]["data"]);
    }

    [Theory]
    [InlineData("wget x\n", "1:1: not a curl command")]
    [InlineData("curl https://a.example \\\n  -H 'X: y' \\\n  --bogus 3\n", "3:3: curl's option --bogus is not understood")]
    [InlineData("curl https://a.example | jq .\n", "1:24: \"|\" outside quotes is for a shell")]
    [InlineData("curl \"https://a.example/$NOBODY\"\n", "1:25: the variable NOBODY is not set")]
    [InlineData("curl -s\n", "1:1: there is no URL")]
    [InlineData("curl\n", "1:1: curl without a URL")]
    [InlineData("curl https://a.example https://b.example\n", "1:24: there is more than one URL")]
    [InlineData("curl \"https://a.example\" ^\n  -H \"a: b\"\n", "1:1: a command for cmd.exe: copy it as cURL for bash")]
    public async Task A_broken_command_is_named_with_its_place_and_the_next_is_read(string text, string expected)
    {
        var run = await FormatRun.ImportAsync(Curl, $"# first\n{text}curl 'https://next.example/' &\n");

        var (line, rest) = (int.Parse(expected.Split(':')[0]) + 1, expected[expected.IndexOf(':', StringComparison.Ordinal)..]);
        Assert.StartsWith($"in.txt:{line}{rest}", run.Said[0], StringComparison.Ordinal);
        Assert.Equal("https://next.example/", (string?)run.Json[^1]["url"]);
    }

    [Fact]
    public async Task A_quote_that_is_never_closed_is_named_where_it_opens()
    {
        var run = await FormatRun.ImportAsync(Curl, "curl https://a.example/\n\ncurl https://a.example/ \\\n -H 'open\ncurl b\n");

        Assert.Equal("in.txt:4:5: the quote ' that begins here is not closed", run.Said[0]);
        Assert.Single(run.Json);
    }

    [Fact]
    public async Task What_is_imported_is_read_by_a_run()
    {
        using var folder = new TempFolder();
        foreach (var (format, sample) in ((Func<Action<string>, IRequestFormat>, string)[])[(OpenAi, "openai-batch.jsonl"), (Har, "browser.har"), (Curl, "curl-commands.sh")])
        {
            var run = await FormatRun.ImportFileAsync(format, FormatRun.Sample(sample));
            var check = await InputCheck.ReadAsync(folder.Write($"{sample}.jsonl", run.Output));
            Assert.Equal((run.Json.Length, 0), ((int)check.Requests, (int)check.BadLines));
        }
    }

    [Fact]
    public async Task A_packed_file_is_unpacked()
    {
        using var folder = new TempFolder();
        var path = folder.Write("batch.jsonl.gz", TempFolder.Packed(await File.ReadAllTextAsync(FormatRun.Sample("openai-batch.jsonl"))));

        Assert.Equal(3, (await FormatRun.ImportFileAsync(OpenAi, path)).Json.Length);
    }
}
