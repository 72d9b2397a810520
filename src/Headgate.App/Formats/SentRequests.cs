using System.Text.Json;
using Headgate.App.Input;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary>
/// The requests of a run, found by the line that a result names; headers and bodies are in no result. Eight bytes of memory for each line.
/// Not thread-safe.
/// </summary>
internal sealed class SentRequests : IDisposable
{
    private readonly FileStream _file;
    private readonly List<long> _offsets;
    private readonly JobRequestReader _reader = new(static _ => null);

    private SentRequests(FileStream file, List<long> offsets) => (_file, _offsets) = (file, offsets);

    /// <summary>Reads where the lines of a file of requests begin.</summary>
    /// <exception cref="InputException">It cannot be read, or is not made of JSON lines.</exception>
    public static async Task<SentRequests> OpenAsync(string path, CancellationToken stop)
    {
        await using (var input = await InputFile.OpenAsync(path, cancellation: stop))
            if (!input.CanReadTwice || input.Format != InputFormat.JsonLines || path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
                throw new InputException($"{input.Name}: requests are found again in a plain file of JSON lines only");
        try
        {
            var file = new FileStream(path, InputFile.Options);
            var offsets = new List<long>();
            using var lines = new RecordReader(file, LineSource.MaxLine);
            while (await lines.MoveNextAsync(stop))
                offsets.Add(lines.Offset);
            return new SentRequests(file, offsets);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw InputException.From(path, failure);
        }
    }

    /// <summary>The request of a result; null where it names no line.</summary>
    /// <exception cref="RequestFaultException">The line is another one than was sent.</exception>
    public JobRequest? Of(JsonElement result)
    {
        if (!result.TryGetProperty("line"u8, out var place) || place.ValueKind != JsonValueKind.Number || !place.TryGetInt32(out var number) || number < 1 || number > _offsets.Count)
            return null;
        var start = _offsets[number - 1];
        var end = number < _offsets.Count ? _offsets[number] : _file.Length;
        var bytes = new byte[end - start];
        RandomAccess.Read(_file.SafeFileHandle, bytes, start);
        var line = bytes.AsSpan().TrimEnd("\r\n"u8);
        if (number == 1 && line.StartsWith("\uFEFF"u8))
            line = line[3..];
        // A line without an id is known by its number and its hash.
        if (result.GetProperty("request_id"u8).GetString() is ['#', ..] id && id != $"#{number}:{XxHash.Of(line):x16}")
            throw new RequestFaultException($"line {number} of the requests has changed since it was sent", 0);
        return _reader.Read(line, out _);
    }

    public void Dispose() => _file.Dispose();
}
