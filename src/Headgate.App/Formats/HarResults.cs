using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Headgate.Jobs;
using Microsoft.AspNetCore.WebUtilities;

namespace Headgate.App.Formats;

/// <summary>
/// An HTTP archive, HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), with an entry for each result: the wait for limits is
/// <c>blocked</c>, the answer <c>wait</c>. What was sent is in it where that is known. Not thread-safe: it knows which entry is the first.
/// </summary>
internal sealed class HarResults : IResultFormat
{
    /// <summary>Nobody wrote down which it was.</summary>
    private const string HttpVersion = "unknown";

    private bool _hasEntries;

    public void Begin(IBufferWriter<byte> output) => Put(output, $$$"""{"log":{"version":"1.2","creator":{"name":"Headgate","version":"{{{Commands.VersionCommand.Version}}}"},"entries":[""");

    public void Write(ExportedLine result, IBufferWriter<byte> output)
    {
        var (sent, body) = (result.Request is { } request ? SentBody.Of(request) : null, result.Body());
        Put(output, _hasEntries ? ",\n" : "\n");
        using var json = new Utf8JsonWriter(output, ResultRecordWriter.Options);
        var (waited, elapsed) = (Math.Round(result.Waited.TotalMilliseconds, 3), Math.Round(result.Elapsed.TotalMilliseconds, 3));
        json.WriteStartObject();
        json.WriteString("startedDateTime"u8, (result.StartedAt ?? DateTimeOffset.UnixEpoch).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        json.WriteNumber("time"u8, waited + elapsed);
        WriteRequest(json, result, sent);
        WriteResponse(json, result, body);
        json.WriteStartObject("cache"u8);
        json.WriteEndObject();
        json.WriteStartObject("timings"u8);
        json.WriteNumber("blocked"u8, waited);
        json.WriteNumber("dns"u8, -1);
        json.WriteNumber("connect"u8, -1);
        json.WriteNumber("send"u8, 0);
        json.WriteNumber("wait"u8, elapsed);
        json.WriteNumber("receive"u8, 0);
        json.WriteEndObject();
        json.WriteString("comment"u8, result.Id);
        json.WriteEndObject();
        _hasEntries = true;
    }

    public void End(IBufferWriter<byte> output) => Put(output, "\n]}}\n");

    private static void WriteRequest(Utf8JsonWriter json, ExportedLine result, SentBody? sent)
    {
        var url = result.Request is { } request ? JobMessage.Target(request).OriginalString : result.Url ?? "";
        json.WriteStartObject("request"u8);
        json.WriteString("method"u8, result.Method);
        json.WriteString("url"u8, url);
        json.WriteString("httpVersion"u8, HttpVersion);
        WriteNothing(json, "cookies");
        WritePairs(json, "headers", sent?.Headers ?? []);
        var query = url.IndexOf('?');
        WritePairs(json, "queryString", query < 0 ? [] : QueryHelpers.ParseQuery(url[query..].Split('#')[0]).SelectMany(parameter => parameter.Value.Select(value => (parameter.Key, value ?? ""))));
        if (sent?.Bytes is { } bytes)
            WritePostData(json, sent, bytes.Span);
        json.WriteNumber("headersSize"u8, -1);
        json.WriteNumber("bodySize"u8, sent is null ? -1 : sent.Bytes?.Length ?? 0);
        json.WriteEndObject();
    }

    private static void WritePostData(Utf8JsonWriter json, SentBody sent, ReadOnlySpan<byte> bytes)
    {
        json.WriteStartObject("postData"u8);
        json.WriteString("mimeType"u8, sent.Headers.FirstOrDefault(header => header.Name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)).Value ?? "");
        WriteNothing(json, "params");
        WriteText(json, bytes);
        json.WriteEndObject();
    }

    private static void WriteResponse(Utf8JsonWriter json, ExportedLine result, byte[] body)
    {
        json.WriteStartObject("response"u8);
        json.WriteNumber("status"u8, result.Status);
        json.WriteString("statusText"u8, ReasonPhrases.GetReasonPhrase(result.Status));
        json.WriteString("httpVersion"u8, HttpVersion);
        WriteNothing(json, "cookies");
        WritePairs(json, "headers", result.Headers());
        json.WriteStartObject("content"u8);
        json.WriteNumber("size"u8, body.Length);
        json.WriteString("mimeType"u8, result.Header("content-type") ?? "");
        if (body.Length > 0)
            WriteText(json, body);
        json.WriteEndObject();
        json.WriteString("redirectURL"u8, result.Header("location") ?? "");
        json.WriteNumber("headersSize"u8, -1);
        json.WriteNumber("bodySize"u8, -1);
        // As browsers tell of one that got no answer.
        if (result.Result is null)
            json.WriteString("_error"u8, result.Error?.Detail);
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            json.WriteString("text"u8, bytes);
            return;
        }
        json.WriteBase64String("text"u8, bytes);
        json.WriteString("encoding"u8, "base64"u8);
    }

    private static void WritePairs(Utf8JsonWriter json, string list, IEnumerable<(string Name, string Value)> pairs)
    {
        json.WriteStartArray(list);
        foreach (var (name, value) in pairs)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, name);
            json.WriteString("value"u8, value);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteNothing(Utf8JsonWriter json, string list)
    {
        json.WriteStartArray(list);
        json.WriteEndArray();
    }

    private static void Put(IBufferWriter<byte> output, string text) => output.Write(Encoding.UTF8.GetBytes(text));
}
