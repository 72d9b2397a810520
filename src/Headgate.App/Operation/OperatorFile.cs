using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.App.CommandLine;
using Headgate.Configuration;

namespace Headgate.App.Operation;

/// <summary>
/// What was set while the service ran, in a small file of its data directory that is replaced whole; where nothing is kept it is in memory only.
/// The one who writes is the service that has the directory.
/// </summary>
/// <param name="directory">The data directory; null where nothing is kept.</param>
internal sealed class OperatorFile(string? directory)
{
    public const string FileName = "overrides.json";

    private const int Version = 1;
    private const int Largest = 16 << 20;
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private OperatorSettings _inMemory = OperatorSettings.None;

    private string? File => directory is null ? null : Path.Combine(directory, FileName);

    /// <summary>What is kept.</summary>
    /// <exception cref="CommandException">The file cannot be read, or is damaged.</exception>
    public OperatorSettings Read()
    {
        if (File is not { } file)
            return _inMemory;
        try
        {
            return Parse(BoundedFile.ReadAllBytes(file, Largest));
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException)
        {
            return OperatorSettings.None;
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new CommandException(ExitCode.Configuration, $"{file}: what was set while the service ran cannot be read: {wrong.Message} Mend it, or delete it: then the configuration alone holds");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Disk, $"{file}: cannot be read: {failure.Message}");
        }
    }

    /// <summary>Keeps it in place of what was kept before: all of it or nothing, whenever the power fails.</summary>
    /// <exception cref="IOException">It was not kept.</exception>
    /// <exception cref="UnauthorizedAccessException">It was not kept.</exception>
    public void Write(OperatorSettings settings)
    {
        if (File is not { } file)
        {
            _inMemory = settings;
            return;
        }
        Directory.CreateDirectory(directory!);
        var aside = $"{file}.new";
        using (var stream = new FileStream(aside, FileMode.Create, FileAccess.Write))
        {
            stream.Write(Encoding.UTF8.GetBytes(Written(settings)));
            stream.Flush(flushToDisk: true);
        }
        System.IO.File.Move(aside, file, overwrite: true);
    }

    private static string Written(OperatorSettings settings) => new JsonObject
    {
        ["version"] = Version,
        ["limits"] = new JsonArray([.. settings.Limits.Select(limits => (JsonNode)new JsonObject
        {
            ["of"] = limits.Place,
            ["limits"] = Texts(limits.Limits),
            ["by"] = limits.By,
            ["at"] = limits.At,
            ["was"] = Texts(limits.Was),
        })]),
        ["pauses"] = new JsonArray([.. settings.Pauses.Select(pause => (JsonNode)new JsonObject
        {
            ["api"] = pause.Api,
            ["key"] = pause.Key,
            ["by"] = pause.By,
            ["at"] = pause.At,
        })]),
    }.ToJsonString(Readable) + "\n";

    private static OperatorSettings Parse(byte[] bytes)
    {
        using var document = JsonDocument.Parse(bytes);
        var root = document.RootElement;
        if (root.GetProperty("version").GetInt32() > Version)
            throw new FormatException("it was written by a newer version.");
        return new OperatorSettings(
            [.. root.GetProperty("limits").EnumerateArray().Select(item => new LimitOverride(
                Text(item, "of"), [.. Texts(item, "limits")], Text(item, "by"), item.GetProperty("at").GetDateTimeOffset(), [.. Texts(item, "was")]))],
            [.. root.GetProperty("pauses").EnumerateArray().Select(item => new Pause(Text(item, "api"), item.GetProperty("key").GetString(), Text(item, "by"), item.GetProperty("at").GetDateTimeOffset()))]);
    }

    private static JsonArray Texts(ValueList<string> texts) => new([.. texts.Select(text => (JsonNode?)text)]);

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString() ?? throw new FormatException($"\"{name}\" is null.");

    private static IEnumerable<string> Texts(JsonElement item, string name) => item.GetProperty(name).EnumerateArray().Select(text => text.GetString() ?? throw new FormatException($"\"{name}\" has a null."));
}
