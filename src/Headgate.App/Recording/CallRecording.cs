using System.Text;
using Headgate.App.Security;
using Headgate.Backends.Sqlite;
using Headgate.Time;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Headgate.App.Recording;

/// <summary>What is recorded of one call while it passes through. For whoever passes it on.</summary>
/// <param name="recorder">Takes it in the end.</param>
/// <param name="context">The call.</param>
/// <param name="target">Where it goes.</param>
/// <param name="bodies">How much of each body is kept.</param>
/// <param name="time">The clock.</param>
internal sealed class CallRecording(CallRecorder recorder, HttpContext context, Uri target, int bodies, TimeProvider time)
{
    private readonly DateTimeOffset _at = time.GetUtcNow();
    private readonly long _startedAt = time.GetTimestamp();
    private readonly string _requestHeaders = Redaction.Of(Lines(context.Request.Headers));
    private readonly MemoryStream _request = new();
    private readonly MemoryStream _answer = new();

    /// <summary>A part of the body of the call.</summary>
    public void Requested(ReadOnlySpan<byte> piece) => Keep(_request, piece);

    /// <summary>A part of the body of its answer.</summary>
    public void Answered(ReadOnlySpan<byte> piece) => Keep(_answer, piece);

    /// <summary>It has ended.</summary>
    /// <param name="api">The name of its API.</param>
    /// <param name="exchange">Its way.</param>
    /// <param name="failure">Why it was not answered as its API did; null if it was.</param>
    /// <param name="status">What the caller is answered; null if it is gone.</param>
    public void End(string? api, Exchange exchange, HeadgateException? failure, int? status) => recorder.Add(new RecordedCall
    {
        At = _at,
        Method = context.Request.Method,
        Url = Redaction.Of(target),
        Api = api,
        Status = status,
        Class = failure?.FailureClass ?? FailureClass.None,
        Error = failure?.Message,
        Attempts = exchange.Attempts,
        Wait = Clock.Span(exchange.Waited),
        Elapsed = time.GetElapsedTime(_startedAt),
        Caller = Caller.Of(context).KeyAt(context.Connection.RemoteIpAddress),
        RequestHeaders = _requestHeaders,
        RequestBody = TextOf(_request),
        AnswerHeaders = Redaction.Of(Lines(context.Response.Headers)),
        AnswerBody = TextOf(_answer),
    });

    private static IEnumerable<KeyValuePair<string, string>> Lines(IEnumerable<KeyValuePair<string, StringValues>> headers) =>
        headers.SelectMany(header => header.Value, (header, value) => KeyValuePair.Create(header.Key, value ?? ""));

    private void Keep(MemoryStream kept, ReadOnlySpan<byte> piece) => kept.Write(piece[..(int)Math.Min(piece.Length, bodies - kept.Length)]);

    /// <summary>The beginning of a body, if it is text; a letter that was cut in two at its end is left out.</summary>
    private static string? TextOf(MemoryStream kept)
    {
        if (kept.Length == 0)
            return null;
        var bytes = kept.GetBuffer().AsSpan(0, (int)kept.Length);
        for (var cut = 0; cut < 4 && cut < bytes.Length; cut++)
            if (System.Text.Unicode.Utf8.IsValid(bytes[..^cut]))
                return Encoding.UTF8.GetString(bytes[..^cut]);
        return null;
    }
}
