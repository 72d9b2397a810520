using System.Runtime.InteropServices;
using System.Text.Json;
using Headgate.Ledgers;

namespace Headgate.App.Verify;

/// <summary>Whether every line of the input has exactly one result.</summary>
internal sealed class LineAudit
{
    private const int NamedLines = 100;

    /// <summary>The lines of the input in order, each with the hash of its id; 0 without one.</summary>
    private readonly List<(long Line, int Id)> _items = [];

    /// <summary>Results that are not at their line: by id, with their own numbers.</summary>
    private readonly Dictionary<string, List<long>> _moved = [];
    private byte[] _results = [];

    public required string Input { get; init; }

    public required string Results { get; init; }

    public long Lines => _items.Count;

    public long ResultCount { get; private set; }

    public long Ok { get; private set; }

    /// <summary>Lines of the input without a result, by number; the first of them.</summary>
    public List<long> Lost { get; } = [];

    public long LostCount { get; private set; }

    /// <summary>Lines of the input with more than one result, by number; the first of them.</summary>
    public List<long> Doubled { get; } = [];

    public long DoubledCount { get; private set; }

    /// <summary>Lines of the results that belong to no line of the input, by their own number; the first of them.</summary>
    public List<long> Unknown { get; } = [];

    public long UnknownCount { get; private set; }

    /// <summary>Lines of the results that are no JSON object, by their own number.</summary>
    public List<long> Unreadable { get; } = [];

    /// <summary>Whether the last line of the results was never finished: its run was killed.</summary>
    public bool IsTorn { get; private set; }

    public bool IsWhole => LostCount + DoubledCount + UnknownCount == 0;

    /// <summary>Compares the files.</summary>
    /// <param name="input">JSON lines, CSV or a list of URLs, packed with gzip or not.</param>
    /// <param name="results">JSON lines.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static LineAudit Run(string input, string results)
    {
        var audit = new LineAudit { Input = input, Results = results };
        foreach (var (line, id) in InputLines.Read(input))
            audit._items.Add((line, HashOf(id)));
        audit._results = new byte[audit._items.Count];
        audit.ReadResults();
        audit.FindMoved();
        for (var i = 0; i < audit._items.Count; i++)
        {
            if (audit._results[i] == 1)
                continue;
            var isLost = audit._results[i] == 0;
            if (isLost)
                audit.LostCount++;
            else
                audit.DoubledCount++;
            Name(isLost ? audit.Lost : audit.Doubled, audit._items[i].Line);
        }
        return audit;
    }

    private static void Name(List<long> list, long line)
    {
        if (list.Count < NamedLines)
            list.Add(line);
    }

    private void ReadResults()
    {
        using var lines = new RecordLines(LockedFile.OpenToRead(Results));
        while (lines.Read())
        {
            if (lines.Line.Trim(" \t\r"u8).IsEmpty)
                continue;
            if (!lines.IsWhole)
            {
                IsTorn = true;
                break;
            }
            if (!TryReadResult(lines.Line, out var line, out var id, out var isOk))
            {
                Name(Unreadable, lines.Number);
                continue;
            }
            ResultCount++;
            if (isOk)
                Ok++;
            if (ItemAt(line) is { } item && (id is null || _items[item].Id is 0 || _items[item].Id == HashOf(id)))
                Count(item);
            else if (id is not null)
                (_moved.TryGetValue(id, out var others) ? others : _moved[id] = []).Add(lines.Number);
            else
                Miss(lines.Number);
        }
    }

    /// <summary>Lines are known by their id, so they may have moved since. A second one with the same id is a bad line, and told by its number alone.</summary>
    private void FindMoved()
    {
        var item = -1;
        foreach (var (_, id) in _moved.Count > 0 ? InputLines.Read(Input) : [])
        {
            item++;
            if (id is null || !_moved.Remove(id, out var results))
                continue;
            foreach (var _ in results)
                Count(item);
        }
        foreach (var number in _moved.Values.SelectMany(results => results).Order())
            Miss(number);
    }

    private void Count(int item) => _results[item] = (byte)Math.Min(2, _results[item] + 1);

    private void Miss(long number)
    {
        UnknownCount++;
        Name(Unknown, number);
    }

    private int? ItemAt(long? line)
    {
        if (line is not { } number)
            return null;
        var index = CollectionsMarshal.AsSpan(_items).BinarySearch(new AtLine(number));
        return index >= 0 ? index : null;
    }

    private static int HashOf(string? id) => id is null ? 0 : string.GetHashCode(id, StringComparison.Ordinal) | 1;

    private static bool TryReadResult(ReadOnlySpan<byte> json, out long? line, out string? id, out bool isOk)
    {
        (line, id, isOk) = (null, null, false);
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("line"u8) && reader.Read())
                    line = reader.TokenType == JsonTokenType.Number ? reader.GetInt64() : null;
                else if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("id"u8) && reader.Read())
                    id = InputLines.Text(ref reader);
                else if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("ok"u8) && reader.Read())
                    isOk = reader.TokenType == JsonTokenType.True;
                else
                    reader.Skip();
            }
            return true;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }

    private readonly record struct AtLine(long Number) : IComparable<(long Line, int Id)>
    {
        public int CompareTo((long Line, int Id) other) => Number.CompareTo(other.Line);
    }
}
