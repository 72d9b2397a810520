using System.Net.Sockets;
using System.Security.Authentication;
using Headgate.Retries;

namespace Headgate.Tests.Retries;

/// <summary>What the transport really throws is tested against real servers; here is every branch.</summary>
public sealed class FailureReaderTests
{
    private static Outcome Classify(Exception exception, bool sent = true, CancellationReason reason = CancellationReason.None) =>
        FailureReader.Classify(exception, sent, reason);

    private static Exception OfTheRuntime(Exception exception)
    {
        exception.Source = "System.Net.Http";
        return exception;
    }

    private static HttpRequestException Http(HttpRequestError error, Exception? inner = null) => new(error, "secret https://example.com/?key=secret", inner);

    public static TheoryData<Exception, FailureClass, string> Failures => new()
    {
        { Http(HttpRequestError.NameResolutionError, new SocketException((int)SocketError.HostNotFound)), FailureClass.Network, "the name of the host was not found" },
        { Http(HttpRequestError.NameResolutionError, new SocketException((int)SocketError.TryAgain)), FailureClass.Network, "the name of the host was not found: the name server did not answer" },
        { Http(HttpRequestError.ConnectionError, new SocketException((int)SocketError.ConnectionRefused)), FailureClass.Network, "no connection: connection refused" },
        { Http(HttpRequestError.ConnectionError, new SocketException((int)SocketError.TimedOut)), FailureClass.Network, "no connection: timed out" },
        { Http(HttpRequestError.ConnectionError, new SocketException((int)SocketError.NetworkUnreachable)), FailureClass.Network, "no connection: unreachable" },
        { Http(HttpRequestError.SecureConnectionError, new AuthenticationException("The remote certificate has expired")), FailureClass.Network, "no TLS connection: The remote certificate has expired" },
        { Http(HttpRequestError.VersionNegotiationError), FailureClass.Network, "the server does not speak the HTTP version that was asked for" },
        { Http(HttpRequestError.InvalidResponse), FailureClass.Network, "what came back was not a valid HTTP answer" },
        { Http(HttpRequestError.ResponseEnded, new HttpIOException(HttpRequestError.ResponseEnded)), FailureClass.Network, "the server closed the connection before the answer was complete" },
        { Http(HttpRequestError.HttpProtocolError, new HttpProtocolException(0xb, "x", null)), FailureClass.Network, "the server asks for less (HTTP/2 error 0xb, enhance your calm)" },
        { Http(HttpRequestError.HttpProtocolError, new HttpProtocolException(0x2, "x", null)), FailureClass.Network, "the server ended the stream or the connection (HTTP/2 error 0x2)" },
        { Http(HttpRequestError.ProxyTunnelError), FailureClass.Proxy, "the proxy did not open the tunnel" },
        { Http(HttpRequestError.ConnectionError, new ProxyFaultException(ProxyFault.Silent, "the proxy is silent")), FailureClass.Proxy, "the proxy is silent" },
        { Http(HttpRequestError.ConfigurationLimitExceeded), FailureClass.Invalid, "the headers of the answer are larger than allowed" },
        { Http(HttpRequestError.Unknown, new IOException("x", new SocketException((int)SocketError.ConnectionReset))), FailureClass.Network, "the server reset the connection" },
        { Http(HttpRequestError.Unknown, new IOException("x", new SocketException((int)SocketError.Shutdown))), FailureClass.Network, "the connection broke: Shutdown" },
        { Http(HttpRequestError.Unknown, new InvalidOperationException("x")), FailureClass.Invalid, "the body could not be read" },
        { OfTheRuntime(Http(HttpRequestError.Unknown)), FailureClass.Invalid, "the headers of the request are larger than the server accepts" },
        { Http(HttpRequestError.Unknown), FailureClass.Network, "the connection broke" },
        { new HttpIOException(HttpRequestError.ResponseEnded), FailureClass.Network, "the server closed the connection before the answer was complete" },
        { new HttpIOException(HttpRequestError.InvalidResponse), FailureClass.Network, "what came back was not a valid HTTP answer" },
        { new IOException("secret"), FailureClass.Network, "the connection broke" },
        { new InvalidDataException("secret"), FailureClass.Network, "the answer could not be unpacked: what came is not what its content-encoding says" },
        { new SocketException((int)SocketError.ConnectionReset), FailureClass.Network, "the server reset the connection" },
        { new AuthenticationException("bad\nsecret"), FailureClass.Network, "no TLS connection: bad" },
        { new RepeatedSendException(wasStream: false), FailureClass.Network, "the server closed the connection without an answer" },
        { new HttpRequestException("x", new RepeatedSendException(wasStream: true)), FailureClass.Network, "the server refused the stream without acting on it" },
        { new HttpRequestException("x", new BodyUnreadableException("its body cannot be read: no such file")), FailureClass.Invalid, "its body cannot be read: no such file" },
        { new NotSupportedException("secret"), FailureClass.Invalid, "the request could not be sent: NotSupportedException" },
    };

