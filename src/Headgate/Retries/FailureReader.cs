using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Security.Authentication;

namespace Headgate.Retries;

/// <summary>Who ended an attempt before its time.</summary>
internal enum CancellationReason
{
    /// <summary>Nobody that we know of.</summary>
    None,

    /// <summary>The caller's token.</summary>
    Caller,

    /// <summary>The timeout of the attempt, which runs from its first byte; before that, its connect timeout.</summary>
    AttemptTimeout,

    /// <summary>The deadline of the request.</summary>
    Deadline,
}

/// <summary>
/// Reads what an attempt came to from the exception that ended it. The details are our own words, with codes of the system at most:
/// messages of exceptions can carry hosts, values and paths.
/// </summary>
internal static class FailureReader
{
    /// <summary>Reads an exception of the transport, of the guard, or of a body being sent or read.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="sent">Whether the attempt was stamped: <see cref="AttemptMessage.Sent"/>.</param>
    /// <param name="reason">Whose token was cancelled; only looked at if the exception says that it was cancelled.</param>
    /// <exception cref="Exception">The witness refused to let it go: its own exception is thrown on, since that is no failure of the attempt.</exception>
    public static Outcome Classify(Exception exception, bool sent, CancellationReason reason)
    {
        for (var e = exception; e is not null; e = e.InnerException)
            switch (e)
            {
                case SendRefusedException { InnerException: OperationCanceledException }:
                    // It was given up before its first byte, and the connection came after that.
                    return Cancelled(e, sent, reason);
                case SendRefusedException { InnerException: { } refusal }:
                    ExceptionDispatchInfo.Throw(refusal);
                    break;
                case RepeatedSendException repeat:
                    return Failed(FailureClass.Network, sent, repeat.Message) with { Unprocessed = repeat.Unprocessed };
                case Connections.AddressBlockedException:
                    return Failed(FailureClass.Blocked, sent, e.Message);
                case ProxyFaultException fault:
                    return Failed(FailureClass.Proxy, sent, fault.Message) with { ProxyFault = fault.Fault, Unprocessed = fault.Fault is ProxyFault.Denied or ProxyFault.DeniedInAnswer };
                case BodyUnreadableException:
                    return Failed(FailureClass.Invalid, sent, e.Message);
            }
        return exception switch
        {
            OperationCanceledException => Cancelled(exception, sent, reason),
            HttpRequestException http => Of(http, sent),
            HttpProtocolException protocol => Protocol(protocol, sent),
            HttpIOException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => Failed(FailureClass.Invalid, sent, TooLarge),
            HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse } => Nonsense(sent),
            AuthenticationException => Failed(FailureClass.Network, sent, Tls(exception)),
            InvalidDataException => Failed(FailureClass.Network, sent, "the answer could not be unpacked: what came is not what its content-encoding says"),
            IOException or SocketException or ObjectDisposedException => Failed(FailureClass.Network, sent, Broken(exception, sent)),
            _ => Failed(FailureClass.Invalid, sent, $"the request could not be sent: {exception.GetType().Name}"),
        };
    }

    /// <summary>Whether an exception that came while a body was read is the transport's, rather than of whoever took the body.</summary>
    public static bool IsOfTransport(Exception exception) => exception is not HeadgateException
        && exception is OperationCanceledException or HttpRequestException or IOException or SocketException or ObjectDisposedException or AuthenticationException or InvalidDataException;

    private const string NotConnected = "no connection within the connect timeout";

    private const string NotHttp = "what came back was not a valid HTTP answer";

    private const string TooLarge = "the headers of the answer are larger than allowed";

    private static Outcome Failed(FailureClass failure, bool sent, string detail) => new() { Class = failure, Sent = sent, Detail = detail };

    // It had begun to come, as far as it was an answer.
    private static Outcome Nonsense(bool sent) => Failed(FailureClass.Network, sent, NotHttp) with { BrokeOff = true };

    private static Outcome Cancelled(Exception exception, bool sent, CancellationReason reason) => reason switch
    {
        CancellationReason.Caller => Failed(FailureClass.Cancelled, sent, "cancelled by the caller"),
        // The attempt's own time runs from its first byte; before that it was the connect timeout.
        CancellationReason.AttemptTimeout when !sent => Failed(FailureClass.Network, sent, NotConnected),
        CancellationReason.AttemptTimeout => Failed(FailureClass.Timeout, sent, "the answer did not come within the timeout"),
        CancellationReason.Deadline => Failed(FailureClass.Deadline, sent, "the deadline came before the answer"),
        // The handler says it so when its own connect timeout has run out.
        _ when exception.InnerException is TimeoutException => Failed(FailureClass.Network, sent, NotConnected),
        _ => Failed(FailureClass.Network, sent, "the transport gave the attempt up"),
    };

    private static Outcome Of(HttpRequestException e, bool sent) => e.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => Failed(FailureClass.Network, sent, "the name of the host was not found" + Code(e)),
        HttpRequestError.ConnectionError => Failed(FailureClass.Network, sent, "no connection" + Code(e)),
        HttpRequestError.SecureConnectionError => Failed(FailureClass.Network, sent, Tls(e)),
        HttpRequestError.VersionNegotiationError => Failed(FailureClass.Network, sent, "the server does not speak the HTTP version that was asked for"),
        HttpRequestError.ProxyTunnelError => Failed(FailureClass.Proxy, sent, "the proxy did not open the tunnel"),
        HttpRequestError.UserAuthenticationError => Failed(FailureClass.Network, sent, "the exchange of credentials failed"),
        HttpRequestError.InvalidResponse => Nonsense(sent),
        HttpRequestError.ConfigurationLimitExceeded => Failed(FailureClass.Invalid, sent, TooLarge),
        HttpRequestError.HttpProtocolError when Find<HttpProtocolException>(e) is { } protocol => Protocol(protocol, sent),
        HttpRequestError.HttpProtocolError => Failed(FailureClass.Network, sent, "the server broke the protocol"),
        HttpRequestError.ResponseEnded => Failed(FailureClass.Network, sent, Ended),
        // Of the runtime's own, only writing the request itself fails without a cause, when an HTTP/2 server has said how much it takes.
        _ when e is { InnerException: null, Source: "System.Net.Http" } && sent => Failed(FailureClass.Invalid, sent, "the headers of the request are larger than the server accepts"),
        _ when Find<InvalidOperationException>(e) is not (null or ObjectDisposedException) => Failed(FailureClass.Invalid, sent, "the body could not be read"),
        _ => Failed(FailureClass.Network, sent, Broken(e, sent)),
    };

    private const string Ended = "the server closed the connection before the answer was complete";

    private static string Broken(Exception e, bool sent) => e switch
    {
        HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } => Ended,
        _ when Find<SocketException>(e) is { SocketErrorCode: SocketError.ConnectionReset } => "the server reset the connection",
        _ when sent => "the connection broke" + Code(e),
        _ => "no connection" + Code(e),
    };

    private static Outcome Protocol(HttpProtocolException e, bool sent) => Failed(FailureClass.Network, sent, e.ErrorCode switch
    {
        0x7 => "the server refused the stream without acting on it",
        0xb => "the server asks for less (HTTP/2 error 0xb, enhance your calm)",
        0xd => "the server asks for HTTP/1.1 (HTTP/2 error 0xd)",
        _ => $"the server ended the stream or the connection (HTTP/2 error 0x{e.ErrorCode:x})",
    }) with { Unprocessed = e.ErrorCode == 0x7 };

    // What is wrong with a certificate is worth its length, and says nothing secret.
    internal static string Tls(Exception e)
    {
        var told = Find<AuthenticationException>(e) ?? e;
        // What the runtime says first of a failed handshake is that it says the rest elsewhere.
        var why = (told.InnerException is { } cause && told.Message.Contains("inner exception", StringComparison.Ordinal) ? cause : told).Message.AsSpan();
        if (why.IndexOfAny('\r', '\n') is >= 0 and var end)
            why = why[..end];
        return $"no TLS connection: {(why.Length > 200 ? why[..200] : why)}";
    }

    internal static string Code(Exception e) => Find<SocketException>(e) switch
    {
        null => "",
        { SocketErrorCode: SocketError.ConnectionRefused } => ": connection refused",
        { SocketErrorCode: SocketError.ConnectionReset } => ": connection reset",
        { SocketErrorCode: SocketError.TimedOut } => ": timed out",
        { SocketErrorCode: SocketError.HostUnreachable or SocketError.NetworkUnreachable } => ": unreachable",
        { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } => "",
        { SocketErrorCode: SocketError.TryAgain } => ": the name server did not answer",
        var socket => $": {socket.SocketErrorCode}",
    };

    private static T? Find<T>(Exception? e) where T : Exception
    {
        for (; e is not null; e = e.InnerException)
            if (e is T found)
                return found;
        return null;
    }
}
