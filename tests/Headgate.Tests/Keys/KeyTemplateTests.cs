using Headgate.Keys;

namespace Headgate.Tests.Keys;

public sealed class KeyTemplateTests
{
    private static readonly KeySecret Secret = new("ci", "a b+c/=&é".Replace("é", "%", StringComparison.Ordinal));

    [Fact]
    public void The_usual_template_is_a_bearer_token()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://api.example.com/");
        KeyTemplate.Bearer.Apply(request, new KeySecret("ci", "t0ken"));

        Assert.Equal("Bearer t0ken", request.Headers.Authorization!.ToString());
        Assert.Equal("Authorization: Bearer {key}", KeyTemplate.Bearer.ToString());
    }

    [Theory]
    [InlineData("Authorization: Bearer {key}", "Authorization", "Bearer t0ken")]
    [InlineData("X-Api-Key: {key}", "X-Api-Key", "t0ken")]
    [InlineData("x-api-key:{key}", "x-api-key", "t0ken")]
    [InlineData("Authorization: Key id=7, secret=\"{key}\"", "Authorization", "Key id=7, secret=\"t0ken\"")]
    [InlineData("Cookie: session={key}; a=b", "Cookie", "session=t0ken; a=b")]
    public void A_header_is_set_in_the_place_of_any_that_is_there(string template, string header, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://api.example.com/");
        request.Headers.TryAddWithoutValidation(header, "of the caller");
        KeyTemplate.Parse(template).Apply(request, new KeySecret("ci", "t0ken"));
        KeyTemplate.Parse(template).Apply(request, new KeySecret("ci", "t0ken"));

        Assert.Equal([value], request.Headers.NonValidated[header]);
        Assert.Equal("https://api.example.com/", request.RequestUri!.AbsoluteUri);
    }

    [Theory]
    [InlineData("https://a.example", "https://a.example/?api_key=a%20b%2Bc%2F%3D%26%25")]
    [InlineData("https://a.example/x?", "https://a.example/x?api_key=a%20b%2Bc%2F%3D%26%25")]
    [InlineData("https://a.example/x?q=%2F+1&&r", "https://a.example/x?q=%2F+1&&r&api_key=a%20b%2Bc%2F%3D%26%25")]
    [InlineData("https://a.example/x?api_key=old&q=1#part", "https://a.example/x?api_key=a%20b%2Bc%2F%3D%26%25&q=1")]
    [InlineData("https://a.example/x?api%5Fkey&q=1&api_key=older", "https://a.example/x?api_key=a%20b%2Bc%2F%3D%26%25&q=1")]
    [InlineData("https://u:p@a.example:8443/x%2Fy", "https://u:p@a.example:8443/x%2Fy?api_key=a%20b%2Bc%2F%3D%26%25")]
    public void A_parameter_is_appended_or_replaced_and_the_rest_of_the_query_stays(string url, string expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        var template = KeyTemplate.Parse("?api_key={key}");
        template.Apply(request, Secret);

        Assert.Equal(expected, request.RequestUri!.AbsoluteUri);
        Assert.Equal(expected, template.Apply(request.RequestUri, Secret).AbsoluteUri);
        Assert.Equal(("api_key", null), (template.Parameter, template.Header));
    }

    [Fact]
    public void A_template_of_a_header_leaves_the_URL_alone()
    {
        var url = new Uri("https://a.example/?q=1");
        Assert.Same(url, KeyTemplate.Bearer.Apply(url, Secret));
    }

    [Theory]
    [InlineData("", "has no \":\"")]
    [InlineData("Bearer {key}", "has no \":\"")]
    [InlineData("?{key}", "has no \"=\"")]
    [InlineData(": {key}", "has no name before the \":\"")]
    [InlineData("?={key}", "has no name before the \"=\"")]
    [InlineData("X Key: {key}", "the name of the header has a \" \" at position 2")]
    [InlineData("?a&b={key}", "the name of the parameter has a \"&\" at position 3")]
    [InlineData("X-Key: hunter2", "has no {key} after the name")]
    [InlineData("X-{key}: hunter2", "the name of the header has a \"{\" at position 3")]
    [InlineData("X-Key: {key} {key}", "has more than one {key}")]
    [InlineData("?a={key}&b=c", "has a \"&\" at position 9; it is for one parameter")]
    [InlineData("X-Key: {key}\r\nX-Evil: 1", "has a character at position 13 that is not printable ASCII")]
    [InlineData("X-Kéy: {key}", "has a character at position 4 that is not printable ASCII")]
    [InlineData("Host: {key}", "cannot carry a key")]
    [InlineData("Content-Type: {key}", "cannot carry a key")]
    public void What_is_no_template_is_refused_with_the_reason_and_not_shown(string text, string expected)
    {
        var wrong = Assert.Throws<FormatException>(() => KeyTemplate.Parse(text));

        Assert.Contains(expected, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Templates_are_equal_by_value() => Assert.Equal(KeyTemplate.Bearer, KeyTemplate.Parse("Authorization:  Bearer {key} "));
}
