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
/// gets its name in this spelling however it was given. A CONNECT that the handler makes for a proxy is no attempt and passes; any other message that is none is stopped.
/// </remarks>
internal static class SendGuard
{
    private const string Marker = "User-Agent";

    /// <summary>What we call ourselves where the caller says nothing.</summary>
    public static readonly string UserAgent = "Headgate/" + typeof(SendGuard).Assembly.GetName().Version?.ToString(3);

    /// <summary>
    /// The selector. Values outside ASCII go out as UTF-8, as other tools send them: without an encoding the handler would fail on them
    /// half way, after the stamp. No encoding of a line break can come of that.
    /// </summary>
    public static Encoding? Select(string header, HttpRequestMessage request)
    {
        if (request is not AttemptMessage attempt)
            // Its headers may be all that a handler in between has copied: nothing of it was paid for.
            return request.Method == HttpMethod.Connect ? null : throw new SendRefusedException(new InvalidOperationException(
                "a handler inside Headgate sends another request in the place of the one it was given, which no limit would count; let it change that one, or put it outside, around the HeadgateHandler"));
        if (header == Marker)
            attempt.OnHeaders();
        return attempt.HasExactConditions && header is "If-None-Match" or "If-Match" or "If-Range" ? Encoding.Latin1 : Encoding.UTF8;
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
        public Encoding? Select(string header, HttpRequestMessage request)
        {
            var ours = SendGuard.Select(header, request);
            return next(header, request) ?? ours;
        }
    }
}

/// <summary>A send that must not happen: the witness threw. Its exception is the inner one.</summary>
internal sealed class SendRefusedException(Exception cause) : Exception("the send was refused before its first byte", cause);

/// <summary>The transport tried to send an attempt a second time, which the guard stopped.</summary>
/// <param name="wasStream">
/// Whether the first time was surely an HTTP/2 or HTTP/3 stream. Those are repeated only if the server refused them, or said that it acted
/// on none so late: it did nothing (RFC 9113 §8.7). A connection of HTTP/1.1 that closed says nothing of the kind.
/// </param>
internal sealed class RepeatedSendException(bool wasStream)
    : Exception(wasStream ? "the server refused the stream without acting on it" : "the server closed the connection without an answer")
{
    public bool Unprocessed => wasStream;
}
