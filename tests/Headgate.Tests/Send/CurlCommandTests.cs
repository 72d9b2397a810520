using System.Text;
using Headgate.App.Send;
using Headgate.Jobs;

namespace Headgate.Tests.Send;

public sealed class CurlCommandTests
{
    private readonly List<string> _notes = [];

    [Theory]
    [InlineData("curl https://a.example/x", "GET https://a.example/x")]
    [InlineData("curl -XDELETE https://a.example/x", "DELETE https://a.example/x")]
    [InlineData("curl https://a.example/x -X put", "PUT https://a.example/x")]
    [InlineData("curl --request PATCH --url https://a.example/x", "PATCH https://a.example/x")]
    [InlineData("curl -I https://a.example/x", "HEAD https://a.example/x")]
    [InlineData("curl -sSfL --compressed -N -g --http2 https://a.example/x", "GET https://a.example/x")]
    [InlineData("curl -d a=1 https://a.example/x", "POST https://a.example/x")]
    [InlineData("curl -X GET -d a=1 https://a.example/x", "GET https://a.example/x")]
    [InlineData("curl -G -d a=1 --data-urlencode 'q=b c&' https://a.example/x", "GET https://a.example/x?a=1&q=b%20c%26")]
    [InlineData("curl -G -d a=1 'https://a.example/x?z=0#top'", "GET https://a.example/x?z=0&a=1")]
    [InlineData("curl -GI -d a=1 https://a.example/x", "HEAD https://a.example/x?a=1")]
    [InlineData("curl -- https://a.example/-x", "GET https://a.example/-x")]
    public void Method_and_url(string command, string expected)
    {
        var request = Read(command);
        Assert.Equal(expected, $"{request.Method} {request.Url}");
        Assert.Empty(_notes);
    }

    [Theory]
    [InlineData("-d a=1 -d b=2", "a=1&b=2")]
    [InlineData("--data-raw '@a' --data-ascii b", "@a&b")]
    [InlineData("-d @lines", "onetwo")]
    [InlineData("--data-binary @lines", "one\r\ntwo\n")]
    [InlineData("-d x --data-urlencode y@lines", "x&y=one%0D%0Atwo%0A")]
    [InlineData("--data-urlencode 'a b' --data-urlencode '=c=d' --data-urlencode 'é=ü'", "a%20b&c%3Dd&é=%C3%BC")]
    [InlineData("--json '{\"a\":' --json '1}'", "{\"a\":1}")]
    [InlineData("-d ''", "")]
    public void Data_is_put_together_as_curl_does(string options, string expected)
    {
        var request = Read($"curl https://a.example/x {options}");
        Assert.Equal(("POST", expected), (request.Method, Encoding.UTF8.GetString(request.Body!.Value.Span)));
    }

    [Theory]
    [InlineData("-d '{\"a\":1}'", "Content-Type: application/x-www-form-urlencoded")]
    [InlineData("-d a -H 'content-type: text/plain'", "content-type: text/plain")]
    [InlineData("-d a -H 'Content-Type:'", "")]
    [InlineData("--json '[]'", "Content-Type: application/json|Accept: application/json")]
    [InlineData("--json '[]' -H 'Accept: text/csv'", "Accept: text/csv|Content-Type: application/json")]
    [InlineData("-H 'X-A:  1 ' -H 'X-A: 2' -H 'X-B;'", "X-A: 1|X-A: 2|X-B: ")]
    [InlineData("-u me:s3cret", "Authorization: Basic bWU6czNjcmV0")]
    [InlineData("--oauth2-bearer t0ken", "Authorization: Bearer t0ken")]
    [InlineData("-A agent/1 -e 'https://from.example/;auto' -b a=1 -b 'c=2; d=3'", "User-Agent: agent/1|Referer: https://from.example/|Cookie: a=1; c=2; d=3")]
    [InlineData("-G -d a=1", "")]
    public void Headers(string options, string expected) =>
        Assert.Equal(expected, string.Join('|', Read($"curl https://a.example/x {options}").Headers.Select(header => $"{header.Key}: {header.Value}")));

