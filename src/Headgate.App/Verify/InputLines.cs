using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Headgate.Ledgers;

namespace Headgate.App.Verify;

/// <summary>
/// What lines a file of requests has, and their ids: read plainly, on purpose not by what the run reads it with. A line that cannot be read is a
/// line, too, and must have a result.
/// </summary>
internal static class InputLines
{
    /// <summary>The lines by number, with their id where they have one.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IEnumerable<(long Line, string? Id)> Read(string path)
    {
        var file = new BufferedStream(LockedFile.OpenToRead(path), 64 * 1024);
        var isPacked = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
        file.Position = 0;
        using var lines = new RecordLines(isPacked ? new GZipStream(file, CompressionMode.Decompress) : file);
        var name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        var format = Path.GetExtension(name).ToLowerInvariant();
        CsvIds? table = null;
        while (lines.Read())
        {
            var line = lines.Line;
            if (lines.Number == 1 && line.StartsWith("\uFEFF"u8))
                line = line[3..];
            line = line.TrimEnd((byte)'\r');
            if (lines.Number == 1 && format is not (".jsonl" or ".ndjson" or ".json" or ".csv" or ".txt" or ".urls"))
                format = line.TrimStart(" \t"u8) is [(byte)'{' or (byte)'[', ..] ? ".jsonl" : Encoding.UTF8.GetString(line).Split(',').Any(name => name.Trim(' ', '\t', '"').Equals("url", StringComparison.OrdinalIgnoreCase)) ? ".csv" : ".txt";
            if (format == ".csv")
            {
                table ??= new CsvIds();
                if (table.Add(line, lines.Number) is { } row)
                    yield return row;
            }
            else if (IsRequest(line, format))
                yield return (lines.Number, format is ".txt" or ".urls" ? null : IdOf(line));
        }
        if (table?.End() is { } last)
            yield return last;
    }

    /// <summary>A string, or a number as it is written.</summary>
    public static string? Text(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.Number => Encoding.UTF8.GetString(reader.ValueSpan),
        _ => null,
    };

    private static bool IsRequest(ReadOnlySpan<byte> line, string format)
    {
        var text = line.Trim(" \t"u8);
        return !text.IsEmpty && (format is not (".txt" or ".urls") || text[0] != (byte)'#');
    }

    private static string? IdOf(ReadOnlySpan<byte> line)
    {
        try
        {
            string? id = null;
            var reader = new Utf8JsonReader(line);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isId = reader.ValueTextEquals("id"u8) || reader.ValueTextEquals("custom_id"u8);
                reader.Read();
                if (isId)
                    id ??= Text(ref reader);
                else
                    reader.Skip();
            }
            return id;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
