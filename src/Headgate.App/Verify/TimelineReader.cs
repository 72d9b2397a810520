using Headgate.Configuration;
using Headgate.Ledgers;
using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>Reads a ledger onto one time line: that of the first boot, others beside it by the wall clock.</summary>
internal sealed class TimelineReader
{
    /// <summary>More than any limit allows at all: enough to be a breach, and sums stay exact.</summary>
    private const long LargestCost = 1_000_000_000_001;

    /// <summary>A bound of ten years, the longest duration that is accepted anywhere: more is forged, and its microseconds would not be a number.</summary>
    private const decimal LargestBoundMs = 3650m * 86_400_000;

    /// <summary>What D is at least, where nothing is said of it.</summary>
    private const long LeastBoundUs = 250_000;

    private readonly LedgerTimeline _ledger;
    private readonly Dictionary<long, int> _open = [];
    private readonly Dictionary<Lane, int> _lanes = [];
    private readonly Dictionary<(string?, string?, string?, string?), int> _names = [];
    /// <summary>The numbers of attempts so far, a bit each.</summary>
    private readonly Dictionary<long, ulong> _numbers = [];
    private readonly List<(string Scope, string Text)> _unreadable = [];
    private readonly Dictionary<(string Scope, string Unit), string> _learned = [];
    private LedgerHeader _header = new();

    /// <summary>What this run takes for granted of arrival, and what the first did.</summary>
    private TimingChoice _timing = new(LimitTiming.Bounded);
    private TimingChoice _usual = new(LimitTiming.Bounded);
    private long _shift;
    private long _last = long.MinValue;

    private TimelineReader(string path) => _ledger = new LedgerTimeline { Path = path };

    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="LedgerException">It is no ledger.</exception>
    public static LedgerTimeline Read(string path)
    {
        using var reader = LedgerReader.Open(path);
        var timeline = new TimelineReader(path);
        // An attempt takes 200 bytes of a ledger, or more.
        timeline._ledger.Attempts.EnsureCapacity((int)Math.Min(new FileInfo(path).Length / 200, 100_000_000));
        while (reader.Read())
            timeline.Take(reader);
        return timeline.End(reader);
    }

    private LedgerTimeline End(LedgerReader reader)
    {
        if (_ledger.Headers.Count == 0)
            throw new LedgerException($"{_ledger.Path}: no header of a ledger in it ({{\"headgate\":\"ledger\",…}}){(reader.Damage.Count > 0 ? $": line {reader.Damage[0].Line}: {reader.Damage[0].Reason}" : "")}; name the ledger of a run, usually RESULTS.ledger") { Path = _ledger.Path };
        _ledger.Damage.AddRange(reader.Damage);
        _ledger.Damage.AddRange(_unreadable.Select(text => new LedgerDamage(0, 0, $"limit of {text.Scope}: {text.Text}")));
        if (reader.Torn is { } torn)
            _ledger.Notes.Add($"the last line ({torn.Line}, at byte {torn.Offset}) was never finished: its process died in the write, before the send");
        foreach (var ((scope, _), limit) in _learned)
            _ledger.Notes.Add($"{scope} told that it allows {limit}: kept, and not audited, since nobody declared it");
        _ledger.Sent = _ledger.Attempts.Count - _ledger.Unsent;
        _ledger.Unended += _open.Count;
        return _ledger;
    }

