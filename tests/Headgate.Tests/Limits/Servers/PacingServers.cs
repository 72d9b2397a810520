namespace Headgate.Tests.Limits.Servers;

/// <summary>A token bucket: B tokens at most, N more in each P.</summary>
internal sealed class BucketServer(long room, long amount, long period) : ModelServer
{
    /// <summary>Tokens × period; full at the start.</summary>
    private Int128 _tokens = (Int128)room * period;
    private long? _at;

    public override bool Accepts(long at, long cost)
    {
        Fill(at);
        if (_tokens < (Int128)cost * period)
            return false;
        _tokens -= (Int128)cost * period;
        return true;
    }

    public override void Count(long at, long cost)
    {
        Fill(at);
        _tokens = Int128.Max(0, _tokens - (Int128)cost * period);
    }

    private void Fill(long at)
    {
        if (_at is { } before)
            _tokens = Int128.Min((Int128)room * period, _tokens + (Int128)(at - before) * amount);
        _at = at;
    }
}

/// <summary>The generic cell rate algorithm with B cells of tolerance: remembers one theoretical arrival time.</summary>
internal sealed class GcraServer(long room, long amount, long period) : ModelServer
{
    /// <summary>Time × N, so that P/N is a whole number.</summary>
    private Int128 _theoretical = Int128.MinValue / 4;

    public override bool Accepts(long at, long cost)
    {
        var now = (Int128)at * amount;
        var next = Int128.Max(_theoretical, now) + (Int128)cost * period;
        if (next - now > (Int128)room * period)
            return false;
        _theoretical = next;
        return true;
    }

    public override void Count(long at, long cost) => throw new NotSupportedException("not used across a change");
}

/// <summary>At least P/N between one arrival and the next, for each unit of the one before.</summary>
internal sealed class SpacedServer(long amount, long period) : ModelServer
{
    private (long At, long Cost)? _last;

    public override bool Accepts(long at, long cost)
    {
        if (_last is { } last && (Int128)(at - last.At) * amount < (Int128)period * last.Cost)
            return false;
        Count(at, cost);
        return true;
    }

    public override void Count(long at, long cost) => _last = (at, cost);
}

/// <summary>At most N at once: each counts from its arrival until the server is done with it.</summary>
internal static class ConcurrentServer
{
    public static string? Refuses(long amount, IEnumerable<(long From, long To, long Cost)> served)
    {
        // Whoever is done at an instant makes room for whoever arrives then.
        var edges = served.Where(s => s.To > s.From)
            .SelectMany(s => new[] { (At: s.From, Cost: s.Cost), (At: s.To, Cost: -s.Cost) }).OrderBy(e => e.At).ThenBy(e => e.Cost);
        long inFlight = 0;
        foreach (var (at, cost) in edges)
            if ((inFlight += cost) > amount)
                return $"{inFlight} at once at {at}";
        return null;
    }
}
