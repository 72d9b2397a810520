using Headgate.Tests.CommandLine;

namespace Headgate.Tests.Send;

public sealed class SendCommandTests
{
    [Theory]
    [InlineData(2, "has no scheme; did you mean https://a.example/x ?", "a.example/x")]
    [InlineData(2, "-H: a control character (U+000A) at position 5", "https://a.example", "-H", "X: y\nZ: z")]
    [InlineData(2, "header name \"a b\" is not allowed", "https://a.example", "-H", "a b: c")]
    [InlineData(2, "method \"G T\" is not an HTTP method", "https://a.example", "-X", "G T")]
    [InlineData(2, "method CONNECT is for proxies", "https://a.example", "-XCONNECT")]
    [InlineData(2, "unknown option \"--concurrency\"", "https://a.example", "--concurrency", "5")]
    [InlineData(2, "curl's -k: TLS is always verified", "curl -k https://a.example")]
    [InlineData(2, "curl's option --frob is not understood", "curl --frob https://a.example")]
    [InlineData(2, "the quote ' that begins here is not closed", "curl 'https://a.example")]
    [InlineData(2, "a curl command has its own -X, -H and -d", "curl https://a.example", "-d", "x")]
    [InlineData(2, "put the whole curl command into quotes", "curl")]
    [InlineData(3, "limit \"100/m\": \"m\" could be a minute or a month", "https://a.example", "--limit", "100/m")]
    [InlineData(3, "the file of keys cannot be read", "https://a.example", "--state", "none", "--keys", "/no/such/file")]
    [InlineData(3, "where proxies come from", "https://a.example", "--state", "none", "--proxies", "")]
    [InlineData(3, "where proxies come from", "https://a.example", "--state", "none", "--proxies", "store:")]
    [InlineData(4, "/no/such/file does not exist", "https://a.example", "-d", "@/no/such/file")]
    public async Task A_request_that_cannot_be_sent_is_said_so_with_its_code(int code, string message, params string[] args)
    {
        var run = await ShellRun.OfProgramAsync(["send", .. args]);

        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Equal((code, ""), (run.Code, run.Output));
    }

    [Fact]
    public async Task The_help_fits_a_terminal_of_80_columns_as_far_as_it_is_ours()
    {
        foreach (var verb in (string[])["send", "demo"])
        {
            var help = (await ShellRun.OfProgramAsync(verb, "--help")).Output.Split('\n');
            Assert.All(help.TakeWhile(line => !line.StartsWith("Usage:", StringComparison.Ordinal)), line => Assert.InRange(line.TrimEnd().Length, 0, 80));
        }
    }
}
