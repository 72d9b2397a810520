using System.Text.Json;
using System.Text.Json.Serialization;
using Headgate.Ledgers;
using Headgate.Time;

namespace Headgate.App.Backups;

/// <summary>
/// What a directory remembers of its backup, where the service that was backed up went on: what that one sent afterwards nobody here knows, so every
/// limit counts as full at the moment until which it may have sent.
/// </summary>
internal sealed record RestoredFrom
{
    private const string Name = "restored.json";

    /// <summary>When the backup was taken.</summary>
    public required DateTimeOffset TakenAt { get; init; }

    /// <summary>Until when the service that was backed up may have sent, microseconds since the Unix epoch.</summary>
    public required long UntilUs { get; init; }

    /// <summary>The boot of the restore, whose monotonic clock is meant.</summary>
    public required string Boot { get; init; }

    /// <summary>The clocks at the restore, microseconds.</summary>
    public required long WallUs { get; init; }

    /// <inheritdoc cref="WallUs"/>
    public required long MonoUs { get; init; }

    /// <summary>Reads what a directory remembers; null if it is not from a backup, or from one of a service that did not go on.</summary>
    /// <exception cref="LedgerException">It cannot be read.</exception>
    public static RestoredFrom? Find(string data)
    {
        var path = Path.Combine(data, Name);
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), RestoredJson.Default.RestoredFrom) ?? throw new JsonException("it is empty");
        }
        catch (Exception failure) when (failure is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new LedgerException($"{path}: says until when another service may have sent, and cannot be read: {failure.Message} Restore the backup anew", failure) { Path = path };
        }
    }

    /// <summary>Has a directory remember it, on disk.</summary>
    public void Write(string data)
    {
        using var file = new FileStream(Path.Combine(data, Name), FileMode.CreateNew, FileAccess.Write);
        file.Write(JsonSerializer.SerializeToUtf8Bytes(this, RestoredJson.Default.RestoredFrom));
        file.Flush(flushToDisk: true);
    }

    /// <summary>What is known by that of any scope.</summary>
    /// <param name="clock">The clock of this process.</param>
    /// <param name="boot">The present boot.</param>
    /// <param name="straggle">How much later what was sent may have arrived.</param>
    public ScopePast PastOf(Clock clock, string boot, TimeSpan straggle)
    {
        var restored = new ScopeHeader { Scope = "", Boot = Boot, WallUs = WallUs, MonoUs = MonoUs, Pid = 0 };
        var until = ScopeRestore.Proven(MonoUs + (UntilUs - WallUs), restored, RestartClock.Read(clock, boot));
        return new ScopePast { FullAtNs = until + Clock.Nanoseconds(straggle) };
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(RestoredFrom))]
internal sealed partial class RestoredJson : JsonSerializerContext;
