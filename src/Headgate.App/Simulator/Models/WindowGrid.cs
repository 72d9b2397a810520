namespace Headgate.App.Simulator.Models;

/// <summary>Where fixed windows end: at the multiples of a period since the Unix epoch, or at midnights of a zone.</summary>
internal abstract class WindowGrid
{
    /// <summary>The first moment that is not in the window of <paramref name="now"/>; both in ticks since the Unix epoch.</summary>
    public abstract long EndOfWindow(long now);

    public static WindowGrid Epoch(long period) => new EpochGrid(period);

    /// <summary>Days, weeks from Monday, or months, as a clock on a wall in the zone tells them: 23 and 25 hours happen.</summary>
    public static WindowGrid Calendar(TimeZoneInfo zone, CalendarUnit unit) => new CalendarGrid(zone, unit);

    private sealed class EpochGrid(long period) : WindowGrid
    {
        public override long EndOfWindow(long now) => (now / period + 1) * period;
    }

    private sealed class CalendarGrid(TimeZoneInfo zone, CalendarUnit unit) : WindowGrid
    {
        public override long EndOfWindow(long now)
        {
            var day = TimeZoneInfo.ConvertTime(DateTimeOffset.UnixEpoch.AddTicks(now), zone).Date;
            var next = unit switch
            {
                CalendarUnit.Day => day.AddDays(1),
                // In .NET Sunday is 0.
                CalendarUnit.Week => day.AddDays(7 - ((int)day.DayOfWeek + 6) % 7),
                _ => new DateTime(day.Year, day.Month, 1, 0, 0, 0, DateTimeKind.Unspecified).AddMonths(1),
            };
            return FirstMoment(next) - DateTimeOffset.UnixEpoch.Ticks;
        }

        /// <summary>When that day begins, in UTC. Some zones change their clocks at midnight: then it begins at one, or twice; the first counts.</summary>
        private long FirstMoment(DateTime midnight)
        {
            while (zone.IsInvalidTime(midnight))
                midnight = midnight.AddMinutes(15);
            var offset = zone.IsAmbiguousTime(midnight) ? zone.GetAmbiguousTimeOffsets(midnight).Max() : zone.GetUtcOffset(midnight);
            return (midnight - offset).Ticks;
        }
    }
}

internal enum CalendarUnit
{
    Day,
    Week,
    Month,
}
