using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Headgate.Ledgers;

/// <summary>The letters of <see cref="LedgerHeader"/>.</summary>
internal static class LedgerHeaderJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The header as one line, with its line end.</summary>
    public static byte[] Write(LedgerHeader header)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, Options))
        {
            json.WriteStartObject();
            json.WriteString("headgate", header.IsResume ? "resume" : "ledger");
            json.WriteNumber("version", header.Version);
            if (header.Input is { } input)
            {
                json.WriteStartObject("input");
                json.WriteString("path", input.Path);
                json.WriteString("hash", input.Hash);
                json.WriteEndObject();
            }
            if (header.Results is { } results)
                json.WriteString("results", results);
            WriteLimits(json, header.Limits);
            json.WriteString("timing", header.Timing);
            WriteBounds(json, header.BoundMs);
            json.WriteNumber("straggle", header.Straggle.Ticks / (decimal)TimeSpan.TicksPerSecond);
            json.WriteString("boot", header.Boot);
            json.WriteNumber("wall", header.WallUs);
            json.WriteNumber("mono", header.MonoUs);
            WriteKeys(json, header.Keys);
            json.WriteNumber("pid", header.Pid);
            json.WriteEndObject();
        }
        bytes.Write("\n"u8);
        return bytes.WrittenSpan.ToArray();
    }

    public static void WriteLimits(Utf8JsonWriter json, IReadOnlyDictionary<string, IReadOnlyList<string>> limits)
    {
        json.WriteStartObject("limits");
        foreach (var (scope, texts) in limits)
        {
            json.WriteStartArray(scope);
            foreach (var text in texts)
                json.WriteStringValue(text);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    public static void WriteBounds(Utf8JsonWriter json, IReadOnlyDictionary<string, decimal> bounds)
    {
        json.WriteStartObject("bound_ms");
        foreach (var (upstream, bound) in bounds)
            json.WriteNumber(upstream, bound);
        json.WriteEndObject();
    }

    /// <summary>Reads a header; what is missing has its default, except for the clocks.</summary>
    /// <exception cref="JsonException">It is no header, or of a newer version.</exception>
    public static LedgerHeader Read(JsonElement json)
    {
        var kind = json.GetProperty("headgate").GetString();
        if (kind is not ("ledger" or "resume"))
            throw new JsonException($"this is the record of \"{kind}\", not of a ledger");
        var version = json.GetProperty("version").GetInt32();
        if (version > LedgerHeader.CurrentVersion)
            throw new JsonException($"the ledger is of version {version}; this program reads up to {LedgerHeader.CurrentVersion}");
        return new LedgerHeader
        {
            IsResume = kind == "resume",
            Version = version,
            Input = json.TryGetProperty("input", out var input) ? new LedgerInput(input.GetProperty("path").GetString() ?? "", input.GetProperty("hash").GetString() ?? "") : null,
            Results = json.TryGetProperty("results", out var results) ? results.GetString() : null,
            Limits = ReadLimits(json),
            Timing = json.TryGetProperty("timing", out var timing) ? timing.GetString() ?? "bounded" : "bounded",
            BoundMs = ReadBounds(json),
            Straggle = json.TryGetProperty("straggle", out var straggle) ? new TimeSpan((long)(straggle.GetDecimal() * TimeSpan.TicksPerSecond)) : TimeSpan.FromSeconds(2),
            Boot = json.GetProperty("boot").GetString() ?? MachineBoot.Unknown,
            WallUs = json.GetProperty("wall").GetInt64(),
            MonoUs = json.GetProperty("mono").GetInt64(),
            Keys = ReadMap<IReadOnlyDictionary<string, string>>(json, "keys", keys => keys.EnumerateObject().ToDictionary(k => k.Name, k => k.Value.GetString() ?? "")),
            Pid = json.TryGetProperty("pid", out var pid) ? pid.GetInt32() : 0,
        };
    }

    public static IReadOnlyDictionary<string, IReadOnlyList<string>> ReadLimits(JsonElement json) =>
        ReadMap<IReadOnlyList<string>>(json, "limits", list => [.. list.EnumerateArray().Select(text => text.GetString() ?? "")]);

    public static IReadOnlyDictionary<string, decimal> ReadBounds(JsonElement json) => ReadMap(json, "bound_ms", bound => bound.GetDecimal());

    private static void WriteKeys(Utf8JsonWriter json, IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> keys)
    {
        json.WriteStartObject("keys");
        foreach (var (upstream, names) in keys)
        {
            json.WriteStartObject(upstream);
            foreach (var (name, fingerprint) in names)
                json.WriteString(name, fingerprint);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static Dictionary<string, T> ReadMap<T>(JsonElement json, string name, Func<JsonElement, T> read) =>
        json.TryGetProperty(name, out var map) ? map.EnumerateObject().ToDictionary(member => member.Name, member => read(member.Value)) : [];
}
