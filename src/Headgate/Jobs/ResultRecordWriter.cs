using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Headgate.Jobs;

/// <summary>
/// The letters of a line out. Every member is always there (null, {} or [] where there is nothing to say), so that a table can be
/// made of the lines. Header names are in small letters, whatever the server and the version of HTTP make of them.
/// </summary>
internal static class ResultRecordWriter
{
    // JSON needs quotes, backslashes and control characters escaped; umlauts and angle brackets stay readable.
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private const int Segment = 64 * 1024; // a body is escaped piece by piece: in one go the writer asks for six times its size

    public static void Write(Utf8JsonWriter writer, ResultRecord record)
    {
        writer.WriteStartObject();
        WriteMembers(writer, record);
        writer.WriteEndObject();
    }

    /// <summary>Writes all its members, into an object that may have others.</summary>
    public static void WriteMembers(Utf8JsonWriter writer, ResultRecord record)
    {
        writer.WriteString("request_id"u8, record.RequestId);
        writer.WriteString("id"u8, record.Id);
        if (record.Line is { } line)
            writer.WriteNumber("line"u8, line);
        else
            writer.WriteNull("line"u8);
        writer.WriteString("url"u8, record.Url);
        writer.WriteString("method"u8, record.Method);
        writer.WriteString("status"u8, WireNames.Encoded(record.Outcome.Status));
        writer.WriteBoolean("ok"u8, record.Outcome.Ok);
        WriteResult(writer, record.Result);
        WriteSeconds(writer, "latency"u8, record.Latency);
        writer.WriteNumber("attempts"u8, record.Attempts);
        WriteTime(writer, "created_at"u8, record.CreatedAt);
        WriteTime(writer, "started_at"u8, record.StartedAt);
        WriteTime(writer, "completed_at"u8, record.CompletedAt);
        writer.WriteString("last_error"u8, record.LastError);
        WriteError(writer, record);
        writer.WriteStartObject("wait"u8);
        WriteSeconds(writer, "gate"u8, record.GateWait);
        writer.WriteString("holding"u8, record.Holding);
        writer.WriteEndObject();
        writer.WriteString("key"u8, record.Key);
        writer.WriteString("proxy"u8, record.Proxy);
        writer.WriteString("cache"u8, record.Cache);
        writer.WriteBoolean("maybe_sent"u8, record.MaybeSent);
        if (record.Chaos is not null)
            writer.WriteString("chaos"u8, record.Chaos);
        WriteEchoes(writer, record);
        if (record.History is { Count: > 0 } history)
            WriteHistory(writer, history);
    }

