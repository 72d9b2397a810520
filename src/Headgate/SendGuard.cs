using System.Net.Http.Headers;
using System.Text;

namespace Headgate;

/// <summary>Is told of a send right before its first byte can leave: after the connection or stream was obtained.</summary>
internal interface ISendWitness
{
    /// <summary>
    /// Called once for each attempt, from within its send and never after that has ended. Writes down the intent and stamps the permit.
    /// Throw, and nothing is sent: the send then ends with <see cref="SendRefusedException"/>. Must not block for long: an HTTP/2
    /// connection may be waiting.
    /// </summary>
    void BeforeFirstByte();
}

/// <summary>
/// Makes one permit one send. <see cref="SocketsHttpHandler"/> repeats requests by itself where the server closes without an answer or
/// refuses an HTTP/2 stream (four sends in all, measured), and has no switch against it. But it asks this selector for an encoding
/// whenever it writes the headers of a request into its buffer, once for each header: for HTTP/1.1, HTTP/2 and HTTP/3 alike after the
/// connection or stream was obtained and before a byte of it is flushed.
/// </summary>
/// <remarks>
/// The header that counts is User-Agent: every attempt has exactly one, it cannot be among the headers of a body, and the selector
/// gets its name in this spelling however it was given. A CONNECT that the handler makes for a proxy is no attempt and passes.
/// </remarks>
internal static class SendGuard
{
    private const string Marker = "User-Agent";

    /// <summary>What we call ourselves where the caller says nothing.</summary>
    public static readonly string UserAgent = "Headgate/" + typeof(SendGuard).Assembly.GetName().Version?.ToString(3);

    /// <summary>The selector; null means ASCII, what the handler does without one.</summary>
    public static Encoding? Select(string header, HttpRequestMessage request)
    {
        if (request is AttemptMessage attempt && header == Marker)
            attempt.OnHeaders();
        return null;
    }

    /// <summary>The selector, in front of the one that is there; never twice, since the second would stop the first send.</summary>
    public static HeaderEncodingSelector<HttpRequestMessage> InFrontOf(HeaderEncodingSelector<HttpRequestMessage>? next) =>
        next is null || next == Select ? Select
        : next.Target is Chain ? next
        : new Chain(next).Select;

    internal static void AddMarker(HttpRequestHeaders headers)
    {
        if (!headers.NonValidated.Contains(Marker))
            headers.TryAddWithoutValidation(Marker, UserAgent);
    }

    private sealed class Chain(HeaderEncodingSelector<HttpRequestMessage> next)
    {
        public Encoding? Select(string header, HttpRequestMessage request) => SendGuard.Select(header, request) ?? next(header, request);
    }
}

/// <summary>A send that must not happen: the witness threw. Its exception is the inner one.</summary>
internal sealed class SendRefusedException(Exception cause) : Exception("the send was refused before its first byte", cause);

/// <summary>The transport tried to send an attempt a second time, which the guard stopped.</summary>
/// <param name="message">What that tells of the first time, for people.</param>
/// <param name="unprocessed">Whether the server said that it did not act on it.</param>
/// <param name="needsHttp11">Whether the server asked for HTTP/1.1.</param>
internal sealed class RepeatedSendException(string message, bool unprocessed, bool needsHttp11) : Exception(message)
{
    public bool Unprocessed => unprocessed;

    public bool NeedsHttp11 => needsHttp11;
}
