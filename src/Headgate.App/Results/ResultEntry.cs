using System.Globalization;
using System.Text.Json;
using Headgate.App.Input;
using Headgate.Jobs;

namespace Headgate.App.Results;

/// <summary>What a resume has to know of a result; its answer is not read.</summary>
/// <param name="Line">The line of the input it is of.</param>
/// <param name="Hash">The hash of that line, 0 if it is not told.</param>
/// <param name="Offset">The byte of the results file where it begins.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Class">Why it is not ok.</param>
/// <param name="Ok">Whether it is.</param>
/// <param name="HasId">Whether it is known by an id, not by line and hash.</param>
internal readonly record struct ResultEntry(long Line, ulong Hash, long Offset, JobStatus Status, FailureClass Class, bool Ok, bool HasId)
{
    /// <summary>Whether the server may have got it, so that to send it once more is to send it again.</summary>
    public bool MaybeSent { get; init; }

    /// <summary>Reads a line of a results file.</summary>
    /// <exception cref="JsonException">It is not JSON, or not a result of a run.</exception>
    public static ResultEntry Read(ReadOnlySpan<byte> json, long offset, out string key)
    {
        var reader = new Utf8JsonReader(json);
        string? id = null, requestId = null;
        bool? ok = null;
        var entry = new ResultEntry { Offset = offset };
        JobStatus? status = null;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("not a JSON object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("request_id"u8))
                requestId = NextString(ref reader);
            else if (reader.ValueTextEquals("id"u8))
                id = NextString(ref reader);
            else if (reader.ValueTextEquals("line"u8))
                entry = entry with { Line = NextLine(ref reader) };
            else if (reader.ValueTextEquals("status"u8))
                status = NextStatus(ref reader);
            else if (reader.ValueTextEquals("ok"u8))
                ok = NextTruth(ref reader);
            else if (reader.ValueTextEquals("maybe_sent"u8))
                entry = entry with { MaybeSent = NextTruth(ref reader) ?? false };
            else if (reader.ValueTextEquals("error"u8))
                entry = entry with { Class = ReadClass(ref reader) };
            else
                reader.Skip();
        }
        reader.Read(); // throws if anything follows
        if ((id ?? requestId) is not { } name || status is not { } ended || ok is not { } isOk)
            throw new JsonException("a result has request_id, status and ok");
        key = name;
        return entry with { Status = ended, Ok = isOk, HasId = id is not null, Hash = HashOf(requestId) };
    }

    private static string? NextString(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
            return reader.GetString();
        reader.Skip();
        return null;
    }

    private static long NextLine(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var line))
            return line;
        reader.Skip();
        return 0;
    }

    private static JobStatus? NextStatus(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (WireNames.TryRead(ref reader, out JobStatus known))
            return known;
        reader.Skip();
        return null;
    }

    private static bool? NextTruth(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType is JsonTokenType.True or JsonTokenType.False)
            return reader.TokenType == JsonTokenType.True;
        reader.Skip();
        return null;
    }

    private static FailureClass ReadClass(ref Utf8JsonReader reader)
    {
        var found = FailureClass.None;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            return found;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isClass = reader.ValueTextEquals("class"u8);
            reader.Read();
            if (!isClass || !WireNames.TryRead(ref reader, out found))
                reader.Skip();
        }
        return found;
    }

    // "#7:00a1b2c3d4e5f607", as InputLine.RequestId writes it.
    private static ulong HashOf(string? requestId) =>
        requestId is ['#', ..] && requestId.LastIndexOf(':') is > 0 and var colon
        && ulong.TryParse(requestId.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hash) ? hash : 0;
}
