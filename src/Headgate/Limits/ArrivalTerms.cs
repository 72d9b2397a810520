using Headgate.Time;

namespace Headgate.Limits;

/// <summary>What is known of the moment a request arrives: shared by the limits of one API. Owned by the lock of its dispatcher.</summary>
internal sealed class ArrivalTerms(LimitTiming timing, long bound, long straggle)
{
    /// <summary>D before the connect round trip was measured: the least that is assumed.</summary>
    public const long LeastBound = 250 * Clock.Millisecond;

    public const long DefaultStraggle = 2 * Clock.Second;

    public static ArrivalTerms Nominal => new(LimitTiming.Nominal, 0, 0);

    public LimitTiming Timing => timing;

    /// <summary>D: a request arrives within this of its first byte (only with bounded timing), in nanoseconds.</summary>
    public long Bound { get; private set; } = bound;

    /// <summary>Nothing arrives later than this after we gave up, in nanoseconds.</summary>
    public long Straggle => straggle;

    /// <summary>What to expect, for fairness only, of something that has not been sent yet.</summary>
    public long LikelyBound => timing switch { LimitTiming.Nominal => 0, LimitTiming.Bounded => Bound, _ => LeastBound };

    /// <summary>D is at least 4 × the round trip of a connect.</summary>
    public void Learn(long connectRoundTrip) => Bound = Math.Max(Bound, 4 * connectRoundTrip);

    /// <summary>A refusal within the allowed rate: arrivals were later than assumed.</summary>
    public void Double() => Bound = Math.Min(Bound * 2, 60 * Clock.Second);
}
