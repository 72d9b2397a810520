using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Gates;

/// <summary>What a set of limits speaks of: everything, one API, or one key of it. Holds and what is known of arrival belong to it. Owned by the lock of its dispatcher.</summary>
internal sealed class Scope
{
    /// <summary>With less of a limit used no delay on the way makes a server see more than it allows, short of everything arriving at once.</summary>
    private const long HalfUsed = 500;

    /// <summary>With less of a limit used no server refuses because it smooths, be it in ten parts of the period.</summary>
    private const long TenthUsed = 100;

    private readonly Func<Limit, LimitState> _create;

    public Scope(string name, IEnumerable<Limit> limits, ArrivalTerms terms, WallTime ours, WallTime? server = null)
    {
        (Name, Terms, Server) = (name, terms, server ?? WallTime.Unknown());
        _create = limit => LimitStates.Create(limit, Terms, ours, Server);
        HoldPoint = new Checkpoint(Hold = new HoldState(terms, ours), this);
        Checkpoints = [.. limits.Select(limit => new Checkpoint(_create(limit), this)), HoldPoint];
    }

    /// <summary>The scope of a limiter, which nobody holds and of whose server nothing is learned.</summary>
    public Scope(string name, IEnumerable<LimitState> states, Func<Limit, LimitState> create)
    {
        (Name, Terms, Server, _create) = (name, ArrivalTerms.Nominal, WallTime.Unknown(), create);
        Checkpoints = [.. states.Select(state => new Checkpoint(state, this))];
    }

    public string Name { get; set; }

    public ArrivalTerms Terms { get; private set; }

    /// <summary>The server's clock as far as its answers told.</summary>
    public WallTime Server { get; }

    public HoldState? Hold { get; }

    public Checkpoint? HoldPoint { get; }

    public Checkpoint[] Checkpoints { get; private set; }

    /// <summary>Refusals although the limits were kept, one for each pause, of which smoothing inside the period may be the cause.</summary>
    private int _maybeSmoothed;

    /// <summary>What was sent before this moment was under way when a refusal was counted, and tells nothing new.</summary>
    public long RefusalsCountFrom { get; set; } = long.MinValue;

    /// <summary>Whether it has a limit of requests in a time.</summary>
    public bool HasRate
    {
        get
        {
            foreach (var checkpoint in Checkpoints)
                if (!checkpoint.State.CountsAttempts && checkpoint.State.Limit is { Unit: Limit.Requests, Algorithm: not LimitAlgorithm.Concurrent })
                    return true;
            return false;
        }
    }

    /// <summary>
    /// What one refusal says of the limits, although they were kept. That arrivals are later than assumed can be the cause only where much of a limit
    /// was used; that the server smooths, only where more than a tenth was; and neither of one that is busy.
    /// </summary>
    /// <param name="sentAt">When the refused one was sent.</param>
    /// <param name="mayBeBusy">The answer may be about something else than a limit (503).</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether something may have come late; and after a second such refusal the limits, sliding ones as counters, null for no change.</returns>
    public (bool CameLate, IReadOnlyList<Limit>? Smoothed) Blame(long sentAt, bool mayBeBusy, long now)
    {
        var (mostUsed, wasNarrow) = (0L, false);
        var limits = new List<Limit>();
        foreach (var checkpoint in Checkpoints)
        {
            if (checkpoint.State is { CountsAttempts: true })
                continue;
            var (limit, used) = (checkpoint.State.Limit, checkpoint.State.UsedPerMille(sentAt, now));
            if (limit.Algorithm != LimitAlgorithm.Concurrent)
                mostUsed = Math.Max(mostUsed, used);
            var isNarrow = limit.Algorithm == LimitAlgorithm.Sliding && used > (mayBeBusy ? HalfUsed : TenthUsed);
            wasNarrow |= isNarrow;
            limits.Add(isNarrow ? limit with { Algorithm = LimitAlgorithm.Counter } : limit);
        }
        if (wasNarrow)
            _maybeSmoothed++;
        return (mostUsed >= HalfUsed, wasNarrow && _maybeSmoothed >= 2 ? limits : null);
    }

    /// <summary>Those of its limits that the server did not only tell.</summary>
    public IEnumerable<Limit> Declared => Checkpoints.Where(checkpoint => checkpoint is { IsLearned: false, State.CountsAttempts: false }).Select(checkpoint => checkpoint.State.Limit);

    public IEnumerable<Limit> Limits => Checkpoints.Where(checkpoint => !checkpoint.State.CountsAttempts).Select(checkpoint => checkpoint.State.Limit);

    /// <summary>
    /// A limit that was learned: in the place of the one learned before, whose past it takes over, or beside all others. Those who wait must be
    /// looked at anew.
    /// </summary>
    /// <param name="known">The one before; null if there is none.</param>
    /// <param name="limit">The limit.</param>
    /// <param name="begin">Charges a state that is new with what came before it.</param>
    /// <param name="now">The time.</param>
    /// <returns>Where it is kept.</returns>
    public Checkpoint Learn(Checkpoint? known, Limit limit, Action<LimitState> begin, long now)
    {
        var state = _create(limit);
        if (known is not null && state.CanInherit(known.State))
        {
            state.Inherit(known.State, now);
            known.State = state;
            return known;
        }
        begin(state);
        var learned = new Checkpoint(state, this) { IsLearned = true };
        Checkpoints = [.. Checkpoints.Where(checkpoint => checkpoint != known && !checkpoint.State.CountsAttempts), learned, .. Checkpoints.Where(checkpoint => checkpoint.State.CountsAttempts)];
        return learned;
    }