    /// <summary>Writes the member <c>history</c>.</summary>
    public static void WriteHistory(Utf8JsonWriter writer, IReadOnlyList<AttemptNote> history)
    {
        writer.WriteStartArray("history"u8);
        foreach (var attempt in history)
        {
            writer.WriteStartObject();
            WriteTime(writer, "at"u8, attempt.At);
            writer.WriteBoolean("sent"u8, attempt.WasSent);
            if (attempt.Status is { } status)
                writer.WriteNumber("status_code"u8, status);
            else
                writer.WriteNull("status_code"u8);
            WriteSeconds(writer, "elapsed"u8, attempt.After);
            WriteSeconds(writer, "wait"u8, attempt.Wait);
            writer.WriteString("holding"u8, attempt.HeldBy);
            writer.WriteString("key"u8, attempt.Key);
            writer.WriteString("proxy"u8, attempt.Proxy);
            writer.WriteBoolean("refused"u8, attempt.WasRefused);
            writer.WriteString("error"u8, attempt.Error);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteResult(Utf8JsonWriter writer, JobResult? result)
    {
        if (result is null)
        {
            writer.WriteNull("result"u8);
            return;
        }
        writer.WriteStartObject("result"u8);
        writer.WriteNumber("status_code"u8, result.StatusCode);
        WriteHeaders(writer, result.Headers);
        if (result.ContentFile is { } file)
            writer.WriteString("content_file"u8, file);
        else
            WriteContent(writer, result);
        WriteSeconds(writer, "elapsed"u8, result.Elapsed);
        writer.WriteEndObject();
    }

    private static void WriteHeaders(Utf8JsonWriter writer, JobFields headers)
    {
        Span<byte> name = stackalloc byte[256];
        writer.WriteStartObject("headers"u8);
        for (var i = 0; i < headers.Count;)
        {
            var first = i;
            while (++i < headers.Count && headers.SameName(first, i)) { }
            WriteLowered(writer, headers.At(first).Key, name);
            if (i - first == 1)
            {
                writer.WriteStringValue(headers.At(first).Value);
                continue;
            }
            writer.WriteStartArray();
            for (var j = first; j < i; j++)
                writer.WriteStringValue(headers.At(j).Value);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static void WriteLowered(Utf8JsonWriter writer, string name, Span<byte> scratch)
    {
        if (System.Text.Ascii.ToLower(name, scratch, out var length) == OperationStatus.Done)
            writer.WritePropertyName(scratch[..length]);
        else
            writer.WritePropertyName(name.ToLowerInvariant());
    }

    private static void WriteContent(Utf8JsonWriter writer, JobResult result)
    {
        var bytes = result.Content.Span;
        var isText = ContentText.TryDecode(ContentText.CharsetOf(result.Headers["content-type"]), bytes, out var text);
        writer.WritePropertyName(isText ? "content"u8 : "content_base64"u8);
        if (text is not null)
            writer.WriteStringValue(text);
        else if (bytes.Length <= Segment && isText)
            writer.WriteStringValue(bytes);
        else if (bytes.Length <= Segment)
            writer.WriteBase64StringValue(bytes);
        else
            WriteSegments(writer, bytes, isText);
    }

    private static void WriteSegments(Utf8JsonWriter writer, ReadOnlySpan<byte> bytes, bool isText)
    {
        while (true)
        {
            var isLast = bytes.Length <= Segment;
            var segment = isLast ? bytes : bytes[..Segment];
            if (isText)
                writer.WriteStringValueSegment(segment, isLast);
            else
                writer.WriteBase64StringSegment(segment, isLast);
            if (isLast)
                return;
            bytes = bytes[Segment..];
        }
    }

    private static void WriteError(Utf8JsonWriter writer, ResultRecord record)
    {
        if (record.Outcome.Class == FailureClass.None)
        {
            writer.WriteNull("error"u8);
            return;
        }
        writer.WriteStartObject("error"u8);
        writer.WriteString("class"u8, WireNames.Encoded(record.Outcome.Class));
        writer.WriteString("detail"u8, record.Detail);
        writer.WriteEndObject();
    }

    private static void WriteEchoes(Utf8JsonWriter writer, ResultRecord record)
    {
        writer.WritePropertyName("context"u8);
        writer.WriteRawValue(record.Context.IsEmpty ? "{}"u8 : record.Context.Span, skipInputValidation: true);
        writer.WriteStartArray("tags"u8);
        for (var i = 0; i < record.Tags.Count; i++)
            writer.WriteStringValue(record.Tags[i]);
        writer.WriteEndArray();
    }

    /// <summary>Seconds with at most six decimals and no exponent: 0.000012, 1.5, 90.</summary>
    private static void WriteSeconds(Utf8JsonWriter writer, ReadOnlySpan<byte> member, TimeSpan? value)
    {
        if (value is not { } duration)
        {
            writer.WriteNull(member);
            return;
        }
        Span<byte> text = stackalloc byte[32];
        var micros = (Math.Max(duration.Ticks, 0) + TimeSpan.TicksPerMicrosecond / 2) / TimeSpan.TicksPerMicrosecond;
        Utf8Formatter.TryFormat(micros / 1_000_000, text, out var length);
        var fraction = (int)(micros % 1_000_000);
        if (fraction > 0)
        {
            text[length++] = (byte)'.';
            for (var unit = 100_000; fraction > 0; fraction %= unit, unit /= 10)
                text[length++] = (byte)('0' + fraction / unit);
        }
        writer.WritePropertyName(member);
        writer.WriteRawValue(text[..length], skipInputValidation: true);
    }

    private static void WriteTime(Utf8JsonWriter writer, ReadOnlySpan<byte> member, DateTimeOffset? value)
    {
        if (value is not { } time)
        {
            writer.WriteNull(member);
            return;
        }
        // 2026-05-01T12:00:00.0000000Z, less the last decimal: a tenth of what a format of our own would cost.
        Span<byte> text = stackalloc byte[32];
        Utf8Formatter.TryFormat(time.UtcDateTime, text, out var length, 'O');
        text[length - 2] = (byte)'Z';
        writer.WriteString(member, text[..(length - 1)]);
    }
}