    [Fact]
    public void Times_and_retries()
    {
        var request = Read("curl -m 2.5 --retry 7 --retry-delay 3 https://a.example/x");
        Assert.Equal((TimeSpan.FromSeconds(2.5), 7, TimeSpan.FromSeconds(3)), (request.Timeout!.Value, request.Retries!.Value, request.RetryDelay!.Value));
    }

    [Fact]
    public void What_a_browser_copied_of_its_connection_is_left_out_and_said_so()
    {
        var request = Read("""
            curl 'https://a.example/x' --compressed \
              -H 'Accept-Encoding: gzip, deflate, br, zstd' -H 'Connection: keep-alive' \
              -H 'TE: trailers' -H 'DNT: 1' --data-raw $'{"x":"it\'s \u0021"}'
            """);
        Assert.Equal(["DNT", "Content-Type"], request.Headers.Select(header => header.Key));
        Assert.Equal("""{"x":"it's !"}""", Encoding.UTF8.GetString(request.Body!.Value.Span));
        Assert.Equal(["left out Connection, TE: they are for the connection, not for the request"], _notes);
    }

    [Theory]
    [InlineData("--frobnicate", "curl's option --frobnicate is not understood")]
    [InlineData("--heder a:b", "curl's option --heder is not understood; did you mean \"--header\"?")]
    [InlineData("-Z", "curl's option -Z is not understood")]
    [InlineData("-sZ", "curl's option -Z is not understood")]
    [InlineData("--request=POST", "curl's option --request=… is not understood; its value stands behind a space")]
    [InlineData("-k", "curl's -k: TLS is always verified")]
    [InlineData("--insecure", "curl's --insecure: TLS is always verified")]
    [InlineData("-x http://p:1", "curl's -x: proxies are not in this version")]
    [InlineData("-F a=b", "curl's -F: forms of several parts")]
    [InlineData("-o out", "curl's -o: the answer goes to standard output: write > FILE")]
    [InlineData("-v", "curl's -v: --explain of headgate send")]
    [InlineData("-b jar.txt", "curl's -b: cookies are not read from a file")]
    [InlineData("-H @headers", "curl's -H: headers are not read from a file")]
    [InlineData("-H 'no colon'", "curl's -H: a header is written 'Name: value', and this one has no colon")]
    [InlineData("-H", "curl's -H has no value")]
    [InlineData("-sX", "curl's -sX has no value")]
    [InlineData("-u me", "curl's -u: the password is missing")]
    [InlineData("-m soon", "curl's -m is a number of seconds, not \"soon\"")]
    [InlineData("--retry x", "curl's --retry is a number, not \"x\"")]
    [InlineData("https://b.example", "there is more than one URL")]
    [InlineData("-H 'Upgrade: h2c'", "header Upgrade cannot be set by hand")]
    public void What_cannot_be_had_is_refused_by_name(string options, string message) =>
        Assert.Contains(message, Assert.ThrowsAny<ArgumentException>(() => Read($"curl https://a.example/x {options}")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_header_that_would_begin_another_is_refused_with_its_position_and_without_its_value()
    {
        var message = Assert.ThrowsAny<ArgumentException>(() => Read(@"curl https://a.example/x -H $'X-Token: s3cret\r\nX: y'")).Message;
        Assert.Equal("curl's -H: a control character (U+000D) at position 16, which could begin another header", message);
    }

    [Theory]
    [InlineData("curl https://x", true)]
    [InlineData(" curl\nhttps://x", true)]
    [InlineData("curl \\\nhttps://x", true)]
    [InlineData("curl.example.com", false)]
    [InlineData("https://curl se", false)]
    public void A_curl_command_begins_with_curl(string argument, bool expected) => Assert.Equal(expected, CurlCommand.IsCurl(argument));

    [Fact]
    public void Without_a_url_there_is_nothing_to_send() =>
        Assert.Equal("there is no URL", Assert.Throws<ArgumentException>(() => Read("curl -s")).Message);

    private JobRequest Read(string command) => CurlCommand.Read(command, _ => null, _ => "one\r\ntwo\n"u8.ToArray(), _notes).Build();
}