    /// <summary>Adds something of our own that holds requests back; those who wait must be looked at anew.</summary>
    /// <returns>What nobody who is under way counts in yet.</returns>
    public AddedLimit Add(LimitState own)
    {
        var added = new Checkpoint(own, this);
        Checkpoints = [.. Checkpoints, added];
        return new AddedLimit(added, null);
    }

    /// <summary>Takes something of our own away again; of no effect if it is not there.</summary>
    public void Remove(LimitState own) => Checkpoints = [.. Checkpoints.Where(checkpoint => checkpoint.State != own)];

    /// <summary>Whether it could be forgotten: nothing under way and every limit as if never used.</summary>
    public bool IsIdle(long now)
    {
        foreach (var checkpoint in Checkpoints)
            if (checkpoint.ParkedCount > 0 || !checkpoint.State.IsIdle(now))
                return false;
        return true;
    }

    /// <summary>Whether what is not on disk of it may be forgotten: nothing was refused, nothing holds it, and no limit that the server told of counts.</summary>
    public bool IsForgettable(long now)
    {
        if (RefusalsCountFrom != long.MinValue || (Hold is { } hold && (hold.PausedBy is not null || hold.Until(now) is not null)))
            return false;
        foreach (var checkpoint in Checkpoints)
            if (checkpoint.IsLearned && !checkpoint.State.IsIdle(now))
                return false;
        return true;
    }

    /// <summary>After a hold, requests go this far apart: the slowest pace of its limits; where none is known, 20 ms.</summary>
    public long ReleaseGap() => Limits.Any(limit => limit.Unit == Limit.Requests && limit.Algorithm != LimitAlgorithm.Concurrent)
        ? Checkpoints.Where(c => !c.State.CountsAttempts && c.State.Limit.Unit == Limit.Requests && c.State.Limit.Algorithm != LimitAlgorithm.Concurrent).Max(c => c.State.ServiceTime(1))
        : 20 * Clock.Millisecond;

    /// <summary>How long the release after a hold takes: min(P, 1 s).</summary>
    public long ReleaseTime() => Math.Min(Clock.Second, Limits.Where(limit => limit.Period > TimeSpan.Zero).Select(limit => Clock.Nanoseconds(limit.Period)).DefaultIfEmpty(Clock.Second).Max());

    /// <summary>The limit that never lets a cost go, however long it waits; null if none.</summary>
    public Checkpoint? TooCostly(Cost cost)
    {
        foreach (var checkpoint in Checkpoints)
            if (!checkpoint.State.CountsAttempts && checkpoint.UnitsOf(cost) > checkpoint.State.Whole)
                return checkpoint;
        return null;
    }

    /// <summary>
    /// Other limits from now on, so that no window is opened again: each takes over the past of one that counted the same, and what that has
    /// in flight; a limit added takes over what such a one remembers. Those who wait must be looked at anew.
    /// </summary>
    /// <param name="limits">The limits; those that are there already stay as they are.</param>
    /// <param name="now">The time.</param>
    /// <param name="begin">Begins a state from what is recorded of the sends, in place of what others remember; null for those.</param>
    /// <returns>The limits that nobody who is under way counts in yet.</returns>
    public IReadOnlyList<AddedLimit> Change(IReadOnlyList<Limit> limits, long now, Action<LimitState>? begin = null)
    {
        // Made first, so that a limit that cannot be leaves everything as it was.
        var states = limits.Select(_create).ToList();
        var own = Checkpoints.Where(checkpoint => checkpoint.State.CountsAttempts).ToList();
        var past = Checkpoints.Except(own).ToList();
        var next = Heirs.Of(states, past);
        var added = new List<AddedLimit>();
        // The new ones first: they look at old states, which heirs take with them.
        for (var index = 0; index < next.Length; index++)
            if (next[index] is null || (begin is not null && !next[index]!.State.IsLike(states[index])))
            {
                added.Add(Begin(states[index], past, begin, now));
                next[index] = added[^1].Limit;
            }
            else if (next[index]!.State.IsLike(states[index]))
                states[index] = next[index]!.State;
        for (var index = 0; index < next.Length; index++)
            if (next[index] is { } heir && heir.State != states[index])
            {
                states[index].Inherit(heir.State, now);
                heir.State = states[index];
            }
        Checkpoints = [.. next.Select(checkpoint => checkpoint!), .. own];
        return added;
    }

    /// <summary>The limits that its owner declares from now on, and what is known of arrival; what was learned besides is learned anew.</summary>
    /// <inheritdoc cref="Change"/>
    public IReadOnlyList<AddedLimit> Declare(IReadOnlyList<Limit> limits, ArrivalTerms terms, long now, Action<LimitState>? begin = null)
    {
        Terms = terms;
        var added = Change(limits, now, begin);
        foreach (var checkpoint in Checkpoints)
            checkpoint.IsLearned = false;
        _maybeSmoothed = 0;
        return added;
    }

    /// <summary>Whether what came before can be known from the present limits, were they others; else it has to be looked up.</summary>
    public bool Knows(IReadOnlyList<Limit> limits)
    {
        var states = limits.Select(_create).ToList();
        var heirs = Heirs.Of(states, [.. Checkpoints.Where(checkpoint => !checkpoint.State.CountsAttempts)]);
        return Enumerable.Range(0, heirs.Length).All(index => heirs[index] is { } heir && Heirs.Knows(heir.State, states[index]));
    }

    private AddedLimit Begin(LimitState state, List<Checkpoint> past, Action<LimitState>? begin, long now)
    {
        var like = begin is null ? Heirs.Nearest(state, past) : null;
        if (begin is not null)
            begin(state);
        else if (like is not null && Hold is null)
            // Nobody knows what a limiter has under way.
            state.InheritFinished(like.State, now);
        else if (like is not null)
            state.Fork(like.State, now);
        return new AddedLimit(new Checkpoint(state, this), like, IsRecorded: begin is not null);
    }
}
