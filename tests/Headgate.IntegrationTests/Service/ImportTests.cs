using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Headgate.IntegrationTests.Service;

/// <summary>Any number of requests with one call: a line each, a verdict each.</summary>
public sealed class ImportTests : ServiceOverApi
{
    private const string Path = "/api/v1/requests:import";

    [Fact]
    public async Task Every_line_gets_a_verdict_and_the_last_line_counts_them()
    {
        var (status, lines) = await ImportAsync($$"""
            {"url":"{{Api.Url}}/a","id":"mine"}

            nonsense
            {"url":"{{Api.Url}}/b","body_file":"/etc/passwd"}
            {"url":"{{Api.Url}}/c"}
            """);

        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal([1, 3, 4, 5], lines[..^1].Select(line => (int)line["line"]!));
        Assert.Equal("mine", (string?)lines[0]["id"]);
        Assert.Equal(2, (int)lines[1]["column"]!);
        Assert.Contains("body_file", (string?)lines[2]["error"], StringComparison.Ordinal);
        Assert.Equal(("submitted", 2, 2), ((string?)lines[^1]["status"], (int)lines[^1]["count"]!, (int)lines[^1]["refused"]!));
        var ended = await Service.WaitAsync([(string)lines[0]["request_id"]!, (string)lines[3]["request_id"]!]);
        Assert.All(ended, job => Assert.Equal("completed", job.GetProperty("status").GetString()));
        Assert.Equal(2, Api.Report().Arrivals);
    }

    [Fact]
    public async Task A_mark_before_the_first_line_is_no_part_of_it()
    {
        var (status, lines) = await ImportAsync($$"""{{'\uFEFF'}}{"url":"{{Api.Url}}/a"}""" + "\n");

        Assert.Equal((HttpStatusCode.Accepted, 1, 0), (status, (int)lines[^1]["count"]!, (int)lines[^1]["refused"]!));
    }

    [Fact]
    public async Task Many_lines_are_taken_from_a_caller_who_reads_nothing_before_all_are_sent()
    {
        // Some 12 MB of verdicts, which no buffer between the two has room for.
        var text = new StringBuilder();
        for (var line = 0; line < 150_000; line++)
            text.Append("{\"url\":\"").Append(Api.Url).Append("/x\",\"not_before\":\"2h\"}\n");

        var (status, lines) = await ImportAsync(text.ToString());

        Assert.Equal((HttpStatusCode.Accepted, 150_001), (status, lines.Length));
        Assert.Equal(150_000, (int)lines[^1]["count"]!);
        Assert.Equal(Enumerable.Range(1, 150_000), lines[..^1].Select(line => (int)line["line"]!));
        Assert.Equal(150_000, lines[..^1].Select(line => (string)line["request_id"]!).Distinct().Count());
        // Far less than all of it at once would take.
        Assert.InRange(PeakOf(Service.Process.Id), 1, 400_000);
        var (_, statistics) = await Service.CallAsync("GET", "/api/v1/statistics");
        Assert.Equal(150_000, (int)statistics["requests"]!["open"]!);
    }

