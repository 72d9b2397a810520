using System.Net;
using Headgate.Retries;

namespace Headgate.IntegrationTests.Transport;

/// <summary>The same over HTTP/2: a stream that a server refuses is not opened a second time behind our back.</summary>
public sealed class OneStreamOneSend : IDisposable
{
    private readonly HttpMessageInvoker _transport = new(Headgate.Transport.CreateHandler(new TransportOptions { ConnectTimeout = TimeSpan.FromSeconds(5) }));

    public void Dispose() => _transport.Dispose();

    private Task<Attempt> SendAsync(Uri uri, string method, bool hasBody) =>
        Attempt.SendAsync(_transport, method, uri, hasBody ? new StringContent("hello") : null, HttpVersion.Version20);

    public static TheoryData<Silent, string, bool, bool> Cases
    {
        get
        {
            var cases = new TheoryData<Silent, string, bool, bool>();
            foreach (var isPooled in (bool[])[false, true])
                foreach (var reaction in Enum.GetValues<Silent>())
                    foreach (var (method, hasBody) in ((string, bool)[])[("GET", false), ("POST", true), ("POST", false), ("DELETE", false)])
                        cases.Add(reaction, method, hasBody, isPooled);
            return cases;
        }
    }

    /// <summary>The reactions that end a stream without an answer.</summary>
    public enum Silent { Refuse, GoAwayBelow, AskForCalm, Fin }

    [Theory, MemberData(nameof(Cases))]
    public async Task A_stream_without_an_answer_is_one_send(Silent reaction, string method, bool hasBody, bool isPooled)
    {
        var before = isPooled ? 1 : 0;
        await using var server = new FrameServer(request => request < before ? StreamReaction.Ok : Enum.Parse<StreamReaction>(reaction.ToString()));
        if (isPooled)
            Assert.Equal(200, (await SendAsync(server.Uri, "GET", hasBody: false)).Status);
        var attempt = await SendAsync(server.Uri, method, hasBody);
        Assert.Equal((before + 1, 1), (server.Requests, attempt.Stamps));
        var outcome = FailureReader.Classify(attempt.Failure!, attempt.Message.Sent, CancellationReason.None);
        Assert.Equal((FailureClass.Network, true), (outcome.Class, outcome.Sent));
        // Where the server said that it did not act, even a POST may be sent again.
        Assert.Equal(reaction is Silent.Refuse or Silent.GoAwayBelow, outcome.Unprocessed);
    }

    [Fact]
    public async Task A_server_that_asks_for_HTTP_1_1_is_one_send()
    {
        await using var server = new FrameServer(_ => StreamReaction.AskForHttp11);
        var attempt = await SendAsync(server.Uri, "POST", hasBody: true);
        Assert.Equal((1, 1), (server.Requests, attempt.Stamps));
        Assert.Equal("the server asks for HTTP/1.1 (HTTP/2 error 0xd)", FailureReader.Classify(attempt.Failure!, attempt.Message.Sent, CancellationReason.None).Detail);
    }

    [Fact]
    public async Task Headers_larger_than_the_server_takes_are_an_invalid_request()
    {
        await using var server = new FrameServer(_ => StreamReaction.Ok) { MaxHeaderListSize = 1000 };
        Assert.Equal(200, (await SendAsync(server.Uri, "GET", hasBody: false)).Status);
        var attempt = await Attempt.SendAsync(_transport, "GET", server.Uri, version: HttpVersion.Version20,
            change: m => m.Headers.TryAddWithoutValidation("X-Long", new string('x', 2000)));
        Assert.Equal(1, server.Requests);
        Assert.Equal(FailureClass.Invalid, FailureReader.Classify(attempt.Failure!, attempt.Message.Sent, CancellationReason.None).Class);
    }

    [Fact]
    public async Task A_cancel_while_waiting_for_the_answer_is_one_send()
    {
        await using var server = new FrameServer(_ => StreamReaction.Silence);
        using var cancel = new CancellationTokenSource();
        var witness = new Witness();
        var sending = Attempt.SendAsync(_transport, "GET", server.Uri, version: HttpVersion.Version20, witness: witness, cancellation: cancel.Token);
        while (server.Requests == 0)
            await Task.Delay(5);
        await cancel.CancelAsync();
        Assert.IsAssignableFrom<OperationCanceledException>((await sending).Failure);
        Assert.Equal((1, 1), (server.Requests, witness.Stamps));
    }

    [Fact]
    public async Task A_witness_that_throws_leaves_the_connection_to_others()
    {
        await using var server = new FrameServer(_ => StreamReaction.Ok);
        Assert.Equal(200, (await SendAsync(server.Uri, "GET", hasBody: false)).Status);
        var attempt = await Attempt.SendAsync(_transport, "GET", server.Uri, version: HttpVersion.Version20, witness: new Witness { Refusal = new IOException("disk full") });
        Assert.IsType<SendRefusedException>(attempt.Failure);
        Assert.Equal(200, (await SendAsync(server.Uri, "GET", hasBody: false)).Status);
        Assert.Equal((2, 1), (server.Requests, server.Connections));
    }
}
