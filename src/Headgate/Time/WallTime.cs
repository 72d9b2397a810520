namespace Headgate.Time;

/// <summary>
/// How a wall clock stands to the monotonic one: ours, or a server's as far as its answers have told.
/// Calendar windows and schedules need it; sliding ones do not. Not thread-safe: owned by the lock of its dispatcher.
/// </summary>
internal sealed class WallTime(long offset, long skew, bool isKnown)
{
    /// <summary>Clocks run alike within one part in so many (100 ppm).</summary>
    private const long Drift = 10_000;

    /// <summary>When the clock was last heard of; never, for one that we read ourselves.</summary>
    private long _learnedAt = long.MaxValue;

    /// <summary>Wall clock minus monotonic clock, in nanoseconds, at the middle of what is possible.</summary>
    public long Offset { get; private set; } = offset;

    /// <summary>θ: how far the true difference may lie from <see cref="Offset"/> to either side, in nanoseconds.</summary>
    public long Skew { get; private set; } = skew;

    /// <summary>Whether anything is known of the clock.</summary>
    public bool IsKnown { get; private set; } = isKnown;

    /// <summary>Changes whenever the clock is not where it was thought to be; not when it only becomes known better.</summary>
    public int Version { get; private set; } = isKnown ? 1 : 0;

    public static WallTime Ours(Clock clock) => new(clock.UnixNow - clock.Now, 0, isKnown: true);

    /// <summary>A server's clock, of which nothing is known until an answer carries a Date.</summary>
    public static WallTime Unknown() => new(0, 0, isKnown: false);

    /// <summary>θ at a later time: clocks drift apart when nothing is heard for longer than <paramref name="covered"/>, which the guard allows for.</summary>
    public long SkewAt(long now, long covered) => now - covered <= _learnedAt ? Skew : Skew + (now - covered - _learnedAt) / Drift + 1;

    /// <summary>
    /// Learns from the Date of an answer (RFC 9110 §6.6.1: whole seconds, cut off): at some moment between the send and the answer the
    /// server's clock stood within [date, date + 2 s), since servers renew the text only once a second (Kestrel by a timer).
    /// Narrows the interval; starts anew if the server's clock was set.
    /// </summary>
    public void Learn(long sent, long answered, long dateUnix)
    {
        // A date out of reason would break the calendar instead of telling anything.
        if (dateUnix is < 0 or > long.MaxValue / 2)
            return;
        var (low, high) = (dateUnix - answered, dateUnix + 2 * Clock.Second - sent);
        var drift = IsKnown && answered > _learnedAt ? (answered - _learnedAt) / Drift + 1 : 0;
        var (knownLow, knownHigh) = (Offset - Skew - drift, Offset + Skew + drift);
        if (IsKnown && Math.Max(low, knownLow) <= Math.Min(high, knownHigh))
            (low, high) = (Math.Max(low, knownLow), Math.Min(high, knownHigh));
        else
            Version++;
        Offset = low + (high - low) / 2;
        Skew = (high - low + 1) / 2;
        IsKnown = true;
        _learnedAt = _learnedAt == long.MaxValue ? answered : Math.Max(_learnedAt, answered);
    }

    /// <summary>Follows our own wall clock; a step of more than a millisecond counts as having been set.</summary>
    public void Set(long offset)
    {
        if (Math.Abs(offset - Offset) > Clock.Millisecond)
            Version++;
        Offset = offset;
    }
}
