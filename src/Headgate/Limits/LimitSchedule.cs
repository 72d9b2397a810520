namespace Headgate.Limits;

/// <summary>The times of the week at which a limit holds: <c>Mon-Fri 09:00-18:00</c>, in the limit's zone. Immutable; equality is by value.</summary>
/// <param name="Days">The days, a bit each, Sunday the lowest.</param>
/// <param name="From">The time of day at which it begins to hold.</param>
/// <param name="To">The time of day at which it ends; not after <paramref name="From"/> means on the next day.</param>
public sealed record LimitSchedule(int Days, TimeSpan From, TimeSpan To)
{
    /// <summary>Whether the limit holds at a time.</summary>
    /// <param name="utc">The time.</param>
    /// <param name="zone">The zone whose days and hours are meant.</param>
    public bool Holds(DateTimeOffset utc, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(utc, zone);
        var time = local.TimeOfDay;
        if (From < To)
            return OnDay(local.DayOfWeek) && time >= From && time < To;
        // Over midnight: the evening of a day that counts, or the morning after one.
        return (OnDay(local.DayOfWeek) && time >= From) || (OnDay(local.AddDays(-1).DayOfWeek) && time < To);
    }

    private bool OnDay(DayOfWeek day) => (Days & (1 << (int)day)) != 0;
}
