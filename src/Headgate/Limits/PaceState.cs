using System.Globalization;
using Headgate.Time;

namespace Headgate.Limits;

/// <summary>
/// Our own pace: attempts go at a rate that whoever watches the API may change at any time, in bursts of a twentieth of a second of it, one
/// at least. In every stretch of time no more go than its rate makes of it, and one burst. Integers; rounded against ourselves.
/// </summary>
/// <remarks>
/// Counted is what was granted, at the time of the last look: a grant is decided at that very moment. What is returned unsent is not given
/// back: it would be a place at a time that has passed.
/// </remarks>
internal sealed class PaceState() : OwnState(most: 1)
{
    /// <summary>Nanoseconds times thousandths of a request.</summary>
    private const long Scale = Clock.Second * 1000;

    private long? _rate;

    /// <summary>Between one and the next, and how much of that may be had in advance.</summary>
    private long _gap;
    private long _advance;

    /// <summary>When the next would go if all went evenly.</summary>
    private long _next = long.MinValue / 4;
    private long _now = long.MinValue / 4;
    private string _words = "";

    /// <summary>Thousandths of a request in a second; null while it is not in force.</summary>
    public long? Rate => _rate;

    public override string Words => _words;

    public override long NextCertain => _next - _advance;

    /// <summary>Another rate from now on; one that is higher does not make up for the past.</summary>
    /// <param name="rate">Thousandths of a request in a second, at least 1; null for none.</param>
    /// <returns>Whether those who wait may go sooner than they were told.</returns>
    public bool Set(long? rate)
    {
        if (rate == _rate)
            return false;
        var isFaster = rate is null || (_rate is { } before && rate > before);
        _rate = rate is { } given ? Math.Max(1, given) : null;
        if (_rate is not { } now)
            return isFaster;
        _gap = (Scale + now - 1) / now;
        _advance = (Math.Max(1, now / 20_000) - 1) * _gap;
        _words = string.Create(CultureInfo.InvariantCulture, $"our own pace of {now / 1000m:0.###}/s");
        return isFaster;
    }

    public override long Available(long now) => FreeAt(1, now) <= now ? 1 : 0;

    public override bool FitsAt(long at, long cost, long now, long taken) => _rate is null || Math.Max(now, _next) + taken * _gap - _advance <= at || (taken == 0 && _next - _advance <= at);

    public override long FreeAfter(long others, long cost, long now) => _rate is null ? now : Math.Max(now, Later(_next - _advance, (Int128)others * _gap));

    public override void Take(long cost)
    {
        if (_rate is not null)
            _next = Math.Max(_now, _next) + cost * _gap;
    }

    protected override long Earliest(long cost, long now)
    {
        _now = now;
        return _rate is null ? now : Math.Max(now, _next - _advance);
    }

    protected override long EmptyAt => _rate is null ? long.MinValue : _next;
}
