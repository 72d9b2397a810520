using System.Globalization;

namespace Headgate.Tests.Limits.Servers;

/// <summary>At most N in any (t − P, t]; with a strict edge in any [t − P, t].</summary>
internal sealed class SlidingServer(long amount, long period, bool isStrict = false) : ModelServer
{
    private readonly List<(long At, long Cost)> _log = [];

    public override bool Accepts(long at, long cost)
    {
        long sum = cost;
        for (var index = _log.Count - 1; index >= 0 && at - _log[index].At <= period; index--)
            if (isStrict || at - _log[index].At < period)
                sum += _log[index].Cost;
        if (sum > amount)
            return false;
        Count(at, cost);
        return true;
    }

    public override void Count(long at, long cost) => _log.Add((at, cost));
}

/// <summary>At most N in a window that begins with the first request after the last one ended.</summary>
internal sealed class FirstRequestServer(long amount, long period) : ModelServer
{
    private long? _start;
    private long _count;

    public override bool Accepts(long at, long cost)
    {
        if (_start is not { } start || at - start >= period)
            (_start, _count) = (at, 0);
        if (_count + cost > amount)
            return false;
        _count += cost;
        return true;
    }

    public override void Count(long at, long cost) => throw new NotSupportedException("not used across a change");
}

/// <summary>At most N under each name a moment has: the number of a window, or a date.</summary>
internal sealed class FixedServer(long amount, Func<long, string> nameOf) : ModelServer
{
    private readonly Dictionary<string, long> _counts = [];

    public static FixedServer Aligned(long amount, long period, long offset) =>
        new(amount, at => Math.Floor((decimal)(at + offset) / period).ToString(CultureInfo.InvariantCulture));

    /// <summary>By the calendar of a zone; <paramref name="offset"/> is the server's wall clock minus the time given.</summary>
    public static FixedServer Calendar(long amount, TimeZoneInfo zone, string unit, long offset) => new(amount, at =>
    {
        var local = TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeMilliseconds(0).AddTicks((at + offset) / 100), zone);
        return unit switch
        {
            "day" => local.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            "month" => local.ToString("yyyy-MM", CultureInfo.InvariantCulture),
            _ => $"{ISOWeek.GetYear(local.DateTime)}-W{ISOWeek.GetWeekOfYear(local.DateTime)}",
        };
    });

    public override bool Accepts(long at, long cost)
    {
        if (_counts.GetValueOrDefault(nameOf(at)) + cost > amount)
            return false;
        Count(at, cost);
        return true;
    }

    public override void Count(long at, long cost) => _counts[nameOf(at)] = _counts.GetValueOrDefault(nameOf(at)) + cost;
}

/// <summary>The two-window counter of gateways: the count of this window and the part of the last one that still lies within P.</summary>
internal sealed class CounterServer(long amount, long period, long offset) : ModelServer
{
    private readonly Dictionary<long, long> _counts = [];

    public override bool Accepts(long at, long cost)
    {
        var (window, elapsed) = Math.DivRem(at + offset, period);
        var estimate = (Int128)_counts.GetValueOrDefault(window) * period + (Int128)_counts.GetValueOrDefault(window - 1) * (period - elapsed);
        if (estimate + (Int128)cost * period > (Int128)amount * period)
            return false;
        Count(at, cost);
        return true;
    }

    public override void Count(long at, long cost)
    {
        var window = (at + offset) / period;
        _counts[window] = _counts.GetValueOrDefault(window) + cost;
    }
}
