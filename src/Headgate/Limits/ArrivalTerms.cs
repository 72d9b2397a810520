using Headgate.Time;

namespace Headgate.Limits;

/// <summary>What is known of the moment a request arrives: shared by the limits of one API. Owned by the lock of its dispatcher.</summary>
internal sealed class ArrivalTerms(LimitTiming timing, long bound, long straggle)
{
    /// <summary>D before the connect round trip was measured: the least that is assumed.</summary>
    public const long LeastBound = 250 * Clock.Millisecond;

    public const long DefaultStraggle = 2 * Clock.Second;

    private const long MostDoubled = 60 * Clock.Second;

    /// <summary>The terms of the API, for a limit that has its own: refusals there are lessons here.</summary>
    private readonly ArrivalTerms? _api;

    /// <summary>D was said of the limit itself: what is learned of connects changes nothing.</summary>
    private readonly bool _isGiven;
    private long _least = bound;
    private int _doublings;

    private ArrivalTerms(LimitTiming timing, long bound, long straggle, ArrivalTerms api, bool isGiven) : this(timing, bound, straggle) => (_api, _isGiven) = (api, isGiven);

    /// <summary>Every unit is settled together with the requests, when a lease is given back: a limiter knows no headers and no body.</summary>
    public bool SettlesTogether { get; init; }

    public static ArrivalTerms Nominal => new(LimitTiming.Nominal, 0, 0);

    public LimitTiming Timing => timing;

    /// <summary>D: a request arrives within this of its first byte (only with bounded timing), in nanoseconds.</summary>
    public long Bound => Math.Max(Least, (long)Int128.Min((Int128)Least << (_api ?? this)._doublings, MostDoubled));

    private long Least => _api is null || _isGiven ? _least : Math.Max(_least, _api._least);

    /// <summary>Nothing arrives later than this after we gave up, in nanoseconds.</summary>
    public long Straggle => straggle;

    /// <summary>What to expect, for fairness only, of something that has not been sent yet.</summary>
    public long LikelyBound => timing switch { LimitTiming.Nominal => 0, LimitTiming.Bounded => Bound, _ => LeastBound };

    /// <summary>By when something arrives whose answer nobody will tell: with guaranteed timing the usual attempt timeout.</summary>
    public long Longest => timing == LimitTiming.Guaranteed ? 30 * Clock.Second : Bound;

    /// <summary>When something that is answered now had arrived at the latest.</summary>
    public long Late(long sent, long now) => timing switch
    {
        LimitTiming.Nominal => sent,
        LimitTiming.Bounded => Math.Min(now, sent + Bound),
        _ => now,
    };

    /// <summary>D is at least 4 × the round trip of a connect.</summary>
    public void Learn(long connectRoundTrip) => _least = Math.Max(_least, 4 * connectRoundTrip);

    /// <summary>D is at least that of others, of an API whose requests count here too.</summary>
    public void AtLeast(ArrivalTerms others)
    {
        if (timing == LimitTiming.Bounded && others.Timing == LimitTiming.Bounded)
            _least = Math.Max(_least, others.Bound);
    }

    /// <summary>A refusal within the allowed rate: arrivals were later than assumed.</summary>
    public void Double()
    {
        if (Bound < MostDoubled && _doublings < 30)
            _doublings++;
    }

    /// <summary>Whether a limit is counted by these as by the others.</summary>
    public bool IsLike(ArrivalTerms other) => this == other || (timing == other.Timing && (timing == LimitTiming.Nominal || (_api is not null && _api == other._api)));

    /// <summary>The terms of a limit, which may say otherwise than its API.</summary>
    public ArrivalTerms For(Limit limit)
    {
        if (limit.Timing is not { } own || (own == timing && limit.Bound is null))
            return this;
        if (own == LimitTiming.Nominal)
            return Nominal;
        // Where the API is nominal nobody has said how long a straggler may take.
        var latest = timing == LimitTiming.Nominal && straggle == 0 ? DefaultStraggle : straggle;
        return new ArrivalTerms(own, limit.Bound is { } given ? Clock.Nanoseconds(given) : Math.Max(_least, LeastBound), latest, this, limit.Bound is not null);
    }
}
