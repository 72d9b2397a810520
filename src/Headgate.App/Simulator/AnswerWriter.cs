using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.Features;

namespace Headgate.App.Simulator;

/// <summary>Writes answers. Short ones are put into the connection's buffer at once; Kestrel sends them when the request ends.</summary>
internal sealed class AnswerWriter(AnswerStyle style, SimulatorClock clock)
{
    private readonly DateLine _date = new(clock);
    private const int ChunkSize = 1 << 16;
    private static readonly SearchValues<char> Unescaped = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~!$()*,;:@= ");
    private static readonly byte[] Filling = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("0123456789abcdef", ChunkSize / 16)));

    /// <summary>Whether the answer needs the request's body or is itself long.</summary>
    public static bool TakesTime(Verdict verdict) =>
        verdict is { IsAccepted: true, Fault.Kind: FaultKind.None } && (verdict.Route.Kind == RouteKind.Echo || verdict.Route is { Kind: RouteKind.Bytes, Number: > ChunkSize });

    /// <summary>Any answer for which <see cref="TakesTime"/> is false.</summary>
    public void Write(IFeatureCollection context, IHttpRequestFeature request, Verdict verdict)
    {
        var response = Begin(context, AnswerStyles.StatusOf(style, verdict), verdict);
        if (!verdict.IsAccepted)
            WriteBody(context, response, AnswerStyles.RefusalBody(style, verdict));
        else if (verdict.Fault.Kind == FaultKind.Status)
            WriteBody(context, response, $$"""{"ok":false,"error":"simulated {{verdict.Fault.Name}}","n":{{verdict.Number}}}""");
        else
            WriteRoute(context, request, response, verdict);
    }

    /// <param name="end">Called right before the client can have the whole answer.</param>
    public async Task WriteLongAsync(IFeatureCollection context, IHttpRequestFeature request, Verdict verdict, Action end, CancellationToken gone)
    {
        if (verdict.Route.Kind == RouteKind.Echo)
        {
            var echo = await EchoBody.ReadAsync(request, verdict.Number, gone);
            end();
            WriteBody(context, Begin(context, 200, verdict), echo, "application/json");
            return;
        }
        var response = Begin(context, 200, verdict);
        response.Headers.ContentType = "application/octet-stream";
        response.Headers.ContentLength = verdict.Route.Number;
        var writer = context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;
        for (var left = verdict.Route.Number; left > 0; left -= ChunkSize)
        {
            if (left <= ChunkSize)
                end();
            await writer.WriteAsync(Filling.AsMemory(0, Math.Min(left, ChunkSize)), gone);
        }
    }

    private IHttpResponseFeature Begin(IFeatureCollection context, int status, Verdict verdict)
    {
        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        response.StatusCode = status;
        response.Headers.Date = _date.Now;
        AnswerStyles.WriteHeaders(style, response.Headers, verdict);
        return response;
    }

    private static void WriteRoute(IFeatureCollection context, IHttpRequestFeature request, IHttpResponseFeature response, Verdict verdict)
    {
        var headers = response.Headers;
        switch (verdict.Route)
        {
            case { Kind: RouteKind.Redirect, Number: > 0 and var hops }:
                headers.Location = string.Create(CultureInfo.InvariantCulture, $"/redirect/{hops - 1}{request.QueryString}");
                break;
            case { Kind: RouteKind.RedirectLoop }:
                headers.Location = "/redirect-loop" + request.QueryString;
                break;
            case { Kind: RouteKind.Status }:
                if (PleaReader.FromQuery(request.QueryString, "retry_after") is { } retryAfter && retryAfter.All(char.IsAscii) && !retryAfter.Any(char.IsControl))
                    headers.RetryAfter = retryAfter;
                break;
            case { Kind: RouteKind.Unauthorized }:
                headers.WWWAuthenticate = "Basic realm=\"simulator\"";
                break;
            case { Kind: RouteKind.Close }:
                headers.Connection = "close";
                break;
            case { Kind: RouteKind.Bytes, Number: var bytes }:
                WriteBody(context, response, Filling.AsSpan(0, bytes), "application/octet-stream");
                return;
            case { Kind: RouteKind.Bad }:
                WriteBody(context, response, """{"ok":false,"error":"the number in the path is missing or out of range, or X-Cost is not like tokens=120,points=5"}""");
                return;
        }
        WritePlain(context, response, request.Path, verdict);
    }

    private static void WritePlain(IFeatureCollection context, IHttpResponseFeature response, string path, Verdict verdict)
    {
        var ok = response.StatusCode < 400 ? "true" : "false";
        var shown = path.AsSpan().ContainsAnyExcept(Unescaped) ? JsonEncodedText.Encode(path).ToString() : path;
        Span<byte> text = stackalloc byte[1024];
        if (verdict.Cost.Tokens is null
            && Utf8.TryWrite(text, CultureInfo.InvariantCulture, $"{{\"ok\":{ok},\"path\":\"{shown}\",\"n\":{verdict.Number}}}", out var length))
            WriteBody(context, response, text[..length], "application/json");
        else
            WriteBody(context, response, $$"""{"ok":{{ok}},"path":"{{shown}}","n":{{verdict.Number}}{{Usage(verdict.Cost)}}}""");
    }

    /// <summary>What was declared as tokens was used: the place where clients look for it.</summary>
    private static string Usage(RequestCost cost) => cost.Tokens is { } tokens ? $$""","usage":{"total_tokens":{{tokens}}}""" : "";

    private static void WriteBody(IFeatureCollection context, IHttpResponseFeature response, string json) =>
        WriteBody(context, response, Encoding.UTF8.GetBytes(json), json.Length == 0 ? "" : "application/json");

    private static void WriteBody(IFeatureCollection context, IHttpResponseFeature response, ReadOnlySpan<byte> body, string contentType)
    {
        if (response.StatusCode is 204 or 205 or 304)
            return;
        response.Headers.ContentLength = body.Length;
        if (contentType.Length > 0)
            response.Headers.ContentType = contentType;
        if (body.IsEmpty)
            return;
        // With the length asked for: before the head of the answer is written, Kestrel has no room to give unasked.
        var writer = context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;
        body.CopyTo(writer.GetSpan(body.Length));
        writer.Advance(body.Length);
    }
}
