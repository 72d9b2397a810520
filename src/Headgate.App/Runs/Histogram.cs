namespace Headgate.App.Runs;

/// <summary>Durations by magnitude: 16 steps to each doubling, so that a quantile is right to about 6 %. Thread-safe.</summary>
internal sealed class Histogram
{
    private const int Steps = 16;

    private readonly long[] _counts = new long[64 * Steps];

    public long Count => _counts.Sum(static count => count);

    /// <summary>Counts a duration in nanoseconds.</summary>
    public void Add(long nanoseconds) => Interlocked.Increment(ref _counts[Place(Math.Max(0, nanoseconds))]);

    /// <summary>The duration below which a part of all lies, in nanoseconds; 0 if there are none.</summary>
    public long Quantile(double part)
    {
        var left = (long)Math.Ceiling(Count * part);
        for (var place = 0; place < _counts.Length; place++)
            if ((left -= _counts[place]) <= 0 && _counts[place] > 0)
                return Upper(place);
        return 0;
    }

    private static int Place(long value)
    {
        if (value < Steps)
            return (int)value;
        var magnitude = 63 - System.Numerics.BitOperations.LeadingZeroCount((ulong)value);
        return (magnitude - 3) * Steps + (int)((value >> (magnitude - 4)) & (Steps - 1));
    }

    private static long Upper(int place)
    {
        if (place < Steps)
            return place;
        var magnitude = place / Steps + 3;
        return ((long)Steps + place % Steps + 1) << (magnitude - 4);
    }
}
