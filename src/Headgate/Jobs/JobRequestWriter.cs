using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;

namespace Headgate.Jobs;

/// <summary>Writes a request as the JSON object that <see cref="JobRequestReader"/> reads back to the same request. What is default is left out.</summary>
internal static class JobRequestWriter
{
    /// <summary>The object by itself; equal requests have equal bytes.</summary>
    public static byte[] ToBytes(JobRequest request)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, ResultRecordWriter.Options))
            Write(json, request);
        return bytes.WrittenSpan.ToArray();
    }

    public static void Write(Utf8JsonWriter writer, JobRequest request)
    {
        writer.WriteStartObject();
        Text(writer, JobField.Id, request.Id);
        Text(writer, JobField.Url, request.Url);
        if (request.Method != "GET")
            Text(writer, JobField.Method, request.Method);
        if (request.HasHeaders)
            WriteFields(writer, JobFieldNames.Of(JobField.Headers), request.Headers);
        if (request.HasParams)
            WriteFields(writer, JobFieldNames.Of(JobField.Params), request.Params);
        WriteBody(writer, request);
        if (request.Priority != RequestPriority.Medium)
            writer.WriteNumber(JobFieldNames.Of(JobField.Priority), (int)request.Priority);
        Text(writer, JobField.Timeout, request.Timeout is { } timeout ? Time.Duration.Format(timeout) : null);
        if (request.Retries is { } retries)
            writer.WriteNumber(JobFieldNames.Of(JobField.Retries), retries);
        Text(writer, JobField.RetryDelay, request.RetryDelay is { } delay ? Time.Duration.Format(delay) : null);
        Raw(writer, JobField.Context, request.RawContext);
        WriteArrays(writer, request);
        Text(writer, JobField.Tenant, request.Tenant);
        Text(writer, JobField.Queue, request.Queue);
        Text(writer, JobField.NotBefore, request.NotBefore?.ToString());
        Text(writer, JobField.StartBy, request.StartBy?.ToString());
        Text(writer, JobField.Deadline, request.Deadline?.ToString());
        Text(writer, JobField.IdempotencyKey, request.IdempotencyKey);
        Text(writer, JobField.Country, request.Country);
        if (request.Callback is { } callback)
            WriteCallback(writer, callback);
        writer.WriteEndObject();
    }

    /// <summary>Names and values as an object: a string, or an array where a name has several values.</summary>
    public static void WriteFields(Utf8JsonWriter writer, string member, JobFields fields)
    {
        writer.WriteStartObject(member);
        for (var i = 0; i < fields.Count;)
        {
            var first = i;
            while (++i < fields.Count && fields.SameName(first, i)) { }
            if (i - first == 1)
            {
                writer.WriteString(fields.At(first).Key, fields.At(first).Value);
                continue;
            }
            writer.WriteStartArray(fields.At(first).Key);
            for (var j = first; j < i; j++)
                writer.WriteStringValue(fields.At(j).Value);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static void WriteBody(Utf8JsonWriter writer, JobRequest request)
    {
        Raw(writer, JobField.Data, request.RawData);
        Text(writer, JobField.BodyFile, request.BodyFile);
        if (request.Body is not { } body)
            return;
        if (Utf8.IsValid(body.Span))
            writer.WriteString(JobFieldNames.Of(JobField.Data), body.Span);
        else
            writer.WriteBase64String(JobFieldNames.Of(JobField.BodyBase64), body.Span);
    }

    private static void WriteArrays(Utf8JsonWriter writer, JobRequest request)
    {
        if (request.Tags.Count > 0)
        {
            writer.WriteStartArray(JobFieldNames.Of(JobField.Tags));
            foreach (var tag in request.Tags)
                writer.WriteStringValue(tag);
            writer.WriteEndArray();
        }
        if (request.Cost.Count > 0)
        {
            writer.WriteStartObject(JobFieldNames.Of(JobField.Cost));
            foreach (var (unit, amount) in request.Cost)
                writer.WriteNumber(unit, amount);
            writer.WriteEndObject();
        }
        if (request.ExpectStatuses.Count == 0)
            return;
        writer.WriteStartObject(JobFieldNames.Of(JobField.Expect));
        writer.WriteStartArray("status");
        foreach (var status in request.ExpectStatuses)
            writer.WriteNumberValue(status);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteCallback(Utf8JsonWriter writer, JobCallback callback)
    {
        writer.WriteStartObject(JobFieldNames.Of(JobField.Callback));
        writer.WriteString("url", callback.Url);
        writer.WriteStartArray("on");
        foreach (var status in callback.On)
            writer.WriteStringValue(WireNames.Of(status));
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter writer, JobField field, string? value)
    {
        if (value is not null)
            writer.WriteString(JobFieldNames.Of(field), value);
    }

    private static void Raw(Utf8JsonWriter writer, JobField field, ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty)
            return;
        writer.WritePropertyName(JobFieldNames.Of(field));
        writer.WriteRawValue(RawJson.OneLine(json.Span).Span, skipInputValidation: true);
    }
}
