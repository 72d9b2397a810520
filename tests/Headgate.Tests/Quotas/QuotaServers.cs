using Headgate.Time;

namespace Headgate.Tests.Quotas;

/// <summary>What a server's limiter says of itself after an arrival.</summary>
/// <param name="ResetsIn">How long until all of it is back.</param>
/// <param name="Wait">After a refusal: how long until one may come.</param>
internal readonly record struct Standing(bool IsAccepted, long Limit, long Remaining, long ResetsIn, long Wait);

/// <summary>A third party's limiter with a size that can be changed, told every arrival in order by its own clock in nanoseconds.</summary>
internal abstract class QuotaServer(long amount, long period)
{
    public long Amount { get; set; } = amount;

    public long Period => period;

    public abstract Standing Arrive(long at);

    protected Standing Say(bool isAccepted, long used, long resetsIn, long wait) => new(isAccepted, Amount, Math.Max(0, Amount - used), resetsIn, wait);
}

/// <summary>Windows of its own clock.</summary>
internal sealed class FixedQuotaServer(long amount, long period) : QuotaServer(amount, period)
{
    private long _window = -1;
    private long _count;

    public override Standing Arrive(long at)
    {
        if (at / Period != _window)
            (_window, _count) = (at / Period, 0);
        var isAccepted = _count < Amount;
        _count += isAccepted ? 1 : 0;
        var left = (_window + 1) * Period - at;
        return Say(isAccepted, _count, left, left);
    }
}

/// <summary>Any window.</summary>
internal sealed class SlidingQuotaServer(long amount, long period) : QuotaServer(amount, period)
{
    private readonly Queue<long> _log = new();
    private long _newest;

    public override Standing Arrive(long at)
    {
        while (_log.TryPeek(out var oldest) && oldest <= at - Period)
            _log.Dequeue();
        var isAccepted = _log.Count < Amount;
        if (isAccepted)
            _log.Enqueue(_newest = at);
        return Say(isAccepted, _log.Count, _newest + Period - at, _log.Peek() + Period - at);
    }
}

/// <summary>A bucket that drains at N/P.</summary>
internal sealed class BucketQuotaServer(long amount, long period) : QuotaServer(amount, period)
{
    /// <summary>Units × period.</summary>
    private Int128 _level;
    private long _at;

    public override Standing Arrive(long at)
    {
        _level = Int128.Max(0, _level - (Int128)(at - _at) * Amount);
        _at = at;
        var isAccepted = _level + Period <= (Int128)Amount * Period;
        _level += isAccepted ? Period : 0;
        var used = (long)((_level + Period - 1) / Period);
        return Say(isAccepted, used, (long)(_level / Amount), (long)((_level + Period - (Int128)Amount * Period) / Amount) + 1);
    }
}
