using System.Text;
using Headgate.App.Security;
using Headgate.App.Service;
using Headgate.Backends.Sqlite;
using Headgate.Keys;
using Headgate.Time;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Headgate.App.Recording;

/// <summary>What is recorded of one call while it passes through. For whoever passes it on.</summary>
/// <param name="recorder">Takes it in the end.</param>
/// <param name="context">The call.</param>
/// <param name="target">Where it goes.</param>
/// <param name="keys">Where its API has its keys; null if it has none.</param>
/// <param name="body">The beginning of its body.</param>
/// <param name="bodies">How much of a body is kept.</param>
/// <param name="time">The clock.</param>
internal sealed class CallRecording(CallRecorder recorder, HttpContext context, Uri target, KeyTemplate? keys, ReadOnlyMemory<byte> body, int bodies, TimeProvider time)
{
    private readonly DateTimeOffset _at = time.GetUtcNow();
    private readonly long _startedAt = time.GetTimestamp();
    private readonly string _requestHeaders = Redaction.Of(Lines(context.Request.Headers), keys);
    private byte[] _answer = [];
    private int? _status;

    /// <summary>An answer is passed on, with or without a body.</summary>
    public void Answered(int status) => (_status, _answer) = (status, []);

    /// <summary>A part of the body of its answer.</summary>
    public void Answered(ReadOnlySpan<byte> piece)
    {
        if (_answer.Length < bodies)
            _answer = [.. _answer, .. piece[..Math.Min(piece.Length, bodies - _answer.Length)]];
    }

    /// <summary>It has ended.</summary>
    /// <param name="api">The name of its API.</param>
    /// <param name="exchange">Its way.</param>
    /// <param name="problem">What it is answered in place of what its API did; null if there was an answer.</param>
    public void End(string? api, Exchange exchange, Problem? problem) => recorder.Add(new RecordedCall
    {
        At = _at,
        Method = context.Request.Method,
        Url = Redaction.Of(target, keys),
        Api = api,
        Status = problem?.Status ?? _status,
        Class = problem?.Class ?? FailureClass.None,
        Error = problem?.Message,
        Attempts = exchange.Attempts,
        Wait = Clock.Span(exchange.Waited),
        Elapsed = time.GetElapsedTime(_startedAt),
        Caller = Caller.Of(context).KeyAt(context.Connection.RemoteIpAddress),
        RequestHeaders = _requestHeaders,
        RequestBody = TextOf(body.Span),
        AnswerHeaders = Redaction.Of(Lines(context.Response.Headers), keys),
        AnswerBody = TextOf(_answer),
    });

    private static IEnumerable<KeyValuePair<string, string>> Lines(IEnumerable<KeyValuePair<string, StringValues>> headers) =>
        headers.SelectMany(header => header.Value, (header, value) => KeyValuePair.Create(header.Key, value ?? ""));

    /// <summary>The beginning of a body, if it is text; a letter that was cut in two at its end is left out.</summary>
    private static string? TextOf(ReadOnlySpan<byte> bytes)
    {
        for (var cut = 0; cut < 4 && cut < bytes.Length; cut++)
            if (System.Text.Unicode.Utf8.IsValid(bytes[..^cut]))
                return Encoding.UTF8.GetString(bytes[..^cut]);
        return null;
    }
}
