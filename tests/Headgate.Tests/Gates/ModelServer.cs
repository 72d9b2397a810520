using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Gates;

/// <summary>A server that counts what arrives by a limit, sharing no line with the engine: it is told of arrivals and says what was too much.</summary>
internal sealed class ModelServer(string name, Limit limit, long offset)
{
    private readonly List<(long At, long Cost)> _arrivals = [];
    private readonly List<(long From, Limit Limit)> _limits = [(long.MinValue, limit)];
    private readonly List<(long At, long By)> _inFlight = [];

    public string Name => name;

    public Limit Now => _limits[^1].Limit;

    /// <summary>The limit is another for all that is let go from now on.</summary>
    public void Change(Limit limit, long now) => _limits.Add((now, limit));

    public void Arrives(long at, long cost) => _arrivals.Add((at, cost));

    public void IsThere(long from, long to, long cost)
    {
        _inFlight.Add((from, cost));
        _inFlight.Add((to, -cost));
    }

    /// <summary>What went wrong, or null.</summary>
    /// <param name="grants">When something was let go that counts here: a limit lowered binds from the first grant after.</param>
    public string? Verdict(IReadOnlyList<long> grants)
    {
        _arrivals.Sort();
        for (var index = 0; index < _limits.Count; index++)
        {
            var until = index + 1 < _limits.Count ? _limits[index + 1].From - 1 : long.MaxValue;
            var first = grants.Where(at => at >= _limits[index].From && at <= until).DefaultIfEmpty(long.MaxValue).Min();
            if (Judge(_limits[index].Limit, first, until) is { } wrong)
                return $"{name} [{_limits[index].Limit} since {_limits[index].From}, first let go after that at {first}]: {wrong}";
        }
        return null;
    }

    private string? Judge(Limit limit, long from, long until) => limit.Algorithm switch
    {
        LimitAlgorithm.Sliding => Sliding(limit, from, until),
        LimitAlgorithm.Bucket => Bucket(limit, from, until),
        LimitAlgorithm.Spaced => Spaced(limit, from, until),
        LimitAlgorithm.Fixed => Fixed(limit, from, until),
        LimitAlgorithm.Concurrent => Concurrent(limit, from, until),
        _ => throw new NotSupportedException(limit.ToString()),
    };

    private string? Sliding(Limit limit, long from, long until)
    {
        var period = Clock.Nanoseconds(limit.Period);
        var (start, sum) = (0, 0L);
        for (var end = 0; end < _arrivals.Count; end++)
        {
            sum += _arrivals[end].Cost;
            while (_arrivals[start].At <= _arrivals[end].At - period)
                sum -= _arrivals[start++].Cost;
            if (_arrivals[end].At >= from && _arrivals[end].At <= until && sum > limit.Amount)
                return $"{sum} arrived within {limit.Period}, the last at {_arrivals[end].At}";
        }
        return null;
    }

    private string? Bucket(Limit limit, long from, long until)
    {
        // Units times period, so that nothing is rounded; at each rate for as long as it was in force.
        var period = (Int128)Clock.Nanoseconds(limit.Period);
        var (level, at, rate) = ((Int128)0, 0L, 0);
        foreach (var (arrival, cost) in _arrivals)
        {
            for (; rate + 1 < _limits.Count && _limits[rate + 1].From <= arrival; at = Math.Max(at, _limits[++rate].From))
                level = Int128.Max(0, level - (Int128)(_limits[rate + 1].From - at) * _limits[rate].Limit.Amount);
            level = Int128.Max(0, level - (Int128)(arrival - at) * _limits[rate].Limit.Amount) + cost * period;
            at = arrival;
            if (arrival >= from && arrival <= until && level > limit.Burst * period)
                return $"the level is {(double)level / (double)period:0.###} of {limit.Burst} at {arrival}";
        }
        return null;
    }

    private string? Spaced(Limit limit, long from, long until)
    {
        for (var index = 1; index < _arrivals.Count; index++)
        {
            var (before, at) = (_arrivals[index - 1], _arrivals[index].At);
            var gap = (Int128)Clock.Nanoseconds(limit.Period) * before.Cost;
            if (at >= from && at <= until && before.At >= from && (Int128)(at - before.At) * limit.Amount < gap)
                return $"only {at - before.At} ns apart at {at}";
        }
        return null;
    }

    private string? Fixed(Limit limit, long from, long until)
    {
        var period = Clock.Nanoseconds(limit.Period);
        foreach (var window in _arrivals.GroupBy(arrival => (arrival.At + offset) / period))
            if (window.Sum(arrival => arrival.Cost) > limit.Amount && window.Max(arrival => arrival.At) is var last && last >= from && last <= until)
                return $"{window.Sum(arrival => arrival.Cost)} in the window of {last}";
        return null;
    }

    private string? Concurrent(Limit limit, long from, long until)
    {
        var there = 0L;
        foreach (var (at, by) in _inFlight.OrderBy(change => change.At).ThenBy(change => change.By))
            if ((there += by) > limit.Amount && at >= from && at <= until && by > 0)
                return $"{there} at once at {at}";
        return null;
    }
}
