using Headgate.Limits;

namespace Headgate.Gates;

/// <summary>One limit, or the hold of a scope, with the lanes that wait for it.</summary>
internal sealed class Checkpoint : Constraint
{
    private LimitState _state = null!;
    private Counted _counted;

    /// <summary>What was last said of it: nearly every result of a run names what held it, and nearly always the same.</summary>
    private Description? _described;

    public Checkpoint(LimitState state, Scope scope)
    {
        Scope = scope;
        State = state;
    }

    private enum Counted : byte
    {
        Attempts,
        Requests,
        OtherUnits,
    }

    /// <summary>The arithmetic; another one takes over its past when the limit is changed.</summary>
    public LimitState State
    {
        get => _state;
        set => (_state, _counted, IsKept) = (value, CountedBy(value), value.HoldsUntilSettled);
    }

    /// <summary>The server told of it; nobody declared it.</summary>
    public bool IsLearned { get; set; }

    /// <summary>Whether a place in it must be given back.</summary>
    public bool IsKept { get; private set; }

    public Scope Scope { get; }

    /// <summary>It bounds what is open at once: a connection that is passed through unread counts in it, and in nothing else.</summary>
    public bool CountsOpen => _state is ConcurrentState { Limit.Unit: Limit.Requests } or ConcurrencyCap { IsOfConnections: true };

    /// <summary>How many were let go of which it counts something.</summary>
    public long Granted { get; set; }

    /// <summary>What a cost takes of this limit; zero if it does not concern it.</summary>
    public long UnitsOf(Cost cost) => _counted switch
    {
        Counted.Requests => cost.Requests,
        Counted.Attempts => 1,
        _ => cost.In(_state.Limit.Unit),
    };

    /// <summary>What must be free for a cost of a lane to go: its units, and what its priority has to leave to others.</summary>
    public long NeedOf(Lane lane, Cost cost) => UnitsOf(cost) is var units and > 0 ? units + lane.Gate.ReserveOf(this, lane.Level, units) : 0;

    // What its priority must leave to others counts for the lane, not for those behind: units may be reserved, and of those they may need fewer.
    public override bool HoldsAllBehind(Lane lane) => NeedOf(lane, lane.First!.Cost) <= FewestUnits;

    /// <summary>
    /// The lane whose turn comes first and which taking units now would delay: of all that need this limit, wherever they are parked, or of
    /// those parked here, since the first of all may be waiting for something else for long.
    /// </summary>
    public Lane? ReservedFor(Claim turn, long units, long now)
    {
        if (FirstClaim is not { } first)
            return null;
        if (first.Lane != turn.Lane && first.IsBefore(turn) && Delays(first.Lane, units, now))
            return first.Lane;
        return Front is { } front && front != turn.Lane && front != first.Lane && (front.Parked ?? front.HeldBy!).IsBefore(turn) && Delays(front, units, now) ? front : null;
    }

    /// <summary>When units could go beside the first waiter of a lane for whom they are reserved, even if that stays where it is.</summary>
    public long FreeBeside(Lane other, long units, long now)
    {
        var both = NeedOf(other, other.First!.Cost) + units;
        return both <= _state.Whole ? _state.FreeAt(both, now) : LimitState.Never;
    }

    /// <summary>Whether taking units now would delay the first waiter of a lane.</summary>
    public bool Delays(Lane other, long units, long now)
    {
        var need = NeedOf(other, other.First!.Cost);
        if (need == 0)
            return false;
        if (other.FreeAt != LimitState.Never)
            return !_state.FitsAt(Math.Max(other.FreeAt, now), need, now, units);
        // It goes at an event nobody can foresee: where it waits nobody passes it, elsewhere nothing is kept idle for it.
        return other.HeldBy?.Constraint == this && !_state.FitsAt(now, need, now, units);
    }

    public override string Describe()
    {
        var (state, words) = (_state, (_state as OwnState)?.Words);
        if (_described is { } before && before.State == state && ReferenceEquals(before.Words, words))
            return before.Text;
        var text = words is null ? $"{state.Limit} ({Scope.Name})" : $"{words} ({Scope.Name})";
        _described = new Description(state, words, text);
        return text;
    }

    protected override long UnitsFor(Lane lane) => UnitsOf(lane.First!.Cost);

    protected override long ServiceTime(Cost cost) => _state.ServiceTime(UnitsOf(cost));

    private static Counted CountedBy(LimitState state) =>
        state.CountsAttempts ? Counted.Attempts : state.Limit.Unit == Limit.Requests ? Counted.Requests : Counted.OtherUnits;

    private sealed record Description(LimitState State, string? Words, string Text);
}
