namespace Headgate.Gates;

/// <summary>The place of a lane in the order of turns of one constraint it needs, wherever the lane is parked.</summary>
/// <remarks>
/// Every constraint has a virtual time of its own, since what two lanes have had of one limit says nothing of another. Those of the keys of
/// a pool go by the pool's.
/// </remarks>
internal sealed class Claim(Lane lane, Constraint constraint, Claim? pool = null)
{
    /// <summary>Its place among all that wait and need the constraint; -1 while the lane does not wait.</summary>
    public int Place = -1;

    private long _tag = long.MinValue / 2;

    public Lane Lane => lane;

    public Constraint Constraint => constraint;

    /// <summary>Whether it follows the turns of a pool, which is told of grants itself.</summary>
    public bool FollowsPool => pool is not null;

    /// <summary>S of start-time fair queueing: in nanoseconds of service of the constraint.</summary>
    public long Tag
    {
        get => pool is null ? _tag : pool._tag;
        set => _tag = value;
    }

    public bool IsStanding => Place >= 0;

    /// <summary>Whether its turn comes before another's. Who does not wait comes after all of its level who do.</summary>
    public bool IsBefore(Claim other)
    {
        if (lane.Level != other.Lane.Level)
            return lane.Level < other.Lane.Level;
        return !other.Lane.IsWaiting || Compare(this, other) < 0;
    }

    /// <summary>A total order, so that reservations at one limit can never wait for each other in a ring.</summary>
    public static int Compare(Claim one, Claim other)
    {
        if (one.Lane.Level != other.Lane.Level)
            return one.Lane.Level.CompareTo(other.Lane.Level);
        var (tag, othersTag) = (one.Tag, other.Tag);
        return tag != othersTag ? tag.CompareTo(othersTag) : one.Lane.Order.CompareTo(other.Lane.Order);
    }
}

/// <summary>All that wait and need a constraint.</summary>
internal readonly struct ByTurn : IHeapOrder<Claim>
{
    public static ref int PlaceOf(Claim item) => ref item.Place;

    public int Compare(Claim? x, Claim? y) => Claim.Compare(x!, y!);
}

/// <summary>The lanes parked at one constraint.</summary>
internal readonly struct ByTurnHere : IHeapOrder<Lane>
{
    public static ref int PlaceOf(Lane item) => ref item.Place;

    public int Compare(Lane? x, Lane? y) => Claim.Compare(x!.Parked!, y!.Parked!);
}
