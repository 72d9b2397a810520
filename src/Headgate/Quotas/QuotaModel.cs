using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Quotas;

/// <summary>
/// Learns a limit from what a server's answers tell of one quota. Pure arithmetic: the time is an argument, in monotonic nanoseconds.
/// One for each scope, resource and name of a quota; owned by whoever owns the scope.
/// </summary>
/// <remarks>
/// How much is told; how long mostly is not, and is concluded from the time until it comes back, which is never longer than the period:
/// the longest ever told, and the next usual period above it. That is enough for any server, since what we have sent leaves our window
/// no sooner than the server said it would leave its own; the period found too short at first grows while the server's does. Where all of
/// it is told to come back little by little, a share u that takes time t stands for a period of at most t/u, which is known sooner.
/// The limit is kept as sliding, which is safe for windows of any kind and for a bucket of the same size.
/// </remarks>
internal sealed class QuotaModel
{
    /// <summary>What was told longest ago is forgotten after so many periods, so that one wild answer does not slow us for ever.</summary>
    private const int Memory = 8;

    /// <summary>A refusal may have other causes than a period too short, so it is not lengthened without end.</summary>
    private const int MostWidened = 4;

    /// <summary>Where only "more" is told, times up to this may be those of one unit, and say nothing of the period.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(2);

    /// <summary>Times that are less than this many times the rounding of their header tell no share.</summary>
    private const int Coarse = 10;

    /// <summary>The longest period that explains the times told, less their rounding.</summary>
    private TimeSpan _longest;
    private TimeSpan _longestLately;
    private TimeSpan? _share;
    private TimeSpan? _shareLately;
    /// <summary>The longest time told, with its rounding: our window is no shorter in the first period, whose end nobody has seen yet.</summary>
    private TimeSpan _atMost;
    private long _settledAt = Clock.Never;
    private TimeSpan _widened;
    private int _timesWidened;
    private long _renewAt = Clock.Never;
    private long _changedAt = long.MinValue;
    private QuotaReset _reset;
    private bool _isTold;

    /// <summary>A whole period has been seen: the limit is no longer a first, careful guess.</summary>
    public bool IsSettled { get; private set; }

    /// <summary>The limit learned so far; null if the answers did not tell enough.</summary>
    public Limit? Limit { get; private set; }

    /// <summary>Learns from an answer.</summary>
    /// <param name="quota">What it told.</param>
    /// <param name="sent">When its attempt was sent.</param>
    /// <param name="answered">When it came.</param>
    /// <returns>The limit from now on, if it is another; else null.</returns>
    public QuotaLesson? Learn(Quota quota, long sent, long answered)
    {
        if (AmountOf(quota, sent) is not { } amount)
            return null;
        // What was left in another size of the window says nothing of shares now.
        if (Limit is { } before && before.Amount != amount)
            (_share, _shareLately) = (null, null);
        Remember(quota, answered);
        return Become(Make(quota, amount, sent), quota, answered);
    }

    /// <summary>
    /// A refusal although the limit was kept: the period is longer than we think, if it asks for a longer wait, or if nothing ever told when
    /// all of it comes back. Nothing where its length was told, where the answer says that something is left (another limit refused then),
    /// or for an attempt sent before the present limit was known.
    /// </summary>
    /// <param name="quota">What the refusal told of this quota; null if nothing.</param>
    /// <param name="wait">How long it asks to wait, which is never longer than the period.</param>
    /// <param name="sent">When its attempt was sent.</param>
    /// <param name="answered">When it came.</param>
    public QuotaLesson? Refused(Quota? quota, TimeSpan? wait, long sent, long answered)
    {
        if (Limit is not { Algorithm: LimitAlgorithm.Sliding } kept || _isTold || sent <= _changedAt || quota?.Remaining > 0)
            return null;
        if (wait is { } asked && asked - TimeSpan.FromSeconds(1) > kept.Period && asked <= UsualPeriods.Longest)
            _widened = UsualPeriods.AtLeast(asked - TimeSpan.FromSeconds(1));
        else if (_longest > TimeSpan.Zero && (_reset != QuotaReset.More || _longest > Tick))
            return null;
        else if (_timesWidened++ < MostWidened)
            _widened = UsualPeriods.After(kept.Period);
        return Become(kept with { Period = Longer(_widened, kept.Period) }, quota, answered);
    }

    /// <summary>
    /// How much of the quota others have used, who send with the same key: what the server counts beyond all that can be ours. It is to be
    /// charged to the limit's state by <see cref="LimitState.Restore"/> at <see cref="UsedAt"/>.
    /// </summary>
    /// <param name="quota">What an answer told.</param>
    /// <param name="ours">
    /// The most of ours that the server can have counted then: what the state held when the attempt was sent, itself included, and
    /// what was taken or charged since.
    /// </param>
    public long Foreign(Quota quota, long ours) =>
        Limit is { } limit && limit.Amount == quota.Limit && quota.Used is { } used && limit.Algorithm != LimitAlgorithm.Concurrent ? Math.Max(0, used - ours) : 0;

