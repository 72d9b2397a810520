namespace Headgate.Caching;

/// <summary>
/// When what was invalidated last (RFC 9111 §4.4, RFC 9875). Answers that were asked for before are validated before they are used, whoever they are
/// for, those under way too. Thread-safe; at most 1 MiB.
/// </summary>
/// <remarks>
/// The last 16,384 are remembered, in sets of four by their names. Of one that had to go the time stays: older answers of its set are validated
/// too, once, though they may be current.
/// </remarks>
internal sealed class Invalidations
{
    /// <summary>What stands for all that there is.</summary>
    public const string Everything = "*";

    private const int Sets = 4_096;
    private const int Ways = 4;

    private readonly Note?[] _notes = new Note?[Sets * Ways];
    private readonly long[] _forgotten = new long[Sets];
    private readonly Lock _lock = new();
    private readonly ICacheArchive? _archive;

    /// <param name="archive">Where they are remembered beyond this process; null for nowhere.</param>
    public Invalidations(ICacheArchive? archive)
    {
        foreach (var (name, at) in archive?.Invalidated ?? [])
            if (name == Everything)
                for (var set = 0; set < Sets; set++)
                    _forgotten[set] = Math.Max(_forgotten[set], at);
            else if (!OffTimes.IsOne(name))
                Remember(name, at);
        _archive = archive;
    }

    /// <summary>What an answer is invalidated by.</summary>
    /// <param name="url">The URL of the request.</param>
    /// <param name="search">Its rule for the query: it is invalidated with every query then.</param>
    /// <param name="groups">Its groups.</param>
    public static ulong[] NamesOf(string url, NoVarySearch? search, IReadOnlyList<string> groups) =>
        [TextHash.Of(search is null ? url : PathOf(url)), .. groups.Select(group => TextHash.Of(GroupOf(url, group)))];

    public void Invalidate(string url, long now)
    {
        Remember(url, now);
        Remember(PathOf(url), now);
    }

    /// <summary>A group of the origin of a URL.</summary>
    public void InvalidateGroup(string url, string group, long now) => Remember(GroupOf(url, group), now);

    /// <summary>Whether an answer was asked for before one of its names was invalidated.</summary>
    public bool Concern(StoredAnswer answer)
    {
        foreach (var name in answer.Names)
            if (When(name) >= answer.ValidFrom)
                return true;
        return false;
    }

    private static int SetOf(ulong name) => (int)(name % Sets);

    private long When(ulong name)
    {
        var set = SetOf(name);
        for (var way = set * Ways; way < (set + 1) * Ways; way++)
            if (Volatile.Read(ref _notes[way]) is { } note && note.Name == name)
                // What concerned everything concerned this too, whatever is known of it beside.
                return Math.Max(note.At, Volatile.Read(ref _forgotten[set]));
        return Volatile.Read(ref _forgotten[set]);
    }

    private void Remember(string text, long now)
    {
        _archive?.Invalidate(text, now);
        var name = TextHash.Of(text);
        lock (_lock)
        {
            var set = SetOf(name);
            var oldest = set * Ways;
            for (var way = oldest; way < (set + 1) * Ways; way++)
            {
                if (_notes[way] is not { } note || note.Name == name)
                {
                    oldest = way;
                    break;
                }
                if (note.At < _notes[oldest]!.At)
                    oldest = way;
            }
            if (_notes[oldest] is { } gone && gone.Name != name)
                Volatile.Write(ref _forgotten[set], Math.Max(_forgotten[set], gone.At));
            // Of two at once the earlier may come last.
            Volatile.Write(ref _notes[oldest], new Note(name, _notes[oldest] is { } same && same.Name == name ? Math.Max(same.At, now) : now));
        }
    }

    /// <summary>A URL without its query. No URL has a space in it.</summary>
    private static string PathOf(string url) => $"{url.AsSpan(0, url.IndexOf('?', StringComparison.Ordinal) is >= 0 and var at ? at : url.Length)} *";

    private static string GroupOf(string url, string group) => $"{new Uri(url).GetLeftPart(UriPartial.Authority)} {group}";

    private sealed record Note(ulong Name, long At);
}
