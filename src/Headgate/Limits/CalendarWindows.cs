using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// Where fixed windows begin: multiples of P since the epoch, or the days, weeks (from Monday) and months of a zone, some of them 23 or
/// 25 h a day. Remembers the last window it was asked for.
/// </summary>
internal sealed class CalendarWindows(Limit limit)
{
    private readonly long _period = Clock.Nanoseconds(limit.Period);
    private readonly TimeZoneInfo _zone = limit.Zone ?? TimeZoneInfo.Utc;
    private readonly bool _isWeekly = limit.Period == TimeSpan.FromDays(7);
    private readonly bool _isAligned = limit.Zone is null ? !limit.IsMonthly : !AreOfCalendar(limit);
    private (long Index, long Start, long End) _last = (0, 0, -1);

    /// <summary>Whether the windows of a limit with a zone are its days, weeks or months; others count from the epoch wherever they are.</summary>
    public static bool AreOfCalendar(Limit limit) => limit.IsMonthly || limit.Period == TimeSpan.FromDays(1) || limit.Period == TimeSpan.FromDays(7);

    /// <summary>How much longer than P a window can be: clocks are set back by up to two hours (Troll), and zones have moved by one more.</summary>
    public static TimeSpan Excess(Limit limit) => limit.Zone is null ? TimeSpan.Zero : TimeSpan.FromHours(3);

    /// <summary>The number of the window a moment lies in.</summary>
    public long IndexOf(long unix)
    {
        if (_isAligned)
            return unix >= 0 ? unix / _period : (unix + 1) / _period - 1;
        if (unix < _last.Start || unix >= _last.End)
        {
            var index = Find(unix);
            _last = (index, StartOf(index), StartOf(index + 1));
        }
        return _last.Index;
    }

    /// <summary>The moment a window begins.</summary>
    public long StartOf(long index)
    {
        if (_isAligned)
            return index * _period;
        var local = limit.IsMonthly ? new DateTime((int)(index / 12), (int)(index % 12) + 1, 1)
            : DateOnly.FromDayNumber((int)(_isWeekly ? index * 7 : index)).ToDateTime(TimeOnly.MinValue);
        // Where midnight is skipped the day begins when the clock has jumped; where it comes twice, at the first.
        while (_zone.IsInvalidTime(local))
            local = local.AddMinutes(15);
        var offset = _zone.IsAmbiguousTime(local) ? _zone.GetAmbiguousTimeOffsets(local).Max() : _zone.GetUtcOffset(local);
        return Clock.Nanoseconds(new DateTimeOffset(local, offset) - DateTimeOffset.UnixEpoch);
    }

    private long Find(long unix)
    {
        var local = TimeZoneInfo.ConvertTime(DateTimeOffset.UnixEpoch.AddTicks(unix / 100), _zone).DateTime;
        if (limit.IsMonthly)
            return local.Year * 12L + local.Month - 1;
        var day = DateOnly.FromDateTime(local).DayNumber;
        return _isWeekly ? day / 7 : day;
    }
}
