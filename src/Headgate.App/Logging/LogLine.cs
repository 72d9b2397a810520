using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Headgate.App.Logging;

/// <summary>An event on its way into the log, and how it is written. Whatever is in it, it is one line; only an exception in text is more, each of them indented.</summary>
internal readonly ref struct LogLine
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Names that are ours: a value of an event that is called so gets an underscore.</summary>
    private static readonly HashSet<string> Taken = ["time", "level", "category", "event", "event_id", "message", "exception", "trace_id", "span_id"];

    public required DateTimeOffset Time { get; init; }

    public required LogLevel Level { get; init; }

    public required string Category { get; init; }

    public required EventId Event { get; init; }

    public required string Message { get; init; }

    /// <summary>The values of the event; null for none.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>>? Values { get; init; }

    public Exception? Exception { get; init; }

    /// <summary>The span it happened in; null outside of all.</summary>
    public System.Diagnostics.Activity? Span { get; init; }

    /// <summary>One JSON object.</summary>
    public string ToJson()
    {
        var bytes = new System.Buffers.ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(bytes, Relaxed))
        {
            json.WriteStartObject();
            json.WriteString("time", Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture));
            json.WriteString("level", WordOf(Level));
            json.WriteString("category", Category);
            if (Event.Name is { } name)
                json.WriteString("event", name);
            if (Event.Id != 0)
                json.WriteNumber("event_id", Event.Id);
            json.WriteString("message", Message);
            WriteValues(json);
            if (Exception is not null)
                json.WriteString("exception", Exception.ToString());
            if (Span is { IdFormat: System.Diagnostics.ActivityIdFormat.W3C } span)
            {
                json.WriteString("trace_id", span.TraceId.ToHexString());
                json.WriteString("span_id", span.SpanId.ToHexString());
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>For a terminal or a file: when, how bad, what.</summary>
    public string ToText() => $"{Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture)} {ShortWordOf(Level),-5} {Shown(Message)}{Trace()}";

    /// <summary>For the journal, which knows when, and takes how bad from a number in front.</summary>
    public string ToJournal() => $"<{PriorityOf(Level)}>{Shown(Message)}{Trace().Replace("\n", $"\n<{PriorityOf(Level)}>", StringComparison.Ordinal)}";

    public static string WordOf(LogLevel level) => level.ToString().ToLowerInvariant();

    private void WriteValues(Utf8JsonWriter json)
    {
        foreach (var (name, value) in Values ?? [])
        {
            if (name == "{OriginalFormat}")
                continue;
            var key = JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
            json.WritePropertyName(Taken.Contains(key) ? $"{key}_" : key);
            switch (value)
            {
                case null:
                    json.WriteNullValue();
                    break;
                case int or long or short or byte or uint:
                    json.WriteNumberValue(Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture));
                    break;
                case double number when double.IsFinite(number):
                    json.WriteNumberValue(number);
                    break;
                case bool flag:
                    json.WriteBooleanValue(flag);
                    break;
                case Enum word:
                    json.WriteStringValue(JsonNamingPolicy.SnakeCaseLower.ConvertName(word.ToString()));
                    break;
                default:
                    json.WriteStringValue(Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture));
                    break;
            }
        }
    }

    private string Trace() => Exception is null ? "" : string.Concat(Exception.ToString().Split('\n').Select(line => $"\n    {Shown(line.TrimEnd('\r'))}"));

    /// <summary>Nothing in a message moves the cursor, or looks like the next line.</summary>
    private static string Shown(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~') || !text.Any(char.IsControl))
            return text;
        var shown = new StringBuilder(text.Length);
        foreach (var letter in text)
            _ = char.IsControl(letter) ? shown.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}") : shown.Append(letter);
        return shown.ToString();
    }

    private static string ShortWordOf(LogLevel level) => level switch
    {
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Critical => "fatal",
        _ => WordOf(level),
    };

    /// <summary>As syslog counts: 3 error to 7 debug.</summary>
    private static int PriorityOf(LogLevel level) => level switch
    {
        LogLevel.Critical => 2,
        LogLevel.Error => 3,
        LogLevel.Warning => 4,
        LogLevel.Information => 6,
        _ => 7,
    };
}
