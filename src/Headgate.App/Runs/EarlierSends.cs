using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>
/// What earlier runs of the same ledger sent where no limit was named then, or anywhere if sends are not remembered: no file of the scope knows of
/// it, and a limit that is named now would begin with a full window.
/// </summary>
internal sealed class EarlierSends
{
    private readonly Dictionary<string, ScopeLog> _logs = [];
    private readonly Dictionary<string, ScopeSegment> _segments = [];
    private readonly Dictionary<long, string[]> _open = [];
    private readonly HashSet<string> _limited = [];
    private readonly long _keepUs;
    private readonly bool _hasFiles;
    private LedgerHeader? _header;
    private long _lastUs;

    private EarlierSends(TimeSpan keep, bool hasFiles) => (_keepUs, _hasFiles) = ((long)keep.TotalMicroseconds, hasFiles);

    /// <summary>Reads a ledger; nothing if it is not there, or nothing would count any more.</summary>
    /// <param name="ledger">Its path; null for none.</param>
    /// <param name="limits">The limits that hold now.</param>
    /// <param name="hasFiles">Whether scopes that have limits have files, which know what was sent in them.</param>
    public static EarlierSends Read(string? ledger, IEnumerable<Limit> limits, bool hasFiles)
    {
        var sends = new EarlierSends(limits.Select(ScopeMemory.Of).DefaultIfEmpty().Max(), hasFiles);
        if (sends._keepUs == 0 || !File.Exists(ledger))
            return sends;
        using var reader = LedgerReader.Open(ledger);
        while (reader.Read())
            sends.Take(reader);
        return sends;
    }

    /// <summary>What was sent in a scope, by its name in the ledger.</summary>
    public ScopePast Of(string scope, Clock clock, TimeSpan straggle) =>
        _logs.TryGetValue(scope, out var log) ? ScopeRestore.Place([log], RestartClock.Read(clock, MachineBoot.Id()), straggle) : ScopePast.None;

    private void Take(LedgerReader reader)
    {
        switch (reader.Kind)
        {
            case LedgerRecordKind.Header:
                Begin(reader.Header);
                break;
            case LedgerRecordKind.Limits:
                _limited.UnionWith(reader.Limits!.Limits.Keys);
                break;
            case LedgerRecordKind.Intent when _header is not null:
                Sent(reader.Intent);
                break;
            case LedgerRecordKind.End when _open.Remove(reader.End.Number, out var scopes):
                foreach (var scope in scopes)
                    Ended(_segments[scope], reader.End);
                break;
        }
    }

    private void Begin(LedgerHeader header)
    {
        // Its process is dead: what it left open arrived before straggle was over.
        if (_header is { } before && MachineBoot.IsSame(before.Boot, header.Boot))
            foreach (var segment in _segments.Values)
            {
                segment.Settled.AddRange(segment.Open.Values.Select(send => send with { LateUs = header.MonoUs + (long)before.Straggle.TotalMicroseconds }));
                segment.Open.Clear();
            }
        _header = header;
        _segments.Clear();
        _open.Clear();
        _limited.Clear();
        _limited.UnionWith(header.Limits.Keys);
    }

    private void Sent(in LedgerIntent intent)
    {
        string[] scopes = [.. ScopesOf(intent).Where(scope => !_hasFiles || !IsLimited(scope))];
        if (scopes.Length == 0)
            return;
        _lastUs = intent.SentUs;
        _open[intent.Number] = scopes;
        foreach (var scope in scopes)
            SegmentOf(scope).Open[intent.Number] = new ScopeSend(intent.Number, intent.SentUs, null, intent.Cost);
    }

    private void Ended(ScopeSegment segment, in LedgerEnd end)
    {
        if (!segment.Open.Remove(end.Number, out var send))
            return;
        segment.Settled.Add(send with { LateUs = end.LateUs, Costs = UnitCost.Settled(send.Costs, end.Cost) });
        // Of a run of a million lines only those of the last minute, or whatever a limit looks back, are of interest.
        if (segment.Settled.Count % 1024 == 0)
            segment.Settled.RemoveAll(old => old.LateUs < _lastUs - _keepUs);
    }

    private static IEnumerable<string> ScopesOf(LedgerIntent intent)
    {
        yield return "total";
        if (intent.Upstream is not { } api)
            yield break;
        yield return api;
        if (intent.Key is { } key)
            yield return $"{api}/key:{key}";
        if ((intent.Exit ?? intent.Proxy) is { } exit)
            yield return $"{api}/proxy:{exit}";
        foreach (var part in intent.Parts?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [])
            yield return $"{api}/{part}";
    }

    private bool IsLimited(string scope)
    {
        return _limited.Contains(scope) || IsLimitedAs("/key:") || IsLimitedAs("/proxy:");

        bool IsLimitedAs(string kind) => scope.IndexOf(kind, StringComparison.Ordinal) is > 0 and var at && _limited.Contains(scope[..(at + kind.Length - 1)]);
    }

    private ScopeSegment SegmentOf(string scope)
    {
        if (_segments.TryGetValue(scope, out var known))
            return known;
        if (!_logs.TryGetValue(scope, out var log))
            _logs.Add(scope, log = new ScopeLog());
        var segment = _segments[scope] = new ScopeSegment(new ScopeHeader { Scope = scope, Boot = _header!.Boot, WallUs = _header.WallUs, MonoUs = _header.MonoUs, Pid = _header.Pid });
        log.Segments.Add(segment);
        return segment;
    }
}
