using System.Runtime.InteropServices;
using Headgate.Ledgers;
using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>
/// Places the attempts of a scope as one limit sees them. Guaranteed: anywhere in [sent, late]. Bounded: within D of the send, and what was open when
/// its process died once more from the restart to its late. Nominal: at the send. Units that are settled at the end of the body count until then.
/// </summary>
internal sealed class ArrivalsBuilder
{
    private readonly LedgerTimeline _ledger;
    private readonly Arrivals _arrivals = new();
    private readonly int[] _byLane;
    private readonly int[] _laneStarts;

    /// <summary>Of whom the arrivals are that stand there now.</summary>
    private (IReadOnlyList<int> Lanes, LimitSlot Slot, long? UnendedCountFor)? _present;

    public ArrivalsBuilder(LedgerTimeline ledger)
    {
        _ledger = ledger;
        _laneStarts = new int[ledger.Lanes.Count + 1];
        _byLane = new int[ledger.Attempts.Count];
        foreach (var attempt in ledger.Attempts)
            _laneStarts[attempt.Lane + 1]++;
        for (var lane = 0; lane < ledger.Lanes.Count; lane++)
            _laneStarts[lane + 1] += _laneStarts[lane];
        var next = _laneStarts.AsSpan().ToArray();
        for (var i = 0; i < ledger.Attempts.Count; i++)
            _byLane[next[ledger.Attempts[i].Lane]++] = i;
    }

    /// <summary>How many attempts of the lanes were sent.</summary>
    public long Sends(IReadOnlyList<int> lanes) => lanes.Sum(lane => (long)Of(lane).Length);

    /// <summary>The arrivals that count against a limit; good until the next call.</summary>
    /// <param name="lanes">Whose.</param>
    /// <param name="slot">The limit.</param>
    /// <param name="unendedCountFor">
    /// Where an attempt without an end counts as arrived when it was sent: how long the limit counts that, in microseconds. From then on, and not
    /// before a restart, it counts until straggle after the last that its process wrote. It may have been answered, and its end not written before
    /// its process died; and that may have been long before the next run began. Null where it counts without a break.
    /// </param>
    public Arrivals Build(IReadOnlyList<int> lanes, LimitSlot slot, long? unendedCountFor = null)
    {
        // Limits that differ in their numbers only see the same.
        var seen = slot with { Ordinal = 0, Algorithm = slot.Algorithm == LimitAlgorithm.Concurrent || unendedCountFor is not null ? slot.Algorithm : LimitAlgorithm.Sliding };
        if (_present is { } present && ReferenceEquals(present.Lanes, lanes) && present.Slot == seen && present.UnendedCountFor == unendedCountFor)
            return _arrivals;
        _present = (lanes, seen, unendedCountFor);
        _arrivals.Clear();
        _arrivals.Reserve(lanes.Sum(lane => Of(lane).Length));
        Place(lanes, slot, unendedCountFor);
        _arrivals.Sort();
        return _arrivals;
    }

    /// <summary>Whether any of them has no end, so that it makes a difference.</summary>
    public bool HasUnended(IReadOnlyList<int> lanes)
    {
        foreach (var lane in lanes)
            foreach (var index in Of(lane))
                if (_ledger.Attempts[index].State == AttemptState.Unanswered)
                    return true;
        return false;
    }

    private void Place(IReadOnlyList<int> lanes, LimitSlot slot, long? unendedCountFor)
    {
        var timing = TimingOf(slot);
        var attempts = CollectionsMarshal.AsSpan(_ledger.Attempts);
        foreach (var lane in lanes)
        {
            var bounds = _ledger.Bounds.GetValueOrDefault(_ledger.Lanes[lane].Upstream);
            foreach (var index in Of(lane))
            {
                ref readonly var attempt = ref attempts[index];
                // What is in flight is counted by the attempt, whatever it costs.
                var cost = slot.Algorithm == LimitAlgorithm.Concurrent ? 1 : UnitCost.In(slot.Unit, attempt.Cost);
                if (cost == 0 || !Holds(slot, attempt))
                    continue;
                if (unendedCountFor is { } span && attempt.State == AttemptState.Unanswered)
                    PlaceAsArrived(attempt, slot.Algorithm, span, cost, index);
                else if (slot.Algorithm == LimitAlgorithm.Concurrent)
                    _arrivals.Add(new Arrival(attempt.Sent, attempt.State == AttemptState.Ended ? attempt.End : attempt.Late, cost, index));
                else if (timing == LimitTiming.Nominal)
                    _arrivals.Add(new Arrival(attempt.Sent, attempt.Sent, cost, index));
                else if (slot.Unit != Limit.Requests)
                    _arrivals.Add(new Arrival(attempt.Sent, Math.Max(attempt.Late, attempt.State == AttemptState.Ended ? attempt.End : 0), cost, index));
                else
                    Place(attempt, cost, index, timing == LimitTiming.Bounded ? BoundOf(slot, bounds, attempt.Sent) : null);
            }
        }
    }