    [Theory, MemberData(nameof(Failures))]
    public void Every_failure_has_its_class_and_says_what_happened_without_secrets(Exception exception, FailureClass failure, string detail)
    {
        var outcome = Classify(exception);
        Assert.Equal((failure, detail, true, false), (outcome.Class, outcome.Detail, outcome.Sent, outcome.BoundsArrival));
        Assert.DoesNotContain("secret", outcome.Detail);
    }

    [Theory]
    [InlineData(CancellationReason.Caller, FailureClass.Cancelled)]
    [InlineData(CancellationReason.AttemptTimeout, FailureClass.Timeout)]
    [InlineData(CancellationReason.Deadline, FailureClass.Deadline)]
    [InlineData(CancellationReason.None, FailureClass.Network)]
    internal void A_cancellation_is_charged_to_who_cancelled(CancellationReason reason, FailureClass failure) =>
        Assert.Equal(failure, Classify(new TaskCanceledException("secret"), reason: reason).Class);

    [Fact]
    public void The_handlers_own_connect_timeout_is_a_failure_of_the_network_that_was_not_sent()
    {
        var outcome = Classify(new TaskCanceledException("x", new TimeoutException()), sent: false);
        Assert.Equal((FailureClass.Network, false, false, "no connection within the connect timeout"), (outcome.Class, outcome.Sent, outcome.MaybeDone, outcome.Detail));
    }

    [Fact]
    public void A_timeout_before_the_first_byte_is_that_of_the_connection()
    {
        var outcome = Classify(new TaskCanceledException(), sent: false, CancellationReason.AttemptTimeout);
        Assert.Equal((FailureClass.Network, false, "no connection within the connect timeout"), (outcome.Class, outcome.Sent, outcome.Detail));
    }

    [Fact]
    public void A_refused_stream_was_sent_but_not_acted_on()
    {
        foreach (var e in (Exception[])[new RepeatedSendException(wasStream: true), Http(HttpRequestError.HttpProtocolError, new HttpProtocolException(0x7, "x", null))])
            Assert.True(Classify(e) is { Sent: true, Unprocessed: true, MaybeDone: false });
        Assert.True(Classify(new RepeatedSendException(wasStream: false)) is { Unprocessed: false, MaybeDone: true });
    }

    [Fact]
    public void What_the_witness_threw_is_thrown_on()
    {
        var disk = new IOException("No space left on device");
        Assert.Same(disk, Assert.Throws<IOException>(() => Classify(new HttpRequestException("x", new SendRefusedException(disk)), sent: false)));
    }

    [Fact]
    public void Whoever_takes_a_body_fails_on_his_own_account()
    {
        Assert.All((Exception[])[new IOException(), new HttpRequestException(), new OperationCanceledException(), new InvalidDataException()], e => Assert.True(FailureReader.IsOfTransport(e)));
        Assert.All((Exception[])[new HeadgateException(FailureClass.Network, "broke off when half of it was written"), new UnauthorizedAccessException(), new FormatException()], e => Assert.False(FailureReader.IsOfTransport(e)));
    }
}