    /// <summary>When what the server has counted counts as sent with us: so that it leaves our window when it leaves the server's, or later.</summary>
    public long UsedAt(Quota quota, long now)
    {
        // Little by little, or nobody knows how much of it: then as if it had been sent just now.
        if (Limit is not { Algorithm: LimitAlgorithm.Sliding } limit || quota.Reset != QuotaReset.WindowEnd || quota.ResetsIn is not { } left || left <= TimeSpan.Zero)
            return now;
        return now + Math.Min(0, Clock.Nanoseconds(left) - Clock.Nanoseconds(limit.Period));
    }

    // Less holds at once; more only by an answer to what was sent since: others may be older than they seem.
    private long? AmountOf(Quota quota, long sent)
    {
        if (quota.Limit is not (> 0 and var told))
            return null;
        return Limit is { } limit && told > limit.Amount && sent <= _changedAt ? limit.Amount : told;
    }

    private void Remember(Quota quota, long answered)
    {
        if (answered >= _renewAt)
        {
            (_longest, _longestLately, _renewAt) = (_longestLately, TimeSpan.Zero, Clock.Never);
            (_share, _shareLately) = (_shareLately ?? _share, null);
            (_widened, _timesWidened) = (TimeSpan.Zero, 0);
        }
        // Longer than any period there is: nothing to learn from.
        if (quota.ResetsIn is not { Ticks: > 0 } left || left > UsualPeriods.Longest)
            return;
        // Less than the rounding still tells that there is a period.
        _reset = quota.Reset;
        var exact = Longer(left - quota.Slack, new TimeSpan(1));
        (_longest, _longestLately, _atMost) = (Longer(_longest, exact), Longer(_longestLately, exact), Longer(_atMost, left));
        if (_settledAt == Clock.Never)
            _settledAt = LimitState.Later(answered, Clock.Nanoseconds(left));
        IsSettled |= answered > _settledAt;
        if (quota is { Reset: QuotaReset.Full, Limit: > 0 and var limit, Used: > 0 and var used } && used * 10 >= limit && exact >= Coarse * quota.Slack)
        {
            var share = new TimeSpan((long)Int128.Min((Int128)exact.Ticks * limit / used, TimeSpan.FromDays(366).Ticks));
            _share = share < (_share ?? TimeSpan.MaxValue) ? share : _share;
            _shareLately = share < (_shareLately ?? TimeSpan.MaxValue) ? share : _shareLately;
        }
    }

    private Limit? Make(Quota quota, long amount, long sent)
    {
        if (quota.IsConcurrency)
            return new Limit { Amount = amount, Algorithm = LimitAlgorithm.Concurrent };
        if (quota.Refill is > 0 and { } rate)
            return Bucket(quota, amount, rate);
        _isTold |= quota.Window is not null;
        var period = quota.Window is { } told ? (sent <= _changedAt ? Limit?.Period : null) ?? Shorter(told, UsualPeriods.Longest)
            : _longest <= TimeSpan.Zero && _share is null ? Limit?.Period
            : Concluded();
        return period is { } length ? new Limit { Amount = amount, Unit = quota.Unit, Period = length } : null;
    }

    private TimeSpan Concluded()
    {
        var usual = Longer(UsualPeriods.AtLeast(Longer(_longest, _share ?? TimeSpan.Zero)), _widened);
        if (IsSettled || _atMost <= usual)
            return usual;
        return Shorter(TimeSpan.FromSeconds((long)Math.Ceiling(_atMost.TotalSeconds)), UsualPeriods.Longest);
    }

    // A rate of so many per second as whole numbers: cut off, against ourselves.
    private static Limit? Bucket(Quota quota, long room, decimal rate)
    {
        var seconds = 1;
        while (rate * seconds % 1 != 0 && seconds < 1_000_000)
            seconds *= 10;
        var amount = (long)Math.Min(rate * seconds, CountText.Most);
        return amount < 1 ? null : new Limit { Amount = amount, Unit = quota.Unit, Period = TimeSpan.FromSeconds(seconds), Algorithm = LimitAlgorithm.Bucket, Burst = room };
    }

    private QuotaLesson? Become(Limit? next, Quota? quota, long answered)
    {
        if (next is null)
            return null;
        if (_renewAt == Clock.Never && next.Period > TimeSpan.Zero)
            _renewAt = LimitState.Later(answered, (Int128)Memory * Clock.Nanoseconds(next.Period));
        if (next == Limit)
            return null;
        var isFirst = Limit is null;
        (Limit, _changedAt) = (next, answered);
        return new QuotaLesson(next, isFirst, quota?.Used ?? 0, quota is null ? answered : UsedAt(quota, answered));
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
