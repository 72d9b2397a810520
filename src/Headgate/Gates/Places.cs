using Headgate.Limits;

namespace Headgate.Gates;

/// <summary>What happens to the places a cost holds in some limits, through the life of an attempt.</summary>
internal static class Places
{
    /// <summary>Whether a cost holds anything in them that has to be given back.</summary>
    public static bool Keep(Checkpoint[] places, Cost cost)
    {
        foreach (var place in places)
            if (place.IsKept && place.UnitsOf(cost) > 0 && !cost.TakesNothing)
                return true;
        return false;
    }

    public static void Take(Checkpoint[] places, Cost cost, long now)
    {
        foreach (var place in places)
        {
            if (place.UnitsOf(cost) is not (var units and > 0))
                continue;
            place.State.Take(units);
            place.Granted++;
            (place.State as HoldState)?.Granted(now);
        }
    }

    public static void Send(Checkpoint[] places, Cost cost, long at)
    {
        foreach (var place in places)
            if (place.UnitsOf(cost) is var units and > 0)
                place.State.Sent(units, at);
    }

    public static void Answer(Checkpoint[] places, Cost cost, long sent, long now)
    {
        foreach (var place in places)
            if (place.UnitsOf(cost) is var units and > 0)
                place.State.Answered(units, sent, now);
    }

    /// <summary>Units other than requests come to what is known of them, else to what was declared.</summary>
    public static void End(Checkpoint[] places, Cost cost, Cost? actual, long sent, long now)
    {
        foreach (var place in places)
        {
            if (place.UnitsOf(cost) is not (var units and > 0))
                continue;
            place.State.Settle(units, actual is null ? units : place.UnitsOf(actual), now);
            place.State.Ended(units, sent, isAborted: false, now);
        }
    }

    public static void Lose(Checkpoint[] places, Cost cost, long sent, bool wasAnswered, long now)
    {
        foreach (var place in places)
        {
            if (place.UnitsOf(cost) is not (var units and > 0))
                continue;
            place.State.Forfeit(units, now);
            place.State.Ended(units, sent, isAborted: true, now);
            if (!wasAnswered)
                place.State.Lost(units, sent, now);
        }
    }

    public static void Return(Checkpoint[] places, Cost cost)
    {
        foreach (var place in places)
            if (place.UnitsOf(cost) is var units and > 0)
                place.State.Return(units);
    }

    /// <summary>All at once, where there is no separate send, answer and end: what it came to is known.</summary>
    public static void Settle(Checkpoint[] places, Cost cost, Cost actual, long sent, long now)
    {
        foreach (var place in places)
        {
            if (place.UnitsOf(cost) is not (var units and > 0))
                continue;
            place.State.Settled(units, place.UnitsOf(actual), sent, now);
            place.State.Ended(units, sent, isAborted: false, now);
        }
    }
}
