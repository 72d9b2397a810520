using System.Globalization;
using System.Text;

namespace Headgate.App.Metrics;

/// <summary>Figures in the text format of Prometheus, family after family. Not thread-safe.</summary>
internal sealed class PrometheusText
{
    public const string Type = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();
    private string _family = "";

    /// <summary>Begins a family; its samples follow at once.</summary>
    /// <param name="name">Its name, with the unit and, for counters, <c>_total</c> at its end.</param>
    /// <param name="type"><c>counter</c>, <c>gauge</c> or <c>histogram</c>.</param>
    /// <param name="help">What it counts, in one line.</param>
    public PrometheusText Family(string name, string type, string help)
    {
        _family = name;
        _text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal)).Append('\n')
            .Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        return this;
    }

    /// <summary>A figure of the family.</summary>
    public PrometheusText Sample(double value, params ReadOnlySpan<(string Name, string Value)> labels) => Line("", value, labels);

    /// <summary>A family of one figure.</summary>
    public void Single(string name, string type, string help, double value) => Family(name, type, help).Sample(value);

    /// <summary>A histogram of the family: its buckets, which are counted one by one, with their sum and count.</summary>
    /// <param name="bounds">The upper ends of the buckets, but for the last, which has none.</param>
    /// <param name="counts">How many are in each; one more than there are bounds.</param>
    /// <param name="sum">Of all that was counted.</param>
    /// <param name="labels">Its labels.</param>
    public void Histogram(IReadOnlyList<double> bounds, ReadOnlySpan<long> counts, double sum, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        long below = 0;
        for (var index = 0; index < counts.Length; index++)
        {
            below += counts[index];
            Line("_bucket", below, [.. labels, ("le", index < bounds.Count ? Number(bounds[index]) : "+Inf")]);
        }
        Line("_sum", sum, labels);
        Line("_count", below, labels);
    }

    public override string ToString() => _text.ToString();

    private PrometheusText Line(string suffix, double value, ReadOnlySpan<(string Name, string Value)> labels)
    {
        _text.Append(_family).Append(suffix);
        for (var index = 0; index < labels.Length; index++)
        {
            _text.Append(index == 0 ? '{' : ',').Append(labels[index].Name).Append("=\"");
            Escape(labels[index].Value);
            _text.Append('"');
        }
        if (labels.Length > 0)
            _text.Append('}');
        _text.Append(' ').Append(Number(value)).Append('\n');
        return this;
    }

    private void Escape(string value)
    {
        // Half of a pair is no text that anybody could read: it becomes the mark for that.
        foreach (var rune in value.EnumerateRunes())
            _ = rune.Value switch
            {
                '\\' => _text.Append(@"\\"),
                '"' => _text.Append("\\\""),
                '\n' => _text.Append(@"\n"),
                _ when Rune.IsControl(rune) => _text.Append('?'),
                _ => _text.Append(rune),
            };
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString(CultureInfo.InvariantCulture),
    };
}
