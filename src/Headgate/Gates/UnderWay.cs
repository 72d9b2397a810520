using Headgate.Limits;

namespace Headgate.Gates;

/// <summary>
/// The permits of one API that were granted and whose attempts have not ended: a list through the permits themselves, which wait in no lane any
/// more; and those that were given up and may still arrive. Owned by the lock of its dispatcher.
/// </summary>
/// <param name="eras">Of which those are that are granted.</param>
/// <param name="now">The time.</param>
internal sealed class UnderWay(LimitEras eras, long now)
{
    private readonly Queue<LostPermit> _lost = new();
    private Permit? _first;

    public IEnumerable<Permit> All
    {
        get
        {
            for (var permit = _first; permit is not null; permit = permit.Next)
                yield return permit;
        }
    }

    /// <summary>Those that were given up and may still arrive; some of whose time is over are among them.</summary>
    public IEnumerable<LostPermit> Lost => _lost;

    /// <summary>When something was let go last; when it was made, while nothing was.</summary>
    public long LastAt { get; private set; } = now;

    /// <summary>Whether no request is under way that was granted up to a time.</summary>
    public bool HasEnded(long upTo) => All.All(permit => permit.GrantedAt > upTo || permit.Lane.Gate.CountsOpenOnly);

    public void Add(Permit permit)
    {
        (permit.Era, LastAt) = (eras.Present, permit.GrantedAt);
        permit.Next = _first;
        if (_first is not null)
            _first.Previous = permit;
        _first = permit;
    }

    public void Remove(Permit permit)
    {
        if (permit.Previous is null)
            _first = permit.Next;
        else
            permit.Previous.Next = permit.Next;
        if (permit.Next is not null)
            permit.Next.Previous = permit.Previous;
        permit.Next = permit.Previous = null;
    }

    /// <summary>One was given up.</summary>
    public void Lose(LostPermit lost)
    {
        while (_lost.TryPeek(out var oldest) && oldest.Until < lost.At)
            _lost.Dequeue();
        _lost.Enqueue(lost);
    }
}

/// <summary>An attempt that was given up.</summary>
/// <param name="Permit">Its permit, which has ended.</param>
/// <param name="WasAnswered">Its headers had come.</param>
/// <param name="At">When it was given up.</param>
/// <param name="Until">Until when it may arrive.</param>
internal readonly record struct LostPermit(Permit Permit, bool WasAnswered, long At, long Until);

/// <summary>A limit that was not there before.</summary>
/// <param name="Limit">Where it is kept.</param>
/// <param name="Like">The one beside it, or before it, that counted the same: what that had in flight is in the new one already. Null for none.</param>
/// <param name="IsRecorded">What has ended is in it already, from the record of the sends.</param>
internal readonly record struct AddedLimit(Checkpoint Limit, Checkpoint? Like, bool IsRecorded = false)
{
    /// <summary>All that is under way, and what was given up and may still arrive, counts in it.</summary>
    /// <param name="all">What is under way.</param>
    /// <param name="concerns">Whether a permit is one of the scope of the limit.</param>
    /// <param name="now">The time.</param>
    public void Join(UnderWay all, Func<Permit, bool> concerns, long now)
    {
        foreach (var permit in all.All.Where(concerns))
            Join(permit, now);
        if (IsRecorded)
            return;
        foreach (var lost in all.Lost.Where(lost => lost.Until > now && concerns(lost.Permit)))
            Join(lost);
    }

    /// <summary>As if it had been there from the start: what becomes of the attempt is told to it, too.</summary>
    private void Join(Permit permit, long now)
    {
        if (permit.Lane.Gate.CountsOpenOnly && !Limit.CountsOpen)
            return;
        var (ofKey, ofProxy) = (permit.Key?.Scope == Limit.Scope, permit.Proxy?.Scope == Limit.Scope);
        var units = Limit.UnitsOf(permit.Cost);
        if (units == 0)
            return;
        var places = ofKey ? permit.TakenOfKey : ofProxy ? permit.TakenOfProxy : permit.Taken;
        if (Like is null || !places.Contains(Like))
            TakeUp(permit, units, permit.State >= PermitState.Sent, permit.State == PermitState.Answered, now);
        if (ofKey)
            permit.TakenOfKey = [.. places, Limit];
        else if (ofProxy)
            permit.TakenOfProxy = [.. places, Limit];
        else
            permit.Taken = [.. places, Limit];
    }

    private void Join(LostPermit lost)
    {
        var (state, permit, units) = (Limit.State, lost.Permit, Limit.UnitsOf(lost.Permit.Cost));
        if (units == 0 || (Like is not null && (permit.Taken.Contains(Like) || permit.TakenOfKey.Contains(Like) || permit.TakenOfProxy.Contains(Like))))
            return;
        TakeUp(permit, units, isSent: true, lost.WasAnswered, lost.At);
        state.Forfeit(units, lost.At);
        state.Ended(units, permit.SentAt, isAborted: true, lost.At);
        if (!lost.WasAnswered)
            state.Lost(units, permit.SentAt, lost.At);
    }

    private void TakeUp(Permit permit, long units, bool isSent, bool isAnswered, long now)
    {
        Limit.State.Take(units);
        if (isSent)
            Limit.State.Sent(units, permit.SentAt);
        if (isAnswered)
            Limit.State.Answered(units, permit.SentAt, now);
    }
}