    [Fact]
    public async Task A_verdict_comes_while_the_next_line_is_not_sent_yet()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Version = HttpVersion.Version11 };
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Service.Client.BaseAddress!.Port);
        var stream = socket.GetStream();
        var reader = new StreamReader(stream);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {Path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"));

        for (var line = 1; line <= 3; line++)
        {
            var body = $$"""{"url":"{{Api.Url}}/x"}""" + "\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{body.Length:x}\r\n{body}\r\n"));
            string? read;
            do
                read = await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
            while (read?.StartsWith("{\"line\"", StringComparison.Ordinal) == false);
            Assert.Equal(line, (int)JsonNode.Parse(read!)!["line"]!);
        }
    }

    [Fact]
    public async Task Packed_lines_are_unpacked_and_what_is_packed_otherwise_is_refused()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 5000).Select(n => $$"""{"url":"{{Api.Url}}/{{n}}","not_before":"2h"}""" + "\n"))));

        var (_, whole) = await ImportAsync(packed.ToArray(), "gzip");
        var (_, cut) = await ImportAsync(packed.ToArray()[..^200], "gzip");
        var (status, other) = await ImportAsync(packed.ToArray(), "br");

        Assert.Equal(5000, (int)whole[^1]["count"]!);
        Assert.Equal(400, (int)cut[^1]["status"]!);
        Assert.Contains("damaged", (string?)cut[^1]["error"], StringComparison.Ordinal);
        // What stands before it was accepted, and what stands behind it was not.
        Assert.Equal(cut.Length, (int)cut[^1]["line"]!);
        Assert.Equal((HttpStatusCode.UnsupportedMediaType, 415), (status, (int)other.Single()["status"]!));
    }

    [Fact]
    public async Task Told_again_with_its_key_an_import_is_the_same_jobs()
    {
        var text = $$"""
            {"url":"{{Api.Url}}/a","not_before":"2h"}
            broken
            {"url":"{{Api.Url}}/b","not_before":"2h"}
            """;
        var (_, first) = await ImportAsync(text, key: "k");
        var (_, again) = await ImportAsync(text, key: "k");
        var (_, other) = await ImportAsync(text.Replace("/b", "/c", StringComparison.Ordinal), key: "k");

        Assert.Equal(first[..^1].Select(line => line.ToJsonString()), again[..^1].Select(line => line.ToJsonString()));
        Assert.Contains("Idempotency-Key", (string?)other[2]["error"], StringComparison.Ordinal);
        var (_, open) = await Service.CallAsync("GET", "/api/v1/requests?status=open");
        Assert.Equal(2, open["requests"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_form_is_refused_and_nothing_is_an_import_of_nothing()
    {
        using var form = new MultipartFormDataContent { new StringContent("x") };
        using var refused = await Service.Client.PostAsync(Path, form);
        var (status, lines) = await ImportAsync("");

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, refused.StatusCode);
        Assert.Equal((HttpStatusCode.Accepted, 0), (status, (int)lines.Single()["count"]!));
    }

    [Fact]
    public async Task A_page_of_large_answers_is_written_while_it_is_read()
    {
        // 80 answers of 256 KiB.
        var ids = await Service.SubmitAsync(Enumerable.Range(0, 80).Select(n => $$"""{"url":"{{Api.Url}}/bytes/262144","id":"{{n}}"}"""));
        foreach (var some in ids.Chunk(20))
            Assert.All(await Service.WaitAsync(some), job => Assert.Equal(262144, job.GetProperty("result").GetProperty("content").GetString()!.Length));

        using var answer = await Service.Client.GetAsync("/api/v1/requests?limit=50", HttpCompletionOption.ResponseHeadersRead);
        var page = JsonNode.Parse(await answer.Content.ReadAsStreamAsync())!;

        Assert.Equal(50, page["requests"]!.AsArray().Count);
        Assert.Equal(Enumerable.Range(0, 50), page["requests"]!.AsArray().Select(job => int.Parse((string)job!["id"]!)));
        var (_, rest) = await Service.CallAsync("GET", $"/api/v1/requests?limit=1000&after={page["next"]}");
        Assert.Equal(30, rest["requests"]!.AsArray().Count);
        Assert.Null(rest["next"]);
    }

    private Task<(HttpStatusCode Status, JsonNode[] Lines)> ImportAsync(string text, string? key = null) => ImportAsync(Encoding.UTF8.GetBytes(text), null, key);

    private async Task<(HttpStatusCode Status, JsonNode[] Lines)> ImportAsync(byte[] body, string? encoding, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/x-ndjson");
        if (encoding is not null)
            request.Content.Headers.ContentEncoding.Add(encoding);
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        using var answer = await Service.Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)]);
    }

    /// <summary>The most memory a process has had, in KiB.</summary>
    private static long PeakOf(int process) => long.Parse(File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]);
}
