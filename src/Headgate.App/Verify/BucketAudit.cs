using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>
/// Room for B, drained at ρ: for all a ≤ b, the cost of what may arrive within [a, b] less ρ(b − a) is at most B. The supremum over a is a level:
/// charged at late, drained at ρ down to nothing, and what is under way on top. In exact integers, units × P.
/// </summary>
internal sealed class BucketAudit
{
    private readonly Arrivals _arrivals;
    private readonly EpochWalk _walk;
    private readonly long _blurUs;
    private BucketTerms? _terms;
    private Int128 _level;
    private Int128 _underWay;
    private long _at;
    private long _busySince;
    private int _late;
    private double _worstUse = -1;
    private (Int128 Level, BucketTerms Terms, Limit Limit, long From, long To)? _worst;

    private BucketAudit(Arrivals arrivals, IReadOnlyList<LimitEpoch> epochs, long blurUs) =>
        (_arrivals, _walk, _blurUs) = (arrivals, new EpochWalk(epochs), blurUs);

    /// <summary>Finds the fullest level.</summary>
    /// <param name="arrivals">What counts.</param>
    /// <param name="epochs">The limits, as they held.</param>
    /// <param name="blurUs">How much longer a gap may have been than the difference of its recorded times.</param>
    public static Worst? Find(Arrivals arrivals, IReadOnlyList<LimitEpoch> epochs, long blurUs)
    {
        var audit = new BucketAudit(arrivals, epochs, blurUs);
        audit.Sweep(long.MaxValue);
        return audit.Found();
    }

    private void Sweep(long until)
    {
        var sends = _arrivals.BySent;
        for (var i = 0; i < sends.Length && sends[i].FromUs <= until; i++)
        {
            var now = sends[i].FromUs;
            while (_walk.NextFromUs <= now)
                Change(_walk.NextFromUs);
            ChargeUpTo(now);
            _underWay += sends[i].Cost;
            if (_arrivals.IsPeak(i))
                Check(now);
        }
    }

    /// <summary>Another limit begins to hold: the level goes over, or after a restart is rebuilt, whichever is less: either may be the server's.</summary>
    private void Change(long at)
    {
        ChargeUpTo(at);
        var before = _terms;
        _walk.GoTo(at);
        _terms = _walk.Present?.Limit is { } limit ? BucketTerms.Of(limit) : null;
        if (_terms is not { } terms)
            return;
        _level = before is { } old ? _level * terms.Period / old.Period : 0;
        if (before is null || !_walk.Present!.IsRestart || _level == 0)
            return;
        var rebuilt = new BucketAudit(_arrivals, [new LimitEpoch(long.MinValue, _walk.Present.Limit)], _blurUs);
        rebuilt.Sweep(at);
        rebuilt.ChargeUpTo(at);
        _level = Int128.Min(_level, rebuilt._level);
    }

    private void ChargeUpTo(long now)
    {
        var lates = _arrivals.Lates;
        for (; _late < lates.Length && lates[_late] <= now; _late++)
        {
            Drain(lates[_late]);
            if (_level == 0)
                _busySince = lates[_late];
            _underWay -= _arrivals.LateCosts[_late];
            if (_terms is { } terms)
                _level += (Int128)_arrivals.LateCosts[_late] * terms.Period;
        }
        Drain(now);
    }

    private void Drain(long now)
    {
        if (_terms is { } terms && _level > 0)
            _level = Int128.Max(0, _level - (Int128)terms.Rate * (now - _at));
        _at = now;
    }

    private void Check(long now)
    {
        if (_terms is not { } terms)
            return;
        var level = _level + _underWay * terms.Period;
        var use = (double)level / ((double)terms.Room * terms.Period);
        if (use <= _worstUse)
            return;
        _worstUse = use;
        _worst = (level, terms, _walk.Present!.Limit!, _level > 0 ? _busySince : now, now);
    }

    private Worst? Found()
    {
        if (_worst is not { } worst)
            return null;
        var (rate, period) = ((Int128)worst.Terms.Rate, worst.Terms.Period);
        var isBreach = worst.Level > (Int128)worst.Terms.Room * period + rate * _blurUs;
        var amount = Units(worst.Level, period);
        return new Worst
        {
            Limit = worst.Limit,
            Measure = Measure.Level,
            Amount = isBreach ? amount : Math.Min(amount, worst.Terms.Room),
            Allowed = worst.Terms.Room,
            IsBreach = isBreach,
            FromUs = worst.From,
            ToUs = worst.To,
        };
    }

    /// <summary>Rounded up to thousandths, so that nothing above the room reads as the room.</summary>
    private static decimal Units(Int128 level, long period) =>
        level > long.MaxValue * (Int128)1000 ? (decimal)(level / period) : (decimal)((level * 1000 + period - 1) / period) / 1000;

    private readonly record struct BucketTerms(long Room, long Rate, long Period)
    {
        /// <summary>A two-window counter never refuses a bucket of max(1, N/50) at (N − that)/P; with N = 1 it is one per two periods.</summary>
        public static BucketTerms Of(Limit limit)
        {
            var period = Periods.Us(limit);
            if (limit.Algorithm != LimitAlgorithm.Counter)
                return new BucketTerms(limit.Burst, limit.Amount, period);
            var room = Math.Max(1, limit.Amount / 50);
            return limit.Amount == 1 ? new BucketTerms(1, 1, 2 * period) : new BucketTerms(room, limit.Amount - room, period);
        }
    }
}
