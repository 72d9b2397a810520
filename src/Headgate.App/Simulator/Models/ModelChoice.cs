using System.Globalization;
using Headgate.Limits;

namespace Headgate.App.Simulator.Models;

/// <summary>Which model stands for a limit: the one it declares, unless <c>--model</c> names another for all limits with a period.</summary>
/// <param name="Kind">Which model.</param>
/// <param name="Number">K of segments or B of a bucket; else 0.</param>
internal sealed record ModelChoice(ModelKind Kind, long Number = 0)
{
    private const int MostSegments = 100_000;
    private const long LargestRoom = 1_000_000_000_000;

    public static readonly ModelChoice Declared = new(ModelKind.Declared);

    /// <summary>Reads <c>counter</c>, <c>segments=K</c> or <c>bucket=B</c>.</summary>
    public static ModelChoice? TryParse(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var (name, value) = equals < 0 ? (text, null) : (text[..equals], text[(equals + 1)..]);
        if (name == "counter" && value is null)
            return new(ModelKind.Counter);
        if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1)
            return null;
        return name switch
        {
            "segments" when number <= MostSegments => new(ModelKind.Segments, number),
            "bucket" when number <= LargestRoom => new(ModelKind.Bucket, number),
            _ => null,
        };
    }

    public ServerModel Create(Limit limit)
    {
        var (amount, period) = (limit.Amount, limit.Period.Ticks);
        if (limit.Algorithm == LimitAlgorithm.Concurrent)
            return new ConcurrentModel(amount);
        if (limit.IsMonthly)
            return new FixedModel(amount, GridOf(limit));
        return Kind switch
        {
            ModelKind.Counter => new CounterModel(amount, period),
            ModelKind.Segments => new SegmentModel(amount, period, (int)Number),
            ModelKind.Bucket => new BucketModel(Number, amount, period),
            _ => limit.Algorithm switch
            {
                LimitAlgorithm.Sliding => new SlidingModel(amount, period),
                LimitAlgorithm.Fixed => new FixedModel(amount, GridOf(limit)),
                LimitAlgorithm.Bucket => new BucketModel(limit.Burst, amount, period),
                LimitAlgorithm.Counter => new CounterModel(amount, period),
                LimitAlgorithm.Spaced => new SpacedModel(amount, period),
                _ => throw new ArgumentException($"no server model counts like {limit.Algorithm}", nameof(limit)),
            },
        };
    }

    private static WindowGrid GridOf(Limit limit)
    {
        if (limit.IsMonthly)
            return WindowGrid.Calendar(limit.Zone ?? TimeZoneInfo.Utc, CalendarUnit.Month);
        if (limit.Zone is { } zone)
            return WindowGrid.Calendar(zone, limit.Period == TimeSpan.FromDays(7) ? CalendarUnit.Week : CalendarUnit.Day);
        return WindowGrid.Epoch(limit.Period.Ticks);
    }
}

internal enum ModelKind
{
    Declared,
    Counter,
    Segments,
    Bucket,
}
