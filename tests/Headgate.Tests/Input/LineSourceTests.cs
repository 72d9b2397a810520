using System.Text;
using Headgate.App.Input;
using Headgate.Jobs;

namespace Headgate.Tests.Input;

public sealed class LineSourceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Lines_are_numbered_as_an_editor_numbers_them()
    {
        var lines = await Read("r.jsonl", "\uFEFF{\"url\":\"https://a.b/1\"}\r\n\r\n  \n{\"url\":\"https://a.b/ü\",\"id\":\"x\"}");
        Assert.Equal([1, 4], lines.Select(line => line.Number));
        Assert.Equal([0, 30], lines.Select(line => line.Offset));
        Assert.Equal(["https://a.b/1", "https://a.b/ü"], lines.Select(line => line.Request!.Url));
        Assert.Equal("x", lines[1].Key);
        Assert.Matches("^#1:[0-9a-f]{16}$", lines[0].Key);
        Assert.Matches("^#4:[0-9a-f]{16}$", lines[1].RequestId);
    }

    [Fact]
    public async Task The_hash_of_a_line_does_not_depend_on_its_end_or_its_place()
    {
        var one = await Read("a.jsonl", "{\"url\":\"https://a.b/\"}\r\n");
        var two = await Read("b.jsonl", "\n{\"url\":\"https://a.b/\"}");
        Assert.Equal(one[0].Hash, two[0].Hash);
        Assert.NotEqual(one[0].Key, two[0].Key);
    }

    [Fact]
    public async Task A_broken_line_is_named_with_its_column_in_characters()
    {
        var path = _folder.Write("r.jsonl", "{\"url\":\"https://a.b/\"}\n{\"id\":\"ü€😀\",\"retires\":1}\n");
        var error = (await Read(path))[1].Error!;
        Assert.Equal($"{path}:2:13: unknown field \"retires\": did you mean \"retries\"? Own data goes into \"context\"", error.ToString());
    }

    [Fact]
    public async Task An_id_that_was_used_is_refused_with_the_line_that_used_it()
    {
        var lines = await Read("r.jsonl", """
            {"id":"a","url":"https://a.b/"}
            {"id":"b","url":"https://a.b/"}
            {"id":"a","url":"https://a.b/"}
            """);
        Assert.Equal("id \"a\" was used before, on line 1", lines[2].Error!.Message);
        Assert.Equal(8, lines[2].Error!.Column);
        Assert.Null(lines[2].Request);
        Assert.StartsWith("#3:", lines[2].Key, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("list.txt")]
    [InlineData("list.urls")]
    [InlineData("list")]
    public async Task A_url_list_has_comments_and_blank_lines(string name)
    {
        var lines = await Read(name, "# mine\r\n\r\n  https://a.b/1  \r\nexample.com\n#https://a.b/2\nhttps://a.b/3");
        Assert.Equal([3, 4, 6], lines.Select(line => line.Number));
        Assert.Equal("https://a.b/1", lines[0].Request!.Url);
        Assert.Equal("url \"example.com\" has no scheme: write http:// or https:// in front of it", lines[1].Error!.Message);
        Assert.Equal("https://a.b/3", lines[2].Request!.Url);
    }

    [Fact]
    public async Task JSON_lines_in_a_file_named_as_a_list_of_URLs_are_told_how_to_be_named()
    {
        var fault = Assert.Single(await Read("failed.txt", "{\"url\":\"https://a.b/\"}")).Error!;
        Assert.Equal("a JSON object in a list of URLs: rename the file to end in .jsonl", fault.Message);
    }

    [Theory]
    [InlineData("requests", "\n  {\"url\":\"https://a.b/\"}")]
    [InlineData("requests.dat", "{\"url\":\"https://a.b/\"}")]
    [InlineData("requests.json", "{\"url\":\"https://a.b/\"}")]
    [InlineData("requests.NDJSON", "{\"url\":\"https://a.b/\"}")]
    [InlineData("requests", "https://a.b/")]
    [InlineData("requests.csv", "url\nhttps://a.b/")]
    [InlineData("requests", "id,URL,note\r\n1,https://a.b/,x")]
    [InlineData("requests", "\"url\"\nhttps://a.b/")]
    public async Task The_format_follows_from_the_suffix_or_the_first_byte(string name, string text) =>
        Assert.Equal("https://a.b/", Assert.Single(await Read(name, text)).Request!.Url);

    [Theory]
    [InlineData("r.jsonl.gz", "{\"url\":\"https://a.b/\"}")]
    [InlineData("r.csv.gz", "url\nhttps://a.b/")]
    [InlineData("r", "https://a.b/")]
    [InlineData("r.jsonl", "\uFEFF{\"url\":\"https://a.b/\"}")]
    public async Task Packed_files_are_unpacked(string name, string text) =>
        Assert.Equal("https://a.b/", Assert.Single(await Read(_folder.Write(name, TempFolder.Packed(text)))).Request!.Url);

    [Fact]
    public async Task Packed_files_that_were_joined_are_read_to_the_end()
    {
        byte[] joined = [.. TempFolder.Packed("https://a.b/1\n"), .. TempFolder.Packed("https://a.b/2\n")];
        Assert.Equal(2, (await Read(_folder.Write("r.txt.gz", joined))).Count);
    }

    [Fact]
    public async Task A_packed_file_that_ends_too_early_is_an_error_and_not_a_shorter_file()
    {
        var packed = TempFolder.Packed(string.Concat(Enumerable.Range(0, 5000).Select(i => $"https://a.b/{i * 7919}\n")));
        var path = _folder.Write("r.txt.gz", packed[..(packed.Length / 2)]);
        var failure = await Assert.ThrowsAsync<InputException>(() => Read(path));
        Assert.StartsWith($"{path} is damaged: its gzip data cannot be unpacked", failure.Message);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_says_why()
    {
        Assert.Equal($"{_folder["none"]} does not exist", (await Assert.ThrowsAsync<InputException>(() => Read(_folder["none"]))).Message);
        Assert.Equal($"{_folder["."]} is a directory, not a file", (await Assert.ThrowsAsync<InputException>(() => Read(_folder["."]))).Message);
        var fake = _folder.Write("r.jsonl.gz", "{}");
        Assert.Equal($"{fake} ends in .gz but is not gzip: rename it, or pack it", (await Assert.ThrowsAsync<InputException>(() => Read(fake))).Message);
        var wide = _folder.Write("wide.txt", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("https://a.b/")]);
        Assert.Equal($"{wide} is UTF-16: save it as UTF-8", (await Assert.ThrowsAsync<InputException>(() => Read(wide))).Message);
    }

    [Fact]
    public async Task An_empty_file_has_no_lines() => Assert.Empty(await Read("r.jsonl", ""));

    [Fact]
    public async Task A_long_line_works()
    {
        var text = new string('x', 5_000_000);
        var lines = await Read("r.jsonl", $"{{\"url\":\"https://a.b/\",\"data\":\"{text}\"}}\n{{\"url\":\"https://a.b/\"}}");
        Assert.Equal(5_000_000, lines[0].Request!.Body!.Value.Length);
        Assert.Equal(2, lines.Count);
    }

    [Fact]
    public async Task A_body_file_that_is_not_there_is_a_bad_line()
    {
        var body = _folder.Write("body.bin", "x");
        var lines = await Read("r.jsonl", $"{{\"url\":\"https://a.b/\",\"body_file\":\"{body}\"}}\n{{\"url\":\"https://a.b/\",\"body_file\":\"{body}x\"}}");
        Assert.Equal(body, lines[0].Request!.BodyFile);
        Assert.StartsWith($"body_file \"{body}x\" does not exist", lines[1].Error!.Message);
    }

    [Fact]
    public async Task The_json_of_a_request_is_kept_where_asked()
    {
        const string json = "{ \"url\": \"https://a.b/\" }";
        Assert.Equal(json, Encoding.UTF8.GetString((await Read("r.jsonl", json, keepsRaw: true))[0].Raw.Span));
        Assert.Equal("{\"url\":\"https://a.b/ü\"}", Encoding.UTF8.GetString((await Read("r.txt", "https://a.b/ü", keepsRaw: true))[0].Raw.Span));
        Assert.True((await Read("r.jsonl", json))[0].Raw.IsEmpty);
        Assert.Equal("{broken", Encoding.UTF8.GetString((await Read("r.jsonl", "{broken", keepsRaw: true))[0].Raw.Span));
    }

    private Task<List<InputLine>> Read(string name, string text, bool keepsRaw = false) => Read(_folder.Write(name, text), keepsRaw);

    private static async Task<List<InputLine>> Read(string path, bool keepsRaw = false)
    {
        var lines = new List<InputLine>();
        await foreach (var line in new LineSource { KeepsRaw = keepsRaw }.ReadAsync(path, TestContext.Current.CancellationToken))
            lines.Add(line);
        return lines;
    }
}