    private void Take(LedgerReader reader)
    {
        if (_ledger.Headers.Count == 0 && reader.Kind != LedgerRecordKind.Header)
        {
            _ledger.Damage.Add(new LedgerDamage(reader.Line, 0, "a record before any header"));
            return;
        }
        switch (reader.Kind)
        {
            case LedgerRecordKind.Header:
                TakeHeader(reader.Header);
                break;
            case LedgerRecordKind.Intent:
                TakeIntent(reader.Intent, reader.Line);
                break;
            case LedgerRecordKind.End:
                TakeEnd(reader.End, reader.Line);
                break;
            case LedgerRecordKind.Limits:
                TakeLimits(reader.Limits!.Limits, reader.Limits.AtUs + _shift, isHeader: false);
                TakeBounds(reader.Limits.BoundMs, reader.Limits.AtUs + _shift);
                break;
            case LedgerRecordKind.ServerClock:
                var clock = reader.ServerClock!;
                AddTo(_ledger.ServerClocks, clock.Upstream, (clock.AtUs + _shift, new ServerOffset(clock.ServerUs - clock.AtUs - _shift, clock.SkewUs)));
                break;
            case LedgerRecordKind.Learned:
                _learned[(reader.Learned!.Scope, Limit.TryParse(reader.Learned.Limit, out var learned, out _) ? learned!.Unit : "")] = reader.Learned.Limit;
                break;
            case LedgerRecordKind.Step:
                _ledger.Notes.Add($"the wall clock was set by {reader.Step.StepUs / 1e6:0.000} s at {_ledger.Wall(reader.Step.AtUs + _shift):yyyy-MM-dd HH:mm:ss.fff}Z; windows go by the monotonic clock");
                break;
            default:
                break;
        }
    }

    private void TakeHeader(LedgerHeader header)
    {
        if (_ledger.Headers.Count > 0 && !MachineBoot.IsSame(header.Boot, _header.Boot))
            PlaceBoot(header);
        _header = header;
        if (TimingChoice.TryParse(header.Timing, out var timing))
            (_timing, _usual) = (timing, _ledger.Headers.Count == 0 ? timing : _usual);
        _ledger.Headers.Add(header);
        var now = header.MonoUs + _shift;
        foreach (var index in _open.Values)
        {
            // Its process is dead: nothing of it arrives later than straggle after this.
            ref var attempt = ref Row(index);
            (attempt.End, attempt.Late) = (now, now + Periods.Us(header.Straggle));
        }
        _ledger.Unended += _open.Count;
        _ledger.LastBefore[now] = _last;
        _open.Clear();
        _names.Clear();
        _last = Math.Max(_last, now);
        TakeLimits(header.Limits, now, isHeader: true);
        TakeBounds(header.BoundMs, now);
    }

    /// <summary>The wall clock says how long it was between two boots; that the second came after the first is certain.</summary>
    private void PlaceBoot(LedgerHeader header)
    {
        var first = _ledger.Headers[0];
        var byWall = header.WallUs - header.MonoUs - (first.WallUs - first.MonoUs);
        var least = header.Boot == MachineBoot.Unknown ? _last - header.MonoUs : _last;
        _shift = Math.Max(byWall, least);
        _ledger.Notes.Add(byWall >= least
            ? $"run {_ledger.Headers.Count + 1} is of another boot of the machine: placed by the wall clock"
            : $"run {_ledger.Headers.Count + 1} is of another boot of the machine, and the wall clock was behind: placed right after the run before it");
    }

    private void TakeIntent(in LedgerIntent intent, long line)
    {
        if (!IsNew(intent.Number))
        {
            _ledger.Damage.Add(new LedgerDamage(line, 0, $"attempt {intent.Number} begins a second time"));
            return;
        }
        var sent = intent.SentUs + _shift;
        _last = Math.Max(_last, sent);
        _open[intent.Number] = _ledger.Attempts.Count;
        _ledger.Attempts.Add(new Attempt
        {
            Number = intent.Number,
            Line = intent.Line ?? 0,
            Sent = sent,
            End = Attempt.Never,
            Late = Attempt.Never,
            WallOffset = intent.WallUs - sent,
            Cost = Within(intent.Cost),
            Lane = LaneOf(intent),
        });
    }

    private void TakeEnd(in LedgerEnd end, long line)
    {
        if (!_open.Remove(end.Number, out var index))
        {
            _ledger.Unrecorded.Add(new LedgerFault(end.Number, "it ended, and no record says that it was about to be sent"));
            return;
        }
        ref var attempt = ref Row(index);
        if (end.EndUs + _shift < attempt.Sent || end.LateUs + _shift < attempt.Sent)
        {
            _ledger.Damage.Add(new LedgerDamage(line, 0, $"attempt {end.Number} ends before it begins"));
            return;
        }
        (attempt.State, attempt.End, attempt.Late) = (AttemptState.Ended, end.EndUs + _shift, end.LateUs + _shift);
        _last = Math.Max(_last, attempt.End);
        if (end.Status != 0)
            _ledger.Answered++;
        if (end.WasNeverSent)
            _ledger.Unsent++;
        else
            Count(end.Status != 0 ? end.Status.ToString() : end.Class ?? "no answer");
        foreach (var actual in end.Cost ?? [])
            if (actual.Amount > UnitCost.In(actual.Unit, attempt.Cost))
                _ledger.Undeclared.Add(new LedgerFault(end.Number, $"{actual.Amount} {actual.Unit} used, {UnitCost.In(actual.Unit, attempt.Cost)} declared"));
        attempt.Cost = UnitCost.Settled(attempt.Cost, Within(end.Cost));
    }

