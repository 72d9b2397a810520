using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.Tests.Jobs;

public sealed class JobMessageTests
{
    [Fact]
    public async Task An_object_is_sent_as_json()
    {
        using var message = Request("""{"a":1.50}""").ToMessage();
        Assert.Equal("application/json", message.Content!.Headers.NonValidated["Content-Type"].ToString());
        Assert.Equal("""{"a":1.50}""", await message.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_content_type_that_is_given_stays()
    {
        var request = Request("""{"a":1}""");
        request.Headers["content-type"] = "application/vnd.api+json";
        using var message = request.ToMessage();
        Assert.Equal("application/vnd.api+json", message.Content!.Headers.NonValidated["Content-Type"].ToString());
    }

    [Fact]
    public async Task An_object_becomes_a_form_where_the_content_type_says_so()
    {
        var request = Request("""{"a":"x y&z=ü","b":[1,true],"c":""}""");
        request.Headers["Content-Type"] = "application/x-www-form-urlencoded";
        using var message = request.ToMessage();
        Assert.Equal("a=x+y%26z%3D%C3%BC&b=1&b=true&c=", await message.Content!.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Text_is_sent_as_it_is_without_a_content_type()
    {
        using var message = Request("\"a=b ü\"").ToMessage();
        Assert.False(message.Content!.Headers.NonValidated.Contains("Content-Type"));
        Assert.Equal("a=b ü"u8.ToArray(), await message.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("https://a.b/p", "https://a.b/p?q=x%20y%26%C3%BC&n=1&n=2")]
    [InlineData("https://a.b/p?k=v", "https://a.b/p?k=v&q=x%20y%26%C3%BC&n=1&n=2")]
    [InlineData("https://a.b/p?", "https://a.b/p?q=x%20y%26%C3%BC&n=1&n=2")]
    [InlineData("https://a.b/p?k=v&#top", "https://a.b/p?k=v&q=x%20y%26%C3%BC&n=1&n=2")]
    [InlineData("https://a.b", "https://a.b/?q=x%20y%26%C3%BC&n=1&n=2")]
    public void Params_are_added_to_the_query(string url, string target)
    {
        var request = new JobRequest(url) { Params = { { "q", "x y&ü" }, { "n", "1" }, { "n", "2" } } };
        Assert.Equal(target, JobMessage.Target(request).AbsoluteUri);
    }

    [Fact]
    public void Params_that_make_the_url_too_long_are_refused()
    {
        var request = new JobRequest("https://a.b/") { Params = { { "q", new string('x', 65_536) } } };
        Assert.Throws<ArgumentException>(() => JobMessage.Target(request));
    }

    [Fact]
    public void Headers_are_sent_as_they_are_given()
    {
        var request = new JobRequest("https://a.b/")
        {
            Headers = { { "Accept", "text/*;q=0.5, odd" }, { "X-Many", "a" }, { "X-Many", "b" }, { "User-Agent", "(odd" }, { "Host", "other.example" } },
        };
        using var message = request.ToMessage();
        Assert.Equal("text/*;q=0.5, odd", message.Headers.NonValidated["Accept"].ToString());
        Assert.Equal(["a", "b"], message.Headers.NonValidated["X-Many"]);
        Assert.Equal("(odd", message.Headers.NonValidated["User-Agent"].ToString());
        Assert.Equal("other.example", message.Headers.Host);
        Assert.Null(message.Content);
    }

    [Fact]
    public void A_content_type_without_a_body_is_sent_too()
    {
        using var message = new JobRequest("https://a.b/") { Headers = { ["Content-Type"] = "text/plain" } }.ToMessage();
        Assert.Equal("text/plain", message.Content!.Headers.NonValidated["Content-Type"].ToString());
    }

    [Fact]
    public void An_idempotency_key_becomes_a_header_unless_one_is_given()
    {
        var request = new JobRequest("https://a.b/") { IdempotencyKey = "k" };
        using (var message = request.ToMessage())
            Assert.Equal("k", message.Headers.NonValidated["Idempotency-Key"].ToString());
        request.Headers["idempotency-key"] = "mine";
        using (var message = request.ToMessage())
            Assert.Equal("mine", message.Headers.NonValidated["Idempotency-Key"].ToString());
    }

    [Fact]
    public async Task A_body_file_is_opened_anew_for_each_message()
    {
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, "from a file", TestContext.Current.CancellationToken);
        var request = new JobRequest("https://a.b/") { Method = "PUT", BodyFile = path };
        for (var i = 0; i < 2; i++)
        {
            using var message = request.ToMessage();
            Assert.Equal("from a file", await message.Content!.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
        File.Delete(path);
        Assert.Throws<FileNotFoundException>(() => request.ToMessage());
    }

    private static JobRequest Request(string data) => new("https://a.b/") { Method = "POST", Data = JsonElement.Parse(data) };
}
