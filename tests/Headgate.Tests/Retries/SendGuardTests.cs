namespace Headgate.Tests.Retries;

/// <summary>What the guard costs, and what it says of itself. That it works is tested against real servers.</summary>
public sealed class SendGuardTests
{
    private static readonly Uri Address = new("http://example.com/");

    private sealed class Witness : ISendWitness
    {
        public int Stamps;

        public void BeforeFirstByte() => Stamps++;
    }

    [Fact]
    public void An_attempt_costs_little_more_than_a_message_and_a_stamp_costs_nothing()
    {
        var witness = new Witness();
        long Bytes(Func<HttpRequestMessage> make)
        {
            make();
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100; i++)
                make();
            return (GC.GetAllocatedBytesForCurrentThread() - before) / 100;
        }
        var plain = Bytes(() =>
        {
            var message = new HttpRequestMessage(HttpMethod.Get, Address);
            message.Headers.TryAddWithoutValidation("User-Agent", SendGuard.UserAgent);
            return message;
        });
        var guarded = Bytes(() =>
        {
            var message = new AttemptMessage(HttpMethod.Get, Address, witness).Ready();
            SendGuard.Select("Accept", message);
            SendGuard.Select("User-Agent", message);
            return message;
        });
        Assert.InRange(guarded - plain, 0, 100);
        Assert.Equal(101, witness.Stamps);
    }

    [Fact]
    public void A_tunnel_to_a_proxy_is_no_attempt_and_passes_any_number_of_times()
    {
        using var connect = new HttpRequestMessage(HttpMethod.Connect, Address);
        Assert.Null(SendGuard.Select("User-Agent", connect));
        Assert.Null(SendGuard.Select("User-Agent", connect));
    }

    [Fact]
    public void A_message_in_the_place_of_an_attempt_is_stopped_before_its_first_byte()
    {
        using var copy = new HttpRequestMessage(HttpMethod.Get, Address);
        var refused = Assert.Throws<SendRefusedException>(() => SendGuard.Select("Accept", copy));
        Assert.Contains("put it outside", Assert.IsType<InvalidOperationException>(refused.InnerException).Message);
    }

    [Fact]
    public void The_second_time_is_refused()
    {
        var witness = new Witness();
        using var attempt = new AttemptMessage(HttpMethod.Get, Address, witness).Ready();
        Assert.False(attempt.Sent);
        SendGuard.Select("User-Agent", attempt);
        Assert.True(attempt.Sent);
        Assert.Throws<RepeatedSendException>(() => SendGuard.Select("User-Agent", attempt));
        Assert.Equal(1, witness.Stamps);
    }

    [Theory]
    [InlineData("GET", false, false, 1, false)]
    [InlineData("POST", true, false, 1, true)]
    [InlineData("POST", true, true, 1, false)]
    [InlineData("GET", false, false, 2, true)]
    public void A_repeat_says_whether_it_can_only_have_been_a_refused_stream(string method, bool hasBody, bool expects, int version, bool unprocessed)
    {
        using var attempt = new AttemptMessage(new HttpMethod(method), Address, new Witness())
        {
            Content = hasBody ? new StringContent("x") : null,
            Version = new Version(version, version == 1 ? 1 : 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (expects)
            attempt.Headers.ExpectContinue = true;
        SendGuard.Select("User-Agent", attempt.Ready());
        Assert.Equal(unprocessed, Assert.Throws<RepeatedSendException>(() => SendGuard.Select("User-Agent", attempt)).Unprocessed);
    }

    [Fact]
    public void Headers_are_copied_as_they_were_given()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Address);
        request.Headers.TryAddWithoutValidation("Accept", "not//valid;;");
        request.Headers.TryAddWithoutValidation("X-Two", ["a", "b"]);
        request.Headers.TryAddWithoutValidation("user-agent", "mine/1");
        using var attempt = new AttemptMessage(HttpMethod.Get, Address, new Witness());
        foreach (var (name, values) in request.Headers.NonValidated)
            attempt.Add(name, values);
        Assert.Equal(request.Headers.NonValidated.Select(h => (h.Key, h.Value.ToString())), attempt.Ready().Headers.NonValidated.Select(h => (h.Key, h.Value.ToString())));
    }

    [Fact]
    public void The_transport_sends_nothing_by_itself_and_uses_no_proxy_it_was_not_given()
    {
        using var handler = Transport.CreateHandler(new TransportOptions());
        Assert.False(handler.AllowAutoRedirect || handler.UseCookies || handler.UseProxy || handler.PreAuthenticate);
        Assert.Null(handler.Credentials);
        Assert.Equal((int.MaxValue, true), (handler.MaxConnectionsPerServer, handler.EnableMultipleHttp2Connections));
        using var proxied = Transport.CreateHandler(new TransportOptions { Proxy = new System.Net.WebProxy("http://127.0.0.1:1") });
        Assert.True(proxied.UseProxy);
    }
}
