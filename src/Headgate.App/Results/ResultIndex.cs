using System.Text.Json;
using Headgate.App.Input;

namespace Headgate.App.Results;

/// <summary>How a line of the input stands to the results that are there.</summary>
internal enum ResultMatch
{
    /// <summary>It has none.</summary>
    New,

    /// <summary>It has one.</summary>
    Done,

    /// <summary>A line with its id has one, but that was another request.</summary>
    Changed,
}

/// <summary>The results of an earlier run, by the key of their line; of several the last counts. About 90 bytes each.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class ResultIndex
{
    // A result is larger than its body: base64, or every character escaped.
    internal const int MaxLine = 512 * 1024 * 1024;

    private readonly KeyTable _keys = new();
    private readonly List<ResultEntry> _entries = [];
    private readonly List<bool> _matched = [];

    /// <summary>The results, each line once.</summary>
    public IReadOnlyList<ResultEntry> Entries => _entries;

    /// <summary>Results that a later one of the same line replaces.</summary>
    public long Replaced { get; private set; }

    /// <summary>The results whose line was not given to <see cref="Match"/>: it is gone from the input, or it was changed.</summary>
    public IEnumerable<ResultEntry> Unmatched => _entries.Where((_, index) => !_matched[index]);

    /// <summary>Reads a results file that <see cref="ResultRepair"/> has made whole.</summary>
    /// <exception cref="InputException">It cannot be read, or a line of it is not a result.</exception>
    public static async Task<ResultIndex> ReadAsync(string path, CancellationToken cancellation = default)
    {
        var index = new ResultIndex();
        try
        {
            await using var file = new FileStream(path, InputFile.Options);
            using var records = new RecordReader(file, MaxLine);
            while (await records.MoveNextAsync(cancellation))
                index.Add(path, records);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw InputException.From(path, failure);
        }
        return index;
    }

    /// <summary>Looks up the result of a line, and remembers that the line is there.</summary>
    public ResultMatch Match(InputLine line, out ResultEntry entry)
    {
        entry = default;
        if (!_keys.TryGet(line.Key, out var place))
            return ResultMatch.New;
        entry = _entries[(int)place];
        _matched[(int)place] = true;
        return entry.Hash != 0 && entry.Hash != line.Hash ? ResultMatch.Changed : ResultMatch.Done;
    }

    /// <summary>Whether a line with this id or key has a result.</summary>
    public bool Has(string key) => _keys.TryGet(key, out _);

    /// <summary>Whether a result is the last one of its line.</summary>
    public bool IsLast(string key, long offset) => _keys.TryGet(key, out var place) && _entries[(int)place].Offset == offset;

    private void Add(string path, RecordReader records)
    {
        var json = records.Current.Span;
        if (json.TrimStart(" \t"u8).IsEmpty)
            return;
        ResultEntry entry;
        string key;
        try
        {
            entry = ResultEntry.Read(json, records.Offset, out key);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            throw new InputException(
                $"{path}:{records.Line}: not a result of a run: remove the line, and its request is sent again; or use another file for the results", wrong);
        }
        var place = (uint)_entries.Count;
        if (_keys.TryAdd(key, ref place))
        {
            _entries.Add(entry);
            _matched.Add(false);
            return;
        }
        Replaced++;
        _entries[(int)place] = entry;
    }
}
