namespace Headgate.Time;

/// <summary>
/// How a wall clock stands to the monotonic one: ours, or a server's as far as its answers have told.
/// Calendar windows and schedules need it; sliding ones do not. Not thread-safe: owned by the lock of its dispatcher.
/// </summary>
internal sealed class WallTime(long offset, long skew, bool isKnown)
{
    /// <summary>Wall clock minus monotonic clock, in nanoseconds, at the middle of what is possible.</summary>
    public long Offset { get; private set; } = offset;

    /// <summary>θ: how far the true difference may lie from <see cref="Offset"/> to either side, in nanoseconds.</summary>
    public long Skew { get; private set; } = skew;

    /// <summary>Whether anything is known of the clock.</summary>
    public bool IsKnown { get; private set; } = isKnown;

    public static WallTime Ours(Clock clock) => new(clock.UnixNow - clock.Now, 0, isKnown: true);

    /// <summary>A server's clock, of which nothing is known until an answer carries a Date.</summary>
    public static WallTime Unknown() => new(0, 0, isKnown: false);

    /// <summary>
    /// Learns from the Date of an answer (RFC 9110 §6.6.1: whole seconds, cut off): the server's clock stood within
    /// [date, date + 1 s) at some moment between the send and the answer. Narrows the interval; starts anew if the server's clock was set.
    /// </summary>
    public void Learn(long sent, long answered, long dateUnix)
    {
        var (low, high) = (dateUnix - answered, dateUnix + Clock.Second - sent);
        if (IsKnown)
        {
            var (newLow, newHigh) = (Math.Max(low, Offset - Skew), Math.Min(high, Offset + Skew));
            if (newLow <= newHigh)
                (low, high) = (newLow, newHigh);
        }
        Offset = low + (high - low) / 2;
        Skew = (high - low + 1) / 2;
        IsKnown = true;
    }

    /// <summary>Follows a step of our own wall clock.</summary>
    public void Set(long offset) => Offset = offset;
}
