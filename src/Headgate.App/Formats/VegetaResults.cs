using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Headgate.Jobs;
using Microsoft.AspNetCore.WebUtilities;

namespace Headgate.App.Formats;

/// <summary>
/// Results as vegeta encodes them in JSON, for its <c>report</c> and <c>plot</c>; requests as its targets in JSON
/// (https://github.com/tsenart/vegeta, README, "encode" and "-format"). Latencies are those of the answers, without the wait for limits.
/// </summary>
internal sealed class VegetaResults : IResultFormat, IRequestWriter
{
    public void Begin(IBufferWriter<byte> output) { }

    public void Write(ExportedLine result, IBufferWriter<byte> output)
    {
        var body = result.Body();
        using (var json = new Utf8JsonWriter(output, ResultRecordWriter.Options))
        {
            json.WriteStartObject();
            json.WriteString("attack"u8, "headgate"u8);
            json.WriteNumber("seq"u8, result.Index);
            json.WriteNumber("code"u8, result.Status);
            json.WriteString("timestamp"u8, (result.StartedAt ?? DateTimeOffset.UnixEpoch).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
            json.WriteNumber("latency"u8, result.Elapsed.Ticks * 100);
            json.WriteNumber("bytes_out"u8, result.Request?.Body?.Length ?? result.Request?.RawData.Length ?? 0);
            json.WriteNumber("bytes_in"u8, body.Length);
            json.WriteString("error"u8, result.Result is null ? result.Error?.Detail ?? "no answer" : result.Status is >= 200 and < 400 ? "" : $"{result.Status} {ReasonPhrases.GetReasonPhrase(result.Status)}".TrimEnd());
            json.WriteBase64String("body"u8, body);
            json.WriteString("method"u8, result.Method);
            json.WriteString("url"u8, result.Url ?? "");
            WriteHeaders(json, "headers", result.Headers());
            json.WriteEndObject();
        }
        output.Write("\n"u8);
    }

    public void Write(JobRequest request, IBufferWriter<byte> output)
    {
        var sent = SentBody.Of(request);
        using (var json = new Utf8JsonWriter(output, ResultRecordWriter.Options))
        {
            json.WriteStartObject();
            json.WriteString("method"u8, request.Method);
            json.WriteString("url"u8, JobMessage.Target(request).OriginalString);
            if (sent.Bytes is { } body)
                json.WriteBase64String("body"u8, body.Span);
            if (sent.Headers.Count > 0)
                WriteHeaders(json, "header", sent.Headers);
            json.WriteEndObject();
        }
        output.Write("\n"u8);
    }

    public void End(IBufferWriter<byte> output) { }

    private static void WriteHeaders(Utf8JsonWriter json, string member, IEnumerable<(string Name, string Value)> headers)
    {
        json.WriteStartObject(member);
        foreach (var header in headers.GroupBy(header => header.Name, StringComparer.OrdinalIgnoreCase))
        {
            json.WriteStartArray(header.Key);
            foreach (var (_, value) in header)
                json.WriteStringValue(value);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }
}
