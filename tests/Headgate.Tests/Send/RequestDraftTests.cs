using System.Text;
using Headgate.App.Send;

namespace Headgate.Tests.Send;

public sealed class RequestDraftTests
{
    [Theory]
    [InlineData("{\"a\": [1, 2]}", "application/json")]
    [InlineData(" \n[1]", "application/json")]
    [InlineData("{\"a\": 1", "application/x-www-form-urlencoded")]
    [InlineData("{} x", "application/x-www-form-urlencoded")]
    [InlineData("\"text\"", "application/x-www-form-urlencoded")]
    [InlineData("a=1", "application/x-www-form-urlencoded")]
    public void Data_that_is_a_JSON_object_or_array_is_sent_as_JSON(string data, string type)
    {
        var draft = Draft("https://a.example/x");
        draft.AddDataOrFile(data);
        var request = draft.Build();
        Assert.Equal(("POST", type, data), (request.Method, request.Headers["content-type"], Encoding.UTF8.GetString(request.Body!.Value.Span)));
    }

    [Fact]
    public void A_file_is_sent_byte_by_byte()
    {
        var draft = Draft("https://a.example/x");
        draft.AddDataOrFile("@file");
        Assert.Equal([0, 13, 10, 255], draft.Build().Body!.Value.ToArray());
    }

    [Theory]
    [InlineData("api.example.com/x", "the URL \"api.example.com/x\" has no scheme; did you mean https://api.example.com/x ?")]
    [InlineData("//api.example.com", "did you mean https://api.example.com ?")]
    [InlineData("localhost:8080/x", "did you mean http://localhost:8080/x ?")]
    [InlineData("127.0.0.1:80", "did you mean http://127.0.0.1:80 ?")]
    [InlineData("ftp://a.example", "url must begin with http:// or https://, not \"ftp://\"")]
    [InlineData("https:/a.example", "lacks the // after its scheme")]
    [InlineData("https://me:pw@a.example", "user name or password")]
    [InlineData("https://a.example/\nX", "control character (U+000A) at its position 19")]
    [InlineData("", "url is empty")]
    public void A_url_that_cannot_be_sent_is_refused_with_what_was_probably_meant(string url, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => Draft(url).Build()).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("X: a\rb", 5, "U+000D")]
    [InlineData("X: \ta\nb", 6, "U+000A")]
    [InlineData("X\0: a", 2, "U+0000")]
    [InlineData("X: \u007f", 4, "U+007F")]
    public void A_control_character_in_a_header_is_named_with_its_position(string header, int position, string character) =>
        Assert.Equal(
            $"-H: a control character ({character}) at position {position}, which could begin another header",
            Assert.Throws<ArgumentException>(() => Draft("https://a.example").AddHeader("-H", header)).Message);

    private static RequestDraft Draft(string url) => new(_ => [0, 13, 10, 255]) { Url = url, KnowsJson = true };
}
