using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.Tests.Jobs;

public sealed class JobRequestTests
{
    [Theory]
    [InlineData("", "url is empty")]
    [InlineData("example.com/x", "url \"example.com/x\" has no scheme: write http:// or https:// in front of it")]
    [InlineData("/etc/passwd", "url \"/etc/passwd\" has no scheme: write http:// or https:// in front of it")]
    [InlineData("ftp://example.com/", "url must begin with http:// or https://, not \"ftp://\"")]
    [InlineData("file:///etc/passwd", "url must begin with http:// or https://, not \"file://\"")]
    [InlineData("https:/example.com", "url \"https:/example.com\" lacks the // after its scheme")]
    [InlineData("https://", "url \"https://\" is not valid: its host or port cannot be read")]
    [InlineData("https:///path", "url \"https:///path\" is not valid: its host or port cannot be read")]
    [InlineData("https://exa mple.com/", "url \"https://exa mple.com/\" is not valid: its host or port cannot be read")]
    [InlineData("https://example.com:99999/", "url \"https://example.com:99999/\" is not valid: its host or port cannot be read")]
    [InlineData("https://good.com\\@evil.com/", "url has a user name or password in it, which would end up in results and logs: give a header instead, for example \"authorization\": \"Basic …\"")]
    [InlineData("https://good.com\\.evil.com/", "url \"https://good.com\\.evil.com/\" is not valid: its host or port cannot be read")]
    [InlineData("https://user:pass@example.com/", "url has a user name or password in it, which would end up in results and logs: give a header instead, for example \"authorization\": \"Basic …\"")]
    [InlineData("https://example.com/\r\nHost: x", "url has a control character (U+000D) at its position 21")]
    public void A_url_that_cannot_be_sent_is_refused(string url, string message) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => new JobRequest(url)).Message);

    [Theory]
    [InlineData("http://localhost")]
    [InlineData("HTTPS://API.Example.COM:443/a?b=c#d")]
    [InlineData("http://[::1]:8080/")]
    [InlineData("http://127.0.0.1:1/mail@example.com?x=a@b")]
    [InlineData("https://bücher.example/ä?ö=ü")]
    public void A_url_that_can_be_sent_is_kept_as_it_is(string url) => Assert.Equal(url, new JobRequest(url).Url);

    [Fact]
    public void A_url_of_more_than_64_KiB_is_refused()
    {
        Assert.NotNull(new JobRequest("https://a.b/" + new string('x', 65_536 - 12)));
        Assert.Throws<ArgumentException>(() => new JobRequest("https://a.b/" + new string('x', 65_536 - 11)));
    }

    [Theory]
    [InlineData("get", "GET")]
    [InlineData("Patch", "PATCH")]
    [InlineData("PURGE", "PURGE")]
    [InlineData("m-search", "m-search")]
    public void A_method_is_written_as_servers_expect_it(string given, string sent) =>
        Assert.Equal(sent, new JobRequest("https://a.b/") { Method = given }.Method);

    [Theory]
    [InlineData("")]
    [InlineData("GET /x HTTP/1.1\r\n")]
    [InlineData("G ET")]
    [InlineData("GÉT")]
    [InlineData("connect")]
    public void What_is_no_method_is_refused(string method) =>
        Assert.Throws<ArgumentException>(() => new JobRequest("https://a.b/") { Method = method });

    [Theory]
    [InlineData("X-A", "1\r\nX-Injected: 1", "the value of header X-A has a control character (U+000D), which could begin another header")]
    [InlineData("X-A", "1\n", "the value of header X-A has a control character (U+000A), which could begin another header")]
    [InlineData("X-A", "1\0", "the value of header X-A has a control character (U+0000), which could begin another header")]
    [InlineData("X-A: 1\r\nX-B", "1", "header name \"X-A: 1U+000DU+000AX-B\" is not allowed: letters, digits and !#$%&'*+-.^_`|~ only")]
    [InlineData("", "1", "header name \"\" is not allowed: letters, digits and !#$%&'*+-.^_`|~ only")]
    [InlineData(":path", "/", "header name \":path\" is not allowed: letters, digits and !#$%&'*+-.^_`|~ only")]
    [InlineData("content-length", "5", "header content-length cannot be set by hand: it is counted from the body")]
    [InlineData("Transfer-Encoding", "chunked", "header Transfer-Encoding cannot be set by hand: it follows from the body")]
    [InlineData("Connection", "close", "header Connection cannot be set by hand: it belongs to the connection, not to the request")]
    [InlineData("Upgrade", "h2c", "header Upgrade cannot be set by hand: a request cannot change the protocol")]
    [InlineData("Host", "a.b/c", "header Host must be a host name with an optional port, not \"a.b/c\"")]
    public void A_header_that_may_not_be_sent_is_refused(string name, string value, string message)
    {
        var headers = new JobRequest("https://a.b/").Headers;
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => headers.Add(name, value)).Message);
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => headers[name] = value).Message);
        Assert.Empty(headers);
    }

    [Fact]
    public void Headers_of_more_than_64_KiB_are_refused()
    {
        var headers = new JobRequest("https://a.b/").Headers;
        headers["A"] = new string('x', 65_535);
        headers["A"] = new string('y', 65_535);
        Assert.Throws<ArgumentException>(() => headers.Add("B", ""));
    }

    [Fact]
    public void A_name_may_have_several_values_which_stay_together()
    {
        var headers = new JobRequest("https://a.b/").Headers;
        headers.Add("Accept", "a");
        headers.Add("X", "1");
        headers.Add("accept", "b");
        Assert.Equal(["a", "b", "1"], headers.Select(pair => pair.Value));
        Assert.Equal("a", headers["ACCEPT"]);
        Assert.Null(headers["Y"]);
        headers["ACCEPT"] = "c";
        Assert.Equal(["1", "c"], headers.Select(pair => pair.Value));
        headers["x"] = null;
        Assert.False(headers.Contains("X"));
    }

    [Fact]
    public void The_last_body_given_is_the_one_that_counts()
    {
        var request = new JobRequest("https://a.b/") { Body = new byte[] { 1 } };
        request.Data = JsonElement.Parse("""{"a":1}""");
        Assert.Null(request.Body);
        request.BodyFile = "f";
        Assert.Null(request.Data);
        request.Data = JsonElement.Parse("\"text\"");
        Assert.Equal("text"u8.ToArray(), request.Body!.Value.ToArray());
        Assert.Null(request.BodyFile);
    }

    [Fact]
    public void Setters_refuse_what_cannot_be()
    {
        var request = new JobRequest("https://a.b/");
        Assert.Throws<ArgumentException>(() => request.Id = "");
        Assert.Throws<ArgumentException>(() => request.Id = new string('x', 1025));
        Assert.Throws<ArgumentException>(() => request.Tenant = "a\nb");
        Assert.Throws<ArgumentException>(() => request.Priority = (RequestPriority)6);
        Assert.Throws<ArgumentException>(() => request.Timeout = TimeSpan.Zero);
        Assert.Throws<ArgumentException>(() => request.RetryDelay = TimeSpan.FromTicks(-1));
        Assert.Throws<ArgumentException>(() => request.Retries = -1);
        Assert.Throws<ArgumentException>(() => request.Tags = ["ok", ""]);
        Assert.Throws<ArgumentException>(() => request.Cost = new Dictionary<string, long> { ["tokens"] = -1 });
        Assert.Throws<ArgumentException>(() => request.ExpectStatuses = [200, 600]);
        Assert.Throws<ArgumentException>(() => request.Country = "D1");
        Assert.Throws<ArgumentException>(() => request.Deadline = TimeSpan.FromSeconds(-1));
    }

    [Fact]
    public void A_cost_of_nothing_is_a_cost() =>
        Assert.Equal(0, new JobRequest("https://a.b/") { Cost = new Dictionary<string, long> { ["tokens"] = 0 } }.Cost["tokens"]);
}
