using System.Text.Json;
using System.Text.Json.Serialization;

namespace Headgate.App.Backups;

/// <summary>The last entry of a backup: what is in it, and how it was taken. A backup without one was never finished.</summary>
internal sealed record BackupManifest
{
    public const string Name = "manifest.json";
    public const int CurrentVersion = 1;

    public required string Headgate { get; init; }

    public required int Version { get; init; }

    public required DateTimeOffset TakenAt { get; init; }

    /// <summary>The service went on: what it sent afterwards is not in it.</summary>
    public required bool WasRunning { get; init; }

    public required IReadOnlyList<BackupEntry> Files { get; init; }

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, ManifestJson.Default.BackupManifest);

    /// <exception cref="JsonException">It is none.</exception>
    public static BackupManifest Read(byte[] bytes) =>
        JsonSerializer.Deserialize(bytes, ManifestJson.Default.BackupManifest) is { Headgate: "backup", Files: not null } manifest ? manifest : throw new JsonException("it is no manifest of a backup");
}

/// <summary>A file of a backup.</summary>
/// <param name="Path">Below the directory of the service, with slashes.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Sha256">Of its content, in hex.</param>
internal sealed record BackupEntry(string Path, long Length, string Sha256);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(BackupManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;
