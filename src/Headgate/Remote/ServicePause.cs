namespace Headgate.Remote;

/// <summary>How long to wait before a service is called again. Pure.</summary>
internal static class ServicePause
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>Longer than that nobody is asked to wait in earnest; then it is asked again.</summary>
    private static readonly TimeSpan LongestAsked = TimeSpan.FromMinutes(1);

    /// <summary>The pause after so many calls in vain, from 0.</summary>
    /// <param name="times">How many there were before.</param>
    /// <param name="asked">What the service asked for; null for nothing.</param>
    /// <param name="chance">From 0 to 1: callers that failed together do not come back together.</param>
    public static TimeSpan After(int times, TimeSpan? asked, double chance)
    {
        var own = TimeSpan.FromTicks(Math.Min(First.Ticks << Math.Min(times, 20), Longest.Ticks)) * (0.5 + chance / 2);
        return asked is { } told ? (told < LongestAsked ? told : LongestAsked) + own : own;
    }
}
