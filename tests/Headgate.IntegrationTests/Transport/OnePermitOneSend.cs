using System.Net;
using System.Net.Sockets;
using System.Text;
using Headgate.Retries;

namespace Headgate.IntegrationTests.Transport;

/// <summary>Whatever a server does over HTTP/1.1: requests it counts equal stamps.</summary>
public sealed class OnePermitOneSend : IDisposable
{
    private readonly HttpMessageInvoker _transport = new(Headgate.Transport.CreateHandler(new TransportOptions { ConnectTimeout = TimeSpan.FromSeconds(5) }));

    public void Dispose() => _transport.Dispose();

    public static TheoryData<string, bool> Kinds => new() { { "GET", false }, { "POST", true }, { "POST", false }, { "DELETE", false } };

    private static HttpContent? Body(bool has) => has ? new StringContent("{\"a\":1}", Encoding.UTF8, "application/json") : null;

    private static Outcome Read(Attempt attempt, CancellationReason reason = CancellationReason.None) =>
        FailureReader.Classify(attempt.Failure!, attempt.Message.Sent, reason);

    // If this one fails, the runtime has changed, and the guard may be simpler.
    [Fact]
    public async Task Without_the_guard_a_close_without_an_answer_is_four_sends()
    {
        await using var server = new RawServer((_, _) => Reaction.Fin);
        using var bare = new HttpMessageInvoker(new SocketsHttpHandler());
        await Assert.ThrowsAsync<HttpRequestException>(() => bare.SendAsync(new HttpRequestMessage(HttpMethod.Get, server.Uri), default));
        Assert.Equal(4, server.Requests);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_close_without_an_answer_on_a_new_connection_is_one_send(string method, bool hasBody)
    {
        await using var server = new RawServer((_, _) => Reaction.Fin);
        var attempt = await Attempt.SendAsync(_transport, method, server.Uri, Body(hasBody));
        Assert.Equal((1, 1), (server.Requests, attempt.Stamps));
        var outcome = Read(attempt);
        Assert.Equal((FailureClass.Network, true, false, true), (outcome.Class, outcome.Sent, outcome.Unprocessed, outcome.MaybeDone));
        Assert.Equal(hasBody ? "the server closed the connection before the answer was complete" : "the server closed the connection without an answer", outcome.Detail);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_close_without_an_answer_on_a_pooled_connection_is_one_send(string method, bool hasBody)
    {
        await using var server = new RawServer((_, request) => request == 0 ? Reaction.Ok : Reaction.Fin);
        await WarmAsync(server.Uri);
        var attempt = await Attempt.SendAsync(_transport, method, server.Uri, Body(hasBody));
        Assert.Equal((2, 1), (server.Requests, attempt.Stamps));
        Assert.Equal(FailureClass.Network, Read(attempt).Class);
    }

    [Fact]
    public async Task A_body_that_waits_for_100_Continue_is_not_repeated_either()
    {
        await using var server = new RawServer((_, _) => Reaction.Fin) { ReadsOnlyHeads = true };
        var attempt = await Attempt.SendAsync(_transport, "POST", server.Uri, Body(true), change: m => m.Headers.ExpectContinue = true);
        Assert.Equal((1, 1), (server.Requests, attempt.Stamps));
        Assert.False(Read(attempt).Unprocessed);
    }

    [Theory, InlineData("GET"), InlineData("POST")]
    public async Task A_reset_is_one_send(string method)
    {
        await using var server = new RawServer((_, _) => Reaction.Rst);
        var attempt = await Attempt.SendAsync(_transport, method, server.Uri);
        Assert.Equal((1, 1), (server.Requests, attempt.Stamps));
        Assert.Equal((FailureClass.Network, "the server reset the connection"), (Read(attempt).Class, Read(attempt).Detail));
    }

    [Fact]
    public async Task Half_a_status_line_is_one_send()
    {
        await using var server = new RawServer((_, _) => Reaction.PartialStatusLine);
        var attempt = await Attempt.SendAsync(_transport, "GET", server.Uri);
        Assert.Equal((1, 1), (server.Requests, attempt.Stamps));
        Assert.Equal((FailureClass.Network, "the server closed the connection before the answer was complete"), (Read(attempt).Class, Read(attempt).Detail));
    }

    [Fact]
    public async Task What_is_not_HTTP_is_one_send()
    {
        await using var server = new RawServer((_, _) => Reaction.Garbage);
        var attempt = await Attempt.SendAsync(_transport, "GET", server.Uri);
        Assert.Equal((1, 1), (server.Requests, attempt.Stamps));
        Assert.Equal((FailureClass.Network, "what came back was not a valid HTTP answer"), (Read(attempt).Class, Read(attempt).Detail));
    }

    [Fact]
    public async Task A_body_that_breaks_off_is_a_failure_of_the_network_after_an_answer()
    {
        await using var server = new RawServer((_, _) => Reaction.PartialBody);
        var attempt = await Attempt.SendAsync(_transport, "GET", server.Uri);
        Assert.Equal((200, 1), (attempt.Status, attempt.Stamps));
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => attempt.Answer!.Content.ReadAsByteArrayAsync());
        var outcome = FailureReader.Classify(failure, sent: true, CancellationReason.None);
        Assert.Equal((FailureClass.Network, "the server closed the connection before the answer was complete"), (outcome.Class, outcome.Detail));
    }

    [Theory, InlineData(Reaction.Redirect, 302), InlineData(Reaction.Challenge, 401)]
    internal async Task A_redirect_and_a_challenge_are_answers_and_one_send(Reaction reaction, int status)
    {
        await using var server = new RawServer((_, _) => reaction);
        var attempt = await Attempt.SendAsync(_transport, "GET", server.Uri);
        Assert.Equal((1, 1, status), (server.Requests, attempt.Stamps, attempt.Status));
    }

    [Fact]
    public async Task A_refused_connection_is_no_send()
    {
        Uri nobody;
        await using (var server = new RawServer((_, _) => Reaction.Ok))
            nobody = server.Uri;
        var attempt = await Attempt.SendAsync(_transport, "POST", nobody, Body(true));
        Assert.Equal((0, false), (attempt.Stamps, attempt.Message.Sent));
        var outcome = Read(attempt);
        Assert.Equal((FailureClass.Network, false, "no connection: connection refused"), (outcome.Class, outcome.MaybeDone, outcome.Detail));
    }

    [Fact]
    public async Task A_name_that_is_not_there_is_no_send()
    {
        var attempt = await Attempt.SendAsync(_transport, "GET", new Uri("http://no-such-host.invalid/"));
        Assert.Equal(0, attempt.Stamps);
        Assert.StartsWith("the name of the host was not found", Read(attempt).Detail);
    }

    [Fact]
    public async Task A_cancel_while_connecting_is_no_send()
    {
        using var full = new FullBacklog();
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        var attempt = await Attempt.SendAsync(_transport, "GET", full.Uri, cancellation: cancel.Token);
        Assert.Equal(0, attempt.Stamps);
        Assert.IsAssignableFrom<OperationCanceledException>(attempt.Failure);
        Assert.Equal((FailureClass.Cancelled, false), (Read(attempt, CancellationReason.Caller).Class, Read(attempt).Sent));
    }

    [Fact]
    public async Task A_connection_that_takes_too_long_is_no_send_and_a_failure_of_the_network()
    {
        using var full = new FullBacklog();
        using var transport = new HttpMessageInvoker(Headgate.Transport.CreateHandler(new TransportOptions { ConnectTimeout = TimeSpan.FromMilliseconds(200) }));
        var attempt = await Attempt.SendAsync(transport, "GET", full.Uri);
        Assert.Equal(0, attempt.Stamps);
        Assert.Equal((FailureClass.Network, "no connection within the connect timeout"), (Read(attempt).Class, Read(attempt).Detail));
    }

    [Fact]
    public async Task A_cancel_while_waiting_for_the_answer_is_one_send()
    {
        await using var server = new RawServer((_, _) => Reaction.Silence);
        using var cancel = new CancellationTokenSource();
        var sending = Attempt.SendAsync(_transport, "GET", server.Uri, cancellation: cancel.Token);
        while (server.Requests == 0)
            await Task.Delay(5);
        await cancel.CancelAsync();
        var attempt = await sending;
        Assert.Equal((1, 1), (server.Requests, attempt.Stamps));
        Assert.Equal((FailureClass.Timeout, true), (Read(attempt, CancellationReason.AttemptTimeout).Class, Read(attempt).MaybeDone));
    }

    [Fact]
    public async Task A_witness_that_throws_stops_the_send_and_its_exception_comes_through()
    {
        await using var server = new RawServer((_, _) => Reaction.Ok);
        var disk = new IOException("No space left on device");
        var attempt = await Attempt.SendAsync(_transport, "GET", server.Uri, witness: new Witness { Refusal = disk });
        Assert.Same(disk, Assert.IsType<SendRefusedException>(attempt.Failure).InnerException);
        Assert.False(attempt.Message.Sent);
        Assert.Same(disk, Assert.ThrowsAny<IOException>(() => Read(attempt)));
        await WarmAsync(server.Uri);
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task A_header_outside_ASCII_goes_out_as_UTF_8()
    {
        await using var server = new RawServer((_, _) => Reaction.Ok);
        var attempt = await Attempt.SendAsync(_transport, "GET", server.Uri, change: m => m.Headers.TryAddWithoutValidation("X-Name", "Müller"));
        Assert.Equal((200, 1), (attempt.Status, attempt.Stamps));
        Assert.Contains("X-Name: MÃ¼ller\r\n", server.Heads[0]);
    }

    [Fact]
    public async Task The_callers_user_agent_is_kept_and_counts_once_however_it_is_written()
    {
        await using var server = new RawServer((_, _) => Reaction.Ok);
        var attempt = await Attempt.SendAsync(_transport, "POST", server.Uri, Body(true), change: m =>
        {
            m.Headers.TryAddWithoutValidation("X-First", ["a", "b"]);
            m.Headers.TryAddWithoutValidation("cookie", "a=b; c=d");
            m.Headers.Host = "example.com";
            m.Headers.TryAddWithoutValidation("user-agent", "acme-sync/2.1 (+https://acme.example)");
            m.Content!.Headers.TryAddWithoutValidation("X-First", "also on the body");
        });
        Assert.Equal((200, 1), (attempt.Status, attempt.Stamps));
        Assert.Contains("User-Agent: acme-sync/2.1 (+https://acme.example)\r\n", server.Heads[0]);
        Assert.DoesNotContain("Headgate", server.Heads[0]);
    }

    [Fact]
    public async Task Without_a_user_agent_we_say_our_own()
    {
        await using var server = new RawServer((_, _) => Reaction.Ok);
        await WarmAsync(server.Uri);
        Assert.Contains("User-Agent: Headgate/0.1.0\r\n", server.Heads[0]);
    }

    [Fact]
    public async Task A_selector_of_the_callers_own_handler_still_works_behind_the_guard()
    {
        await using var server = new RawServer((_, _) => Reaction.Fin);
        var handler = new SocketsHttpHandler { RequestHeaderEncodingSelector = (name, _) => name == "X-Name" ? Encoding.Latin1 : null };
        using var transport = new HttpMessageInvoker(Headgate.Transport.Tame(Headgate.Transport.Tame(handler)));
        var attempt = await Attempt.SendAsync(transport, "GET", server.Uri, change: m => m.Headers.TryAddWithoutValidation("X-Name", "Müller"));
        Assert.Equal((1, 1), (server.Requests, attempt.Stamps));
        Assert.Contains("X-Name: Müller\r\n", server.Heads[0]);
    }

    [Fact]
    public async Task A_body_is_shared_by_attempts_and_survives_them()
    {
        await using var server = new RawServer((connection, _) => connection == 0 ? Reaction.Fin : Reaction.Ok);
        var body = ReplayableContent.For(new StreamContent(new OneWayStream(100_000)));
        for (var i = 0; i < 2; i++)
        {
            var attempt = await Attempt.SendAsync(_transport, "PUT", server.Uri, body);
            Assert.Null(ReplayableContent.WhySpent(body));
            attempt.Message.Dispose();
            Assert.Equal(i == 0 ? null : 200, attempt.Status);
        }
        Assert.Equal(2, server.Requests);
    }

    private async Task WarmAsync(Uri uri)
    {
        var first = await Attempt.SendAsync(_transport, "GET", uri);
        Assert.Equal("ok", await first.Answer!.Content.ReadAsStringAsync());
        // The connection goes back to the pool when the body has been read to its end, on another thread.
        await Task.Delay(20);
    }

    /// <summary>A listener whose queue is full: a further connection hangs in its first packet.</summary>
    private sealed class FullBacklog : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly List<Socket> _fillers = [];

        public FullBacklog()
        {
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _listener.Listen(1);
            for (var i = 0; i < 8; i++)
            {
                var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
                _fillers.Add(filler);
                try
                {
                    filler.Connect(_listener.LocalEndPoint!);
                }
                catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
                {
                }
            }
        }

        public Uri Uri => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}/");

        public void Dispose()
        {
            _fillers.ForEach(filler => filler.Dispose());
            _listener.Dispose();
        }
    }
}
