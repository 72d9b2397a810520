using System.Numerics;
using Headgate.Time;

namespace Headgate.Resilience;

/// <summary>
/// Quantiles of the latency in 2 KB, whatever the number of samples: 16 steps for each doubling from 1 µs to 72 min, so that what it says is off by
/// 3.1 % at most. Older samples weigh half as much every 30 s, while there are plenty. Pure; owned by the dispatcher's lock.
/// </summary>
internal sealed class LatencyQuantiles
{
    /// <summary>Below so many it says nothing.</summary>
    public const int LeastSamples = 100;

    private const int StepBits = 4;
    private const int Steps = 1 << StepBits;
    private const int FirstOctave = 10;
    private const int Octaves = 32;
    private const long HalfLife = 30 * Clock.Second;

    /// <summary>Of fewer than this none are forgotten: a slow trickle would never come to enough.</summary>
    private const long Plenty = 4 * LeastSamples;

    private readonly uint[] _counts = new uint[Octaves * Steps];
    private long _total;
    private long _halvedAt = long.MinValue;

    /// <summary>How many samples count, those forgotten left out.</summary>
    public long Count => _total;

    /// <summary>Counts an answer; one that did not come in time with the time it had.</summary>
    /// <param name="latency">Nanoseconds.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    public void Add(long latency, long now)
    {
        if (_halvedAt == long.MinValue)
            _halvedAt = now;
        else if (now - _halvedAt >= HalfLife && _total >= Plenty)
            Halve(now);
        _counts[IndexOf(latency)]++;
        _total++;
    }

    /// <summary>The latency that so many of a thousand do not exceed, in nanoseconds; null below <see cref="LeastSamples"/>.</summary>
    public long? Quantile(int perMille)
    {
        if (_total < LeastSamples)
            return null;
        var rank = Math.Max(1, (_total * perMille + 999) / 1000);
        for (var index = 0; index < _counts.Length; index++)
            if ((rank -= _counts[index]) <= 0)
                return MiddleOf(index);
        return MiddleOf(_counts.Length - 1);
    }

    private void Halve(long now)
    {
        (_total, _halvedAt) = (0, now);
        foreach (ref var count in _counts.AsSpan())
            _total += count >>= 1;
    }

    private static int IndexOf(long latency)
    {
        if (latency < 1L << FirstOctave)
            return 0;
        var octave = BitOperations.Log2((ulong)latency);
        var step = (int)(latency >> (octave - StepBits)) & (Steps - 1);
        return Math.Min((octave - FirstOctave) * Steps + step, Octaves * Steps - 1);
    }

    private static long MiddleOf(int index)
    {
        var octave = FirstOctave + index / Steps;
        var width = 1L << (octave - StepBits);
        return (Steps + index % Steps) * width + width / 2;
    }
}
