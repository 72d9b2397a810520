using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Headgate.Ledgers;

/// <summary>The first record of what a process puts into a scope's file.</summary>
internal sealed record ScopeHeader
{
    private const int CurrentVersion = 1;
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public required string Scope { get; init; }

    /// <summary>The boot whose monotonic clock the records go by.</summary>
    public required string Boot { get; init; }

    /// <summary>The wall clock, microseconds since the Unix epoch.</summary>
    public required long WallUs { get; init; }

    /// <summary>The monotonic clock at the same moment, microseconds.</summary>
    public required long MonoUs { get; init; }

    public required int Pid { get; init; }

    /// <summary>When the process opened the file, for a reader.</summary>
    public DateTimeOffset Started { get; init; }

    /// <summary>Monotonic microseconds before which records were dropped; null if none were.</summary>
    public long? SinceUs { get; init; }

    /// <summary>Monotonic microseconds at which every limit counts as full, since records are missing; null if none are.</summary>
    public long? FullUs { get; init; }

    /// <exception cref="JsonException">It is no header of a scope, or of a newer version.</exception>
    public static ScopeHeader Read(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        using var document = JsonDocument.ParseValue(ref reader);
        var json = document.RootElement;
        if (json.GetProperty("headgate").GetString() != "scope" || json.GetProperty("version").GetInt32() > CurrentVersion)
            throw new JsonException("not the header of a scope that this version reads");
        return new ScopeHeader
        {
            Scope = json.GetProperty("scope").GetString() ?? "",
            Boot = json.GetProperty("boot").GetString() ?? MachineBoot.Unknown,
            WallUs = json.GetProperty("wall").GetInt64(),
            MonoUs = json.GetProperty("mono").GetInt64(),
            Pid = json.GetProperty("pid").GetInt32(),
            Started = json.TryGetProperty("started", out var started) ? started.GetDateTimeOffset() : default,
            SinceUs = json.TryGetProperty("since", out var since) ? since.GetInt64() : null,
            FullUs = json.TryGetProperty("full", out var full) ? full.GetInt64() : null,
        };
    }

    /// <summary>The header as one line, with its line end.</summary>
    public byte[] Write()
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, Options))
        {
            json.WriteStartObject();
            json.WriteString("headgate", "scope");
            json.WriteNumber("version", CurrentVersion);
            json.WriteString("scope", Scope);
            json.WriteString("boot", Boot);
            json.WriteNumber("wall", WallUs);
            json.WriteNumber("mono", MonoUs);
            json.WriteNumber("pid", Pid);
            json.WriteString("started", Started);
            if (SinceUs is { } since)
                json.WriteNumber("since", since);
            if (FullUs is { } full)
                json.WriteNumber("full", full);
            json.WriteEndObject();
        }
        bytes.Write("\n"u8);
        return bytes.WrittenSpan.ToArray();
    }
}
