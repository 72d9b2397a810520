using Headgate.Configuration;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Resilience;

/// <summary>
/// The rate of one API from all that ask for one: the search after refusals that say nothing else, the tuner if it is on, and what this
/// machine can spare. The least of them holds. Pure, the time is an argument; owned by the dispatcher's lock.
/// </summary>
internal sealed class AdaptiveRate
{
    private readonly CubicRate _cubic;
    private readonly RateTuner? _tuner;
    private readonly SendRate _measured = new();
    private readonly OutcomeWindow _outcomes = new(10 * Clock.Second);
    private ResourceRelief _relief = ResourceRelief.None;

    /// <summary>Of the rate that was measured when the guard began to ask for less, so that the part is of something that stays.</summary>
    private long? _whole;

    public AdaptiveRate(AdaptiveConfiguration adaptive)
    {
        var ceiling = adaptive.Ceiling is { } limit ? RateOf(limit) : (long?)null;
        _cubic = new CubicRate(ceiling ?? long.MaxValue);
        _tuner = adaptive.Rate ? new RateTuner(ceiling) : null;
        Ceiling = ceiling;
    }

    /// <summary>What is never exceeded while any of them holds back, in thousandths of a request in a second.</summary>
    public long? Ceiling { get; }

    /// <summary>The rate for <see cref="PaceState.Set"/>, in thousandths of a request in a second; null for none.</summary>
    public long? Rate
    {
        get
        {
            var relieved = _whole is { } whole ? Math.Max(CubicRate.Floor, whole * _relief.Rate / 1000) : (long?)null;
            var apart = _relief.Gap > 0 ? Math.Max(1, Clock.Second * 1000 / _relief.Gap) : (long?)null;
            return Least(Least(_cubic.Rate, _tuner?.Rate), Least(relieved, apart));
        }
    }

    /// <summary>Refusals that lowered the rate.</summary>
    public int Refusals => _cubic.Refusals;

    /// <summary>The share of calls that failed in the last 10 s, in thousandths; null of fewer than 10.</summary>
    public int? ErrorsPerMille(long now) => _outcomes.Sum(now) is { Calls: >= RateTuner.LeastCalls } sum ? (int)(sum.Failures * 1000 / sum.Calls) : null;

    public void Sent(long now)
    {
        _measured.Sent(now);
        _cubic.Sent(now);
        _tuner?.Sent(now);
    }

    /// <summary>As <see cref="RateTuner.Ended"/>; every call that ended with an answer other than a refusal, or failed.</summary>
    public void Ended(bool isFailure, long latency, long wait, long now)
    {
        _outcomes.Add(isFailure, latency, now);
        _tuner?.Ended(isFailure, latency, wait, now);
        if (!isFailure)
            _cubic.Rise(now);
    }

    /// <summary>As <see cref="CubicRate.Refused"/>; only where no limit is known, by configuration or from headers.</summary>
    public bool Refused(long sentAt, long resumesAt, long now) => _cubic.Refused(sentAt, resumesAt, now);

    /// <summary>What <see cref="ResourceGuard"/> says.</summary>
    public void Relieve(ResourceRelief relief, long now)
    {
        _whole = relief.Rate == 1000 ? null : _whole ?? _measured.At(now);
        _relief = relief;
    }

    /// <summary>The rate of a limit, in thousandths of a request in a second.</summary>
    public static long RateOf(Limit limit) => Math.Max(1, (long)((Int128)limit.Amount * 1000 * TimeSpan.TicksPerSecond / Math.Max(1, limit.Period.Ticks)));

    private static long? Least(long? one, long? other) => one is null ? other : other is null ? one : Math.Min(one.Value, other.Value);
}
