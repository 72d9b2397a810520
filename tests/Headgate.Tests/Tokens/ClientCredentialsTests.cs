using System.Net;
using System.Text;
using Headgate.Configuration;
using Headgate.Time;
using Headgate.Tokens;

namespace Headgate.Tests.Tokens;

/// <summary>RFC 6749 §4.4: what is asked, what is taken for a token, and what is tried again.</summary>
public sealed class ClientCredentialsTests : IDisposable
{
    private readonly VirtualTime _time = new();
    private readonly string _secret = Path.Combine(Path.GetTempPath(), $"headgate-{Guid.NewGuid():N}");
    private readonly List<(HttpRequestMessage Request, string Body)> _asked = [];
    private readonly Queue<HttpResponseMessage> _answers = new();

    public ClientCredentialsTests() => File.WriteAllText(_secret, "s3cr+t /:\n");

    public void Dispose() => File.Delete(_secret);

    [Fact]
    public async Task Id_and_secret_go_into_the_header_each_encoded_as_in_a_form()
    {
        Answer(200, """{"access_token":"abc","token_type":"bearer","expires_in":3600}""");

        var token = await FetchAsync(Configured() with { Scopes = ["read", "write"], Audience = "https://api.example" });

        var (request, body) = _asked.Single();
        Assert.Equal(("abc", _time.GetUtcNow().AddHours(1)), (token.Reveal(), token.ExpiresAt));
        Assert.Equal("my+id:s3cr%2Bt+%2F%3A", Encoding.ASCII.GetString(Convert.FromBase64String(request.Headers.Authorization!.Parameter!)));
        Assert.Equal("grant_type=client_credentials&scope=read+write&audience=https%3A%2F%2Fapi.example", body);
    }

    [Fact]
    public async Task Or_into_the_body_where_the_server_takes_them_only_there()
    {
        Answer(200, """{"access_token":"abc","token_type":"Bearer"}""");

        var token = await FetchAsync(Configured() with { InBody = true });

        Assert.Null(token.ExpiresAt);
        Assert.Null(_asked.Single().Request.Headers.Authorization);
        Assert.Equal("grant_type=client_credentials&client_id=my+id&client_secret=s3cr%2Bt+%2F%3A", _asked.Single().Body);
    }

    [Theory]
    [InlineData("""{"access_token":"a","expires_in":"60"}""", 60.0)]
    [InlineData("""{"access_token":"a","expires_in":60.5}""", 60.5)]
    [InlineData("""{"access_token":"a","expires_in":-1}""", null)]
    [InlineData("""{"access_token":"a","expires_in":1e300}""", null)]
    [InlineData("""{"access_token":"a","expires_in":{}}""", null)]
    public async Task A_life_is_a_number_of_seconds_and_nothing_else_is(string body, double? seconds)
    {
        Answer(200, body);

        Assert.Equal(seconds is { } life ? _time.GetUtcNow().AddSeconds(life) : null, (await FetchAsync(Configured())).ExpiresAt);
    }

    [Theory]
    [InlineData(200, "no JSON", "answered 200 with what is no JSON")]
    [InlineData(200, "[]", "answered 200 without an access_token")]
    [InlineData(200, """{"access_token":""}""", "gave a token that cannot be sent in a header")]
    [InlineData(200, """{"access_token":"a\r\nx: y"}""", "gave a token that cannot be sent in a header")]
    [InlineData(200, """{"access_token":"a","token_type":"mac"}""", "gave a token that is no bearer token")]
    [InlineData(401, """{"error":"invalid_client","error_description":"s3cr+t /: is wrong"}""", "answered 401 invalid_client")]
    [InlineData(400, """{"error":"s3cr+t /:"}""", "answered 400")]
    [InlineData(400, """{"error":"s3cret"}""", "answered 400")]
    [InlineData(302, "", "answered 302")]
    public async Task What_is_no_token_is_told_without_a_secret_and_asked_for_once(int status, string body, string says)
    {
        Answer(status, body);

        var failure = await Assert.ThrowsAsync<TokenException>(() => FetchAsync(Configured()));

        Assert.Equal($"the token endpoint of auth.example {says}", failure.Message);
        Assert.Single(_asked);
    }

    [Fact]
    public async Task An_answer_without_end_is_no_token()
    {
        Answer(200, new string(' ', 70_000));

        Assert.Contains("more than 64 KiB", (await Assert.ThrowsAsync<TokenException>(() => FetchAsync(Configured()))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_may_pass_is_tried_again_later_and_not_before_the_server_wants_it()
    {
        Answer(503, "");
        Answer(429, "").Headers.Add("Retry-After", "7");
        Answer(200, """{"access_token":"abc"}""");
        var fetching = FetchAsync(Configured());
        Assert.Single(_asked);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, _asked.Count);
        _time.Advance(TimeSpan.FromSeconds(6.5));
        Assert.Equal(2, _asked.Count);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("abc", (await fetching).Reveal());
    }

    [Fact]
    public async Task A_secret_that_is_not_there_is_told_by_its_place()
    {
        var failure = await Assert.ThrowsAsync<ConfigurationException>(() => FetchAsync(Configured() with { ClientSecret = "env:HEADGATE_TEST_NOBODY_SETS_THIS" }));

        Assert.Contains("HEADGATE_TEST_NOBODY_SETS_THIS", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_asked);
    }

    private OAuthConfiguration Configured() => new() { TokenUrl = new Uri("https://auth.example/token"), ClientId = "my id", ClientSecret = $"file:{_secret}" };

    private Task<AccessToken> FetchAsync(OAuthConfiguration oauth) => new ClientCredentials(oauth, null, _time) { Handler = () => new Server(this) }.FetchAsync(CancellationToken.None);

    private HttpResponseMessage Answer(int status, string body)
    {
        var answer = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body) };
        _answers.Enqueue(answer);
        return answer;
    }

    private sealed class Server(ClientCredentialsTests test) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using var body = new StreamReader(request.Content!.ReadAsStream(cancellationToken));
            test._asked.Add((request, body.ReadToEnd()));
            return Task.FromResult(test._answers.Dequeue());
        }
    }
}
