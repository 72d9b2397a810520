using System.Text.Json;
using Headgate.Time;

namespace Headgate.Jobs;

/// <summary>
/// Reads what <see cref="ResultRecordWriter"/> writes. Members that are not known are passed over, since a newer program may tell more; those that
/// are known must be what they are said to be. Pure.
/// </summary>
internal static class ResultRecordReader
{
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = RawJson.DeepestAround };

    /// <summary>Reads one record; null if it is none, with what is wrong.</summary>
    public static ResultRecord? Read(ReadOnlySpan<byte> json, out string? fault)
    {
        var reader = new Utf8JsonReader(json, Strict);
        try
        {
            fault = null;
            return ReadRecord(ref reader, json);
        }
        catch (Exception wrong) when (wrong is RequestFaultException or JsonException or ArgumentException)
        {
            fault = wrong.Message;
        }
        catch (InvalidOperationException) when (reader.ValueIsEscaped || reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
        {
            fault = JobRequestReader.HalfSurrogate; // or bytes that are no UTF-8
        }
        return null;
    }

    private static ResultRecord ReadRecord(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw Wrong("a record", "an object");
        var draft = new Draft();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = reader.GetString()!;
            reader.Read();
            if (!TryReadName(ref reader, member, draft) && !TryReadCourse(ref reader, member, draft))
                ReadRest(ref reader, json, member, draft);
        }
        reader.Read(); // throws if anything follows
        return draft.ToRecord();
    }

    private static bool TryReadName(ref Utf8JsonReader reader, string member, Draft draft)
    {
        switch (member)
        {
            case "request_id": draft.RequestId = Text(ref reader, member); return true;
            case "id": draft.Id = Text(ref reader, member); return true;
            case "url": draft.Url = Text(ref reader, member); return true;
            case "method": draft.Method = Text(ref reader, member); return true;
            case "key": draft.Key = Text(ref reader, member); return true;
            case "proxy": draft.Proxy = Text(ref reader, member); return true;
            case "cache": draft.Cache = Text(ref reader, member); return true;
            case "chaos": draft.Chaos = Text(ref reader, member); return true;
            case "last_error": draft.LastError = Text(ref reader, member); return true;
            default: return false;
        }
    }

    private static bool TryReadCourse(ref Utf8JsonReader reader, string member, Draft draft)
    {
        switch (member)
        {
            case "status": draft.Status = WireNames.TryRead(ref reader, out JobStatus status) ? status : throw Wrong(member, "one of the nine"); return true;
            case "ok": draft.Ok = Flag(ref reader, member); return true;
            case "maybe_sent": draft.MaybeSent = Flag(ref reader, member); return true;
            case "line": draft.Line = Number(ref reader, member); return true;
            case "attempts": draft.Attempts = (int)Math.Min(Number(ref reader, member) ?? 0, int.MaxValue); return true;
            case "latency": draft.Latency = Seconds(ref reader, member); return true;
            case "created_at": draft.CreatedAt = At(ref reader, member) ?? default; return true;
            case "started_at": draft.StartedAt = At(ref reader, member); return true;
            case "completed_at": draft.CompletedAt = At(ref reader, member); return true;
            default: return false;
        }
    }

    private static void ReadRest(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, string member, Draft draft)
    {
        switch (member)
        {
            case "result": draft.Result = ReadResult(ref reader); break;
            case "error": ReadError(ref reader, draft); break;
            case "wait": ReadWait(ref reader, draft); break;
            case "tags": draft.Tags = JobJson.ReadTags(ref reader); break;
            case "context":
                // Nothing was given: an object without members stands for it.
                draft.Context = JobJson.Raw(ref reader, json) is var raw && !raw.SequenceEqual("{}"u8) && !raw.SequenceEqual("null"u8) ? RawJson.OneLine(raw) : default;
                break;
            default: reader.Skip(); break;
        }
    }

    private static void ReadError(ref Utf8JsonReader reader, Draft draft)
    {
        if (!Opens(ref reader, "error"))
            return;
        while (NextMember(ref reader) is { } member)
            if (member == "class")
                // A class that only a newer program knows is a failure all the same.
                draft.Class = WireNames.TryRead(ref reader, out FailureClass failure) && failure != FailureClass.None ? failure : FailureClass.Server;
            else if (member == "detail")
                draft.Detail = Text(ref reader, member);
            else
                reader.Skip();
    }

    private static void ReadWait(ref Utf8JsonReader reader, Draft draft)
    {
        if (!Opens(ref reader, "wait"))
            return;
        while (NextMember(ref reader) is { } member)
            if (member == "gate")
                draft.GateWait = Seconds(ref reader, member) ?? TimeSpan.Zero;
            else if (member == "holding")
                draft.Holding = Text(ref reader, member);
            else
                reader.Skip();
    }

    private static JobResult? ReadResult(ref Utf8JsonReader reader)
    {
        if (!Opens(ref reader, "result"))
            return null;
        var (status, headers, elapsed) = (0L, JobFields.Received(), TimeSpan.Zero);
        string? text = null, file = null;
        byte[]? bytes = null;
        while (NextMember(ref reader) is { } member)
            switch (member)
            {
                case "status_code": status = Number(ref reader, member) ?? 0; break;
                case "headers": ReadHeaders(ref reader, headers); break;
                case "content": text = Text(ref reader, member); break;
                case "content_base64": bytes = reader.TokenType == JsonTokenType.String && reader.TryGetBytesFromBase64(out var read) ? read : throw Wrong(member, "base64"); break;
                case "content_file": file = Text(ref reader, member); break;
                case "elapsed": elapsed = Seconds(ref reader, member) ?? TimeSpan.Zero; break;
                default: reader.Skip(); break;
            }
        if (status is < 100 or > 599)
            throw Wrong("status_code", "100 to 599");
        return new JobResult
        {
            StatusCode = (int)status,
            Headers = headers,
            Content = bytes ?? (text is null ? default(ReadOnlyMemory<byte>) : ContentText.Encode(ContentText.CharsetOf(headers["content-type"]), text)),
            ContentFile = file,
            Elapsed = elapsed,
        };
    }

    private static void ReadHeaders(ref Utf8JsonReader reader, JobFields headers)
    {
        if (!Opens(ref reader, "headers"))
            return;
        while (NextMember(ref reader) is { } name)
            if (reader.TokenType != JsonTokenType.StartArray)
                headers.Append(name, Text(ref reader, name) ?? "");
            else
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    headers.Append(name, Text(ref reader, name) ?? "");
    }

    /// <summary>Whether there is an object to be read, rather than null.</summary>
    private static bool Opens(ref Utf8JsonReader reader, string member) => reader.TokenType switch
    {
        JsonTokenType.Null => false,
        JsonTokenType.StartObject => true,
        _ => throw Wrong(member, "an object"),
    };

    /// <summary>Goes on to the value of the next member of an object; null at its end.</summary>
    private static string? NextMember(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.PropertyName)
            return null;
        var member = reader.GetString();
        reader.Read();
        return member;
    }

    private static string? Text(ref Utf8JsonReader reader, string member) => reader.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.String => reader.GetString(),
        _ => throw Wrong(member, "a text"),
    };

    private static bool Flag(ref Utf8JsonReader reader, string member) =>
        reader.TokenType is JsonTokenType.True or JsonTokenType.False ? reader.GetBoolean() : throw Wrong(member, "true or false");

    private static long? Number(ref Utf8JsonReader reader, string member) =>
        reader.TokenType == JsonTokenType.Null ? null
        : reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) && number >= 0 ? number
        : throw Wrong(member, "a whole number");

    private static TimeSpan? Seconds(ref Utf8JsonReader reader, string member) =>
        reader.TokenType == JsonTokenType.Null ? null
        : reader.TokenType == JsonTokenType.Number && reader.TryGetDecimal(out var seconds) && seconds >= 0 && seconds <= (decimal)Duration.Longest.TotalSeconds
            ? new TimeSpan((long)(seconds * TimeSpan.TicksPerSecond))
            : throw Wrong(member, "a number of seconds");

    private static DateTimeOffset? At(ref Utf8JsonReader reader, string member) =>
        reader.TokenType == JsonTokenType.Null ? null
        : reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var at) ? at
        : throw Wrong(member, "a time");

    private static ArgumentException Wrong(string member, string expected) => new($"{RequestRules.Quote(member)} is not {expected}");

    /// <summary>What was read so far.</summary>
    private sealed class Draft
    {
        public string? RequestId { get; set; }
        public string? Id { get; set; }
        public long? Line { get; set; }
        public string? Url { get; set; }
        public string? Method { get; set; }
        public JobStatus? Status { get; set; }
        public bool Ok { get; set; }
        public FailureClass Class { get; set; }
        public JobResult? Result { get; set; }
        public TimeSpan? Latency { get; set; }
        public int Attempts { get; set; }
        public DateTimeOffset CreatedAt { get; set; }
        public DateTimeOffset? StartedAt { get; set; }
        public DateTimeOffset? CompletedAt { get; set; }
        public string? LastError { get; set; }
        public string? Detail { get; set; }
        public TimeSpan GateWait { get; set; }
        public string? Holding { get; set; }
        public string? Key { get; set; }
        public string? Proxy { get; set; }
        public string? Cache { get; set; }
        public bool MaybeSent { get; set; }
        public string? Chaos { get; set; }
        public ReadOnlyMemory<byte> Context { get; set; }
        public IReadOnlyList<string> Tags { get; set; } = [];

        public ResultRecord ToRecord() => new()
        {
            RequestId = RequestId ?? throw Wrong("request_id", "there"),
            Outcome = new JobOutcome(Status ?? throw Wrong("status", "there"), Ok, Class),
            Id = Id,
            Line = Line,
            Url = Url,
            Method = Method,
            Result = Result,
            Latency = Latency,
            Attempts = Attempts,
            CreatedAt = CreatedAt,
            StartedAt = StartedAt,
            CompletedAt = CompletedAt,
            LastError = LastError,
            Detail = Detail,
            GateWait = GateWait,
            Holding = Holding,
            Key = Key,
            Proxy = Proxy,
            Cache = Cache,
            MaybeSent = MaybeSent,
            Chaos = Chaos,
            Context = Context,
            Tags = Tags,
        };
    }
}
