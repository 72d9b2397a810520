using System.Buffers;
using System.Text;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.Jobs;
using Headgate.Keys;
using Headgate.Limits;

namespace Headgate.App.Formats;

/// <summary><c>headgate import secrets</c>: keys as people have them, written as a file of keys. All of them, or none.</summary>
/// <param name="only">Patterns of names; empty for all.</param>
/// <param name="output">Where the keys go.</param>
/// <param name="talk">Told the names, and what is wrong.</param>
internal sealed class SecretsImport(IReadOnlyList<string> only, IByteSink output, TextWriter talk)
{
    private const int LargestFile = 16 << 20;

    /// <exception cref="InputException">The file cannot be read, or has no key.</exception>
    public async Task<ExitCode> RunAsync(string path, CancellationToken stop)
    {
        await using var file = await InputFile.OpenAsync(path, cancellation: stop);
        var text = await ReadAsync(file, stop);
        List<FoundKey> keys;
        try
        {
            keys = SecretsFile.Read(text, only, note => talk.WriteLine($"headgate: {note}"));
        }
        catch (SecretsException wrong)
        {
            throw new InputException($"{file.Name}:{wrong.Place.Line}:{wrong.Place.Column}: {wrong.Message}", wrong);
        }
        if (keys.Count == 0)
            throw new InputException($"{file.Name} has no key");
        var errors = new NamedErrors(talk);
        foreach (var (key, fault) in Faults(keys))
            errors.Tell(new LineError(file.Name, key.Place.Line, key.Place.Column, fault));
        if (errors.Count > 0)
            return ExitCode.Input;
        Write(keys);
        var names = keys.Select((key, index) => key.Name ?? $"key {index + 1}").ToList();
        talk.WriteLine($"headgate: {keys.Count} {(keys.Count == 1 ? "key" : "keys")} from {file.Name}: {string.Join(", ", names.Take(20))}{(names.Count > 20 ? ", …" : "")}");
        return ExitCode.Ok;
    }

    private static async Task<string> ReadAsync(InputFile file, CancellationToken stop)
    {
        var bytes = new byte[LargestFile + 1];
        try
        {
            var count = await file.Content.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, stop);
            return count <= LargestFile ? new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, count)
                : throw new InputException($"{file.Name} is larger than {LargestFile >> 20} MiB, which no file of keys is");
        }
        catch (DecoderFallbackException wrong)
        {
            throw new InputException($"{file.Name} is not UTF-8", wrong);
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException)
        {
            throw InputException.From(file.Name, failure);
        }
    }

    private static IEnumerable<(FoundKey Key, string Fault)> Faults(List<FoundKey> keys)
    {
        var (names, values) = (new Dictionary<string, FoundKey>(), new Dictionary<string, FoundKey>());
        foreach (var key in keys)
            if (key.Name is { } name && KeyFile.FindFaultOfName(name) is { } wrong)
                yield return (key, wrong);
            else if (KeySecret.FindFault(key.Value) is { } fault)
                yield return (key, $"the value of {key} {fault}");
            else if (key.Name is not null && !names.TryAdd(key.Name, key))
                yield return (key, $"the name \"{key.Name}\" is taken by the key on line {names[key.Name].Place.Line}");
            else if (!values.TryAdd(key.Value, key))
                yield return (key, $"the same value as {values[key.Value]} on line {values[key.Value].Place.Line}; one key twice would be used at twice its limits");
            else if (key.Limit is not null && !Limit.TryParse(key.Limit, out _, out var problem))
                yield return (key, problem!);
    }

    /// <summary>As lines where lines can say it, else in JSON.</summary>
    private void Write(List<FoundKey> keys)
    {
        var lines = new ArrayBufferWriter<byte>();
        if (keys.TrueForAll(key => key.Limit is null && !key.Value.Contains(' ') && (key.Name ?? key.Value)[0] is not ('#' or '[')))
            foreach (var key in keys)
                lines.Write(Encoding.UTF8.GetBytes($"{(key.Name is null ? "" : $"{key.Name} ")}{key.Value}\n"));
        else
            WriteJson(lines, keys);
        output.Write(lines.WrittenSpan);
    }

    private static void WriteJson(ArrayBufferWriter<byte> lines, List<FoundKey> keys)
    {
        using (var json = new Utf8JsonWriter(lines, ResultRecordWriter.Options with { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var key in keys)
            {
                json.WriteStartObject();
                if (key.Name is not null)
                    json.WriteString("name", key.Name);
                json.WriteString("value", key.Value);
                if (key.Limit is not null)
                {
                    json.WriteStartArray("limits");
                    json.WriteStringValue(key.Limit);
                    json.WriteEndArray();
                }
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        lines.Write("\n"u8);
    }
}