    /// <summary>What is known of arrival for a limit: its own word, else the ledger's.</summary>
    public LimitTiming TimingOf(LimitSlot slot) => slot.HasJitter ? LimitTiming.Nominal : slot.Timing ?? _ledger.Timing switch
    {
        "guaranteed" => LimitTiming.Guaranteed,
        "nominal" => LimitTiming.Nominal,
        _ => LimitTiming.Bounded,
    };

    private void Place(in Attempt attempt, long cost, int index, long? bound)
    {
        // Given up before D has passed: it is held until its late without a break.
        var isHeldOn = attempt.Late > attempt.End && attempt.End <= attempt.Sent + bound;
        if (bound is not { } d || attempt.Late <= attempt.Sent + d || isHeldOn)
            _arrivals.Add(new Arrival(attempt.Sent, attempt.Late, cost, index));
        else
            PlaceTwice(attempt, d, cost, index);
    }

    private void PlaceTwice(in Attempt attempt, long bound, long cost, int index)
    {
        // Nothing was sent between D and the restart: it counts on without a break, and never twice in one window.
        var isAsOne = attempt.State == AttemptState.Unanswered && LastOf(attempt) <= attempt.Sent + bound;
        _arrivals.Add(new Arrival(attempt.Sent, isAsOne ? attempt.Late : attempt.Sent + bound, cost, index));
        if (isAsOne)
            return;
        // What is given up later weighs once more on what is granted from then on, but the ledger does not tell grants from sends. After a restart
        // they are the same.
        if (attempt is { State: AttemptState.Unanswered, End: not Attempt.Never })
            _arrivals.Add(new Arrival(attempt.End, attempt.Late, cost, index, IsStraggler: true));
    }

    /// <summary>Once when it was sent, and once more from the restart on, but never twice in one window.</summary>
    private void PlaceAsArrived(in Attempt attempt, LimitAlgorithm algorithm, long span, long cost, int index)
    {
        _arrivals.Add(new Arrival(attempt.Sent, attempt.Sent, cost, index));
        if (attempt.End == Attempt.Never || attempt.Late - attempt.End + LastOf(attempt) is var late && (late < attempt.End || late <= attempt.Sent))
            return;
        var from = Math.Max(attempt.End, attempt.Sent + span);
        // A window counts it for as long after its late as another that began then; the level of a bucket has no such memory.
        if (from <= late || algorithm is LimitAlgorithm.Sliding or LimitAlgorithm.Fixed)
            _arrivals.Add(new Arrival(from, late, cost, index, IsStraggler: true));
    }

    /// <summary>The last its process wrote, if that died before the attempt ended.</summary>
    private long LastOf(in Attempt attempt) => _ledger.LastBefore.GetValueOrDefault(attempt.End, attempt.End);

    private static long? BoundOf(LimitSlot slot, List<(long FromUs, long BoundUs)>? bounds, long sent)
    {
        const long least = 250_000;
        if (slot.Bound is { } own)
            return Periods.Us(own);
        var declared = LedgerTimeline.At(bounds, sent);
        return slot.Timing is null ? declared : Math.Max(least, declared ?? 0);
    }

    private static bool Holds(LimitSlot slot, in Attempt attempt) =>
        slot.When is not { } when || when.Holds(DateTimeOffset.UnixEpoch.AddMicroseconds(attempt.Sent + attempt.WallOffset), slot.Zone ?? TimeZoneInfo.Utc);

    private ReadOnlySpan<int> Of(int lane) => _byLane.AsSpan(_laneStarts[lane].._laneStarts[lane + 1]);
}
