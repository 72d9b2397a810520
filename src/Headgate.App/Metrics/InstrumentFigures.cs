using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Headgate.App.Metrics;

/// <summary>What one instrument has measured so far, by its tags. Thread-safe.</summary>
internal sealed class InstrumentFigures
{
    private readonly ConcurrentDictionary<Tags, Cell> _cells = new();
    private readonly IReadOnlyList<double> _bounds;
    private readonly string _name;
    private readonly string _type;
    private readonly string _help;
    private readonly bool _addsUp;

    /// <summary>The names of the labels, as the first measurement had them.</summary>
    private volatile string[]? _labels;

    /// <param name="instrument">The instrument.</param>
    /// <param name="grows">It never becomes less, but with a new start.</param>
    public InstrumentFigures(Instrument instrument, bool grows)
    {
        _help = instrument.Description is { Length: > 0 } words ? words : instrument.Name;
        _bounds = (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries ?? [];
        _addsUp = !instrument.IsObservable;
        _type = instrument.GetType().GetGenericTypeDefinition() == typeof(Histogram<>) ? "histogram" : grows ? "counter" : "gauge";
        _name = NameOf(instrument, _type == "counter");
    }

    public string Name => _name;

    /// <summary>What the instrument itself says of that.</summary>
    public static bool Grows(Instrument instrument)
    {
        var kind = instrument.GetType().GetGenericTypeDefinition();
        return kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>);
    }

    /// <summary>Takes what is measured: one more, or for instruments that are asked, how it is now.</summary>
    public void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_labels is null)
            Interlocked.CompareExchange(ref _labels, Array.ConvertAll(tags.ToArray(), tag => LabelOf(tag.Key)), null);
        var cell = _cells.GetOrAdd(new Tags(Text(tags, 0), Text(tags, 1), Text(tags, 2)), static (_, count) => new Cell(count), _bounds.Count + 1);
        lock (cell)
        {
            cell.Sum = _addsUp ? cell.Sum + value : value;
            if (_type == "histogram")
                cell.Counts[BucketOf(value)]++;
        }
    }

    /// <summary>Forgets what was asked before: what is not there any more is not told again.</summary>
    public void BeginAsking()
    {
        if (!_addsUp)
            _cells.Clear();
    }

    public void Write(PrometheusText text)
    {
        if (_cells.IsEmpty)
            return;
        text.Family(_name, _type, _help);
        foreach (var (tags, cell) in _cells.OrderBy(entry => entry.Key))
        {
            (string, string)[] labels = [.. _labels!.Select((label, index) => (label, tags[index]))];
            lock (cell)
                if (_type == "histogram")
                    text.Histogram(_bounds, cell.Counts, cell.Sum, labels);
                else
                    text.Sample(cell.Sum, labels);
        }
    }

    /// <summary>By the rules of OpenTelemetry for Prometheus: units in full, <c>_total</c> after what only grows.</summary>
    private static string NameOf(Instrument instrument, bool isCounter)
    {
        // A gauge called count would be taken for that of a histogram.
        var name = instrument.Name.EndsWith(".count", StringComparison.Ordinal) ? $"{instrument.Name[..^".count".Length]}s" : instrument.Name;
        var unit = instrument.Unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            { } rate when rate.EndsWith("/s", StringComparison.Ordinal) => "_per_second",
            _ => "",
        };
        return $"{name.Replace('.', '_')}{unit}{(isCounter ? "_total" : "")}";
    }

    private static string LabelOf(string tag) => (tag.StartsWith("headgate.", StringComparison.Ordinal) ? tag["headgate.".Length..] : tag).Replace('.', '_');

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags, int index) => index < tags.Length ? tags[index].Value?.ToString() ?? "" : "";

    private int BucketOf(double value)
    {
        var index = 0;
        while (index < _bounds.Count && value > _bounds[index])
            index++;
        return index;
    }

    private readonly record struct Tags(string First, string Second, string Third) : IComparable<Tags>
    {
        public string this[int index] => index switch { 0 => First, 1 => Second, _ => Third };

        public int CompareTo(Tags other) =>
            string.CompareOrdinal(First, other.First) is not 0 and var first ? first
            : string.CompareOrdinal(Second, other.Second) is not 0 and var second ? second
            : string.CompareOrdinal(Third, other.Third);
    }

    private sealed class Cell(int buckets)
    {
        public double Sum;
        public readonly long[] Counts = new long[buckets];
    }
}