    /// <summary>Where D is not stated it is the least: a run that assumes more is only stricter.</summary>
    private void AssumeBound(string upstream)
    {
        if (_ledger.Timing == "bounded" && !_ledger.Bounds.ContainsKey(upstream))
            _ledger.Bounds[upstream] = [(long.MinValue, _header.TimingBound is { } stated ? Periods.Us(stated) : LeastBoundUs)];
    }

    private void TakeLimits(IReadOnlyDictionary<string, IReadOnlyList<string>> limits, long at, bool isHeader)
    {
        foreach (var (scope, texts) in limits)
            AddTo(_ledger.Limits, scope, new ScopeEpoch(at, Parse(scope, texts), isHeader));
        if (isHeader)
            foreach (var (scope, epochs) in _ledger.Limits)
                if (!limits.ContainsKey(scope))
                    epochs.Add(new ScopeEpoch(at, [], isHeader));
    }

    private void TakeBounds(IReadOnlyDictionary<string, decimal> bounds, long at)
    {
        foreach (var (upstream, bound) in bounds)
            AddTo(_ledger.Bounds, upstream, (_ledger.Bounds.ContainsKey(upstream) ? at : long.MinValue, (long)(Math.Clamp(bound, 0, LargestBoundMs) * 1000)));
    }

    private List<Limit> Parse(string scope, IReadOnlyList<string> texts)
    {
        var limits = new List<Limit>();
        foreach (var text in texts)
        {
            // What a run takes for granted is that of the first, or said.
            if (Limit.TryParse(text, out var limit, out var error))
                limits.Add(_timing.Told(limit!, _usual));
            else
                _unreadable.Add((scope, error!));
        }
        return limits;
    }

    private int LaneOf(in LedgerIntent intent)
    {
        var names = (intent.Upstream, intent.Key, intent.Exit ?? intent.Proxy, intent.Parts);
        if (_names.TryGetValue(names, out var known))
            return known;
        var upstream = intent.Upstream ?? "";
        var identity = intent.Key is { } key && _header.Keys.TryGetValue(upstream, out var keys) ? keys.GetValueOrDefault(key, key) : intent.Key;
        AssumeBound(upstream);
        var lane = new Lane(upstream, intent.Key, identity, intent.Exit ?? intent.Proxy, intent.Parts);
        if (!_lanes.TryGetValue(lane, out var index))
        {
            _lanes[lane] = index = _ledger.Lanes.Count;
            _ledger.Lanes.Add(lane);
        }
        return _names[names] = index;
    }

    private bool IsNew(long number)
    {
        ref var bits = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_numbers, number >> 6, out _);
        var bit = 1UL << (int)(number & 63);
        var isNew = (bits & bit) == 0;
        bits |= bit;
        return isNew;
    }

    private void Count(string outcome) => _ledger.Outcomes[outcome] = _ledger.Outcomes.GetValueOrDefault(outcome) + 1;

    private ref Attempt Row(int index) => ref System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ledger.Attempts)[index];

    private static UnitCost[]? Within(UnitCost[]? costs) =>
        costs is null || Array.TrueForAll(costs, cost => cost.Amount is >= 0 and <= LargestCost)
            ? costs
            : Array.ConvertAll(costs, cost => cost with { Amount = Math.Clamp(cost.Amount, 0, LargestCost) });

    private static void AddTo<T>(Dictionary<string, List<T>> lists, string key, T value)
    {
        if (!lists.TryGetValue(key, out var list))
            lists[key] = list = [];
        list.Add(value);
    }
}
