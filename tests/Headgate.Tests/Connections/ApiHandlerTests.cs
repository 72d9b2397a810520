using System.Net;
using Headgate.Configuration;
using Headgate.Connections;

namespace Headgate.Tests.Connections;

public sealed class ApiHandlerTests
{
    private sealed class Witness : ISendWitness
    {
        public void BeforeFirstByte()
        {
        }
    }

    /// <summary>What would go out, as the handler leaves it: the connection is refused before a byte of it.</summary>
    private static async Task<AttemptMessage> SendAsync(HttpMessageInvoker invoker, HttpRequestMessage original)
    {
        var attempt = new AttemptMessage(original.Method, original.RequestUri!, new Witness()) { Original = original };
        foreach (var header in original.Headers.NonValidated)
            attempt.Add(header.Key, header.Value);
        await Assert.ThrowsAsync<HttpRequestException>(() => invoker.SendAsync(attempt.Ready(), TestContext.Current.CancellationToken));
        return attempt;
    }

    private static HttpMessageInvoker Invoker(UpstreamConfiguration api) => new(new ApiHandler(api, new SocketsHttpHandler
    {
        ConnectCallback = (_, _) => throw new IOException("not in this test"),
    }));

    private static UpstreamConfiguration Api(params string[] userAgents) => new() { Name = "api", UserAgents = [.. userAgents] };

    private static HttpRequestMessage Request(string? userAgent = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "http://api.example/");
        if (userAgent is not null)
            request.Headers.TryAddWithoutValidation("user-agent", userAgent);
        return request;
    }

    private static string NameOf(AttemptMessage attempt) => attempt.Headers.NonValidated["User-Agent"].ToString();

    [Fact]
    public async Task Each_request_has_the_next_name_and_a_retry_keeps_it()
    {
        using var invoker = Invoker(Api("a/1", "b/1 (+https://b.example)"));
        var first = Request();
        List<string> names = [];
        foreach (var request in (HttpRequestMessage[])[first, Request(), first, Request(), first])
            names.Add(NameOf(await SendAsync(invoker, request)));
        Assert.Equal(["a/1", "b/1 (+https://b.example)", "a/1", "a/1", "a/1"], names);
    }

    [Fact]
    public async Task A_request_that_has_a_name_keeps_it_and_uses_up_none()
    {
        using var invoker = Invoker(Api("a/1", "b/1"));
        Assert.Equal("mine", NameOf(await SendAsync(invoker, Request("mine"))));
        Assert.Equal("a/1", NameOf(await SendAsync(invoker, Request())));
    }

    [Fact]
    public async Task Without_a_list_we_say_our_own_and_never_that_of_a_browser()
    {
        using var invoker = Invoker(Api());
        Assert.Equal(SendGuard.UserAgent, NameOf(await SendAsync(invoker, Request())));
        Assert.StartsWith("Headgate/", SendGuard.UserAgent);
    }

    [Fact]
    public async Task A_redirect_to_another_API_has_a_name_of_that_one()
    {
        using var one = Invoker(Api("a/1"));
        using var other = Invoker(Api("z/9"));
        var request = Request();
        Assert.Equal("a/1", NameOf(await SendAsync(one, request)));
        Assert.Equal("z/9", NameOf(await SendAsync(other, request)));
    }

    [Theory]
    [InlineData(HttpVersions.Http11, "1.1", HttpVersionPolicy.RequestVersionOrLower)]
    [InlineData(HttpVersions.Http11And2, "2.0", HttpVersionPolicy.RequestVersionOrLower)]
    [InlineData(HttpVersions.Http2, "2.0", HttpVersionPolicy.RequestVersionExact)]
    [InlineData(HttpVersions.Http11To3, "3.0", HttpVersionPolicy.RequestVersionOrLower)]
    internal async Task The_version_is_the_one_configured(HttpVersions versions, string version, HttpVersionPolicy policy)
    {
        using var invoker = Invoker(Api() with { Policy = UpstreamPolicy.Default with { Connections = new() { Http = versions } } });
        var attempt = await SendAsync(invoker, Request());
        Assert.Equal((Version.Parse(version), policy), (attempt.Version, attempt.VersionPolicy));
    }

    [Fact]
    public void What_an_API_says_of_unpacking_comes_before_what_is_usual()
    {
        Assert.Equal(DecompressionMethods.All, TransportOptions.Of(Api(), DecompressionMethods.All).Decompression);
        Assert.Equal(DecompressionMethods.None, TransportOptions.Of(Api() with { Policy = UpstreamPolicy.Default with { Connections = new() { Decompress = false } } }, DecompressionMethods.All).Decompression);
        Assert.Equal(DecompressionMethods.All, TransportOptions.Of(Api() with { Policy = UpstreamPolicy.Default with { Connections = new() { Decompress = true } } }, DecompressionMethods.None).Decompression);
    }

    [Fact]
    public void Times_that_no_timer_takes_are_cut()
    {
        var forever = TimeSpan.FromDays(100_000);
        using var handler = Transport.CreateHandler(new TransportOptions { ConnectTimeout = forever, IdleTimeout = forever, Lifetime = forever });
        Assert.All([handler.ConnectTimeout, handler.PooledConnectionIdleTimeout, handler.PooledConnectionLifetime], time => Assert.Equal(Headgate.Time.Clock.LongestTimer, time));
    }
}
