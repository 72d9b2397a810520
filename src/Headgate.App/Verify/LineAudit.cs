using System.Text.Json;
using Headgate.Ledgers;

namespace Headgate.App.Verify;

/// <summary>Whether every line of the input has exactly one result.</summary>
internal sealed class LineAudit
{
    private const int NamedLines = 100;

    private readonly Dictionary<string, int> _byId = [];
    private readonly Dictionary<long, int> _byLine = [];
    /// <summary>By number and hash of the id; 0 without one.</summary>
    private readonly List<(long Line, int Id)> _items = [];
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
            audit.Expect(line, id);
        audit._results = new byte[audit._items.Count];
        audit.ReadResults();
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

    // A second line with the same id is a bad line; its result is told by its number.
    private void Expect(long line, string? id)
    {
        if (id is not null)
            _byId.TryAdd(id, _items.Count);
        _byLine[line] = _items.Count;
        _items.Add((line, HashOf(id)));
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
            if (Find(line, id) is { } item)
                _results[item] = (byte)Math.Min(2, _results[item] + 1);
            else
            {
                UnknownCount++;
                Name(Unknown, lines.Number);
            }
        }
    }

    /// <summary>By number where that line has the same id; by id where lines have moved since.</summary>
    private int? Find(long? line, string? id)
    {
        int? byLine = line is { } number && _byLine.TryGetValue(number, out var item) ? item : null;
        if (byLine is { } there && (id is null || _items[there].Id == HashOf(id)))
            return there;
        if (id is not null && _byId.TryGetValue(id, out var named))
            return named;
        return byLine is { } bare && _items[bare].Id == 0 ? bare : null;
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
}
