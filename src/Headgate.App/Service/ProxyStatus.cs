using System.Net.Sockets;

namespace Headgate.App.Service;

/// <summary>What became of a call that is passed on, in the words that programs know: the header Proxy-Status of RFC 9209. Pure.</summary>
internal static class ProxyStatus
{
    public const string Header = "Proxy-Status";

    /// <summary>An answer came.</summary>
    public static string Received(int status) => $"headgate;received-status={status}";

    /// <summary>No answer came, or none was waited for.</summary>
    public static string Of(HeadgateException failure) => Error(failure.FailureClass switch
    {
        FailureClass.Blocked => "destination_ip_prohibited",
        FailureClass.CircuitOpen => "destination_unavailable",
        FailureClass.Timeout => "http_response_timeout",
        FailureClass.Deadline when failure.MaybeSent => "http_response_timeout",
        FailureClass.Deadline or FailureClass.RateLimit => "http_request_denied",
        FailureClass.Invalid => "http_request_error",
        FailureClass.Auth => "proxy_configuration_error",
        _ => Of(failure.HttpRequestError, failure.MaybeSent),
    });

    /// <summary>No connection came about.</summary>
    public static string Of(SocketException failure) => Error(failure.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "dns_error",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "destination_ip_unroutable",
        SocketError.TimedOut => "connection_timeout",
        _ => "connection_refused",
    });

    /// <summary>One of the errors that RFC 9209 §2.3 names.</summary>
    public static string Error(string type) => $"headgate;error={type}";

    private static string Of(HttpRequestError error, bool wasSent) => error switch
    {
        HttpRequestError.NameResolutionError => "dns_error",
        HttpRequestError.SecureConnectionError => "tls_protocol_error",
        HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError or HttpRequestError.ConfigurationLimitExceeded => "http_protocol_error",
        HttpRequestError.ResponseEnded => "http_response_incomplete",
        HttpRequestError.ConnectionError => "connection_refused",
        _ => wasSent ? "connection_terminated" : "connection_timeout",
    };
}
