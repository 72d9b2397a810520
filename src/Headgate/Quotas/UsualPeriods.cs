namespace Headgate.Quotas;

/// <summary>The periods that people choose for limits.</summary>
internal static class UsualPeriods
{
    private static readonly TimeSpan[] Periods =
    [
        .. from seconds in (int[])[1, 2, 5, 10, 15, 30] select TimeSpan.FromSeconds(seconds),
        .. from minutes in (int[])[1, 2, 5, 10, 15, 30] select TimeSpan.FromMinutes(minutes),
        .. from hours in (int[])[1, 2, 3, 4, 5, 6, 8, 12] select TimeSpan.FromHours(hours),
        .. from days in (int[])[1, 7, 30, 366] select TimeSpan.FromDays(days),
    ];

    public static TimeSpan Longest => Periods[^1];

    /// <summary>The shortest that is not shorter than this; beyond the longest, that.</summary>
    public static TimeSpan AtLeast(TimeSpan length)
    {
        foreach (var period in Periods)
            if (period >= length)
                return period;
        return Periods[^1];
    }

    /// <summary>The next longer one.</summary>
    public static TimeSpan After(TimeSpan period) => AtLeast(period + TimeSpan.FromTicks(1));
}
