using Headgate.App.Metrics;

namespace Headgate.Tests.Metrics;

public sealed class PrometheusTextTests
{
    [Fact]
    public void A_family_has_its_words_its_type_and_its_samples()
    {
        var text = new PrometheusText();

        text.Family("jobs_total", "counter", "Jobs, of\nall \\ kinds.").Sample(3, ("status", "ok")).Sample(0.5);

        Assert.Equal("# HELP jobs_total Jobs, of\\nall \\\\ kinds.\n# TYPE jobs_total counter\njobs_total{status=\"ok\"} 3\njobs_total 0.5\n", text.ToString());
    }

    [Theory]
    [InlineData("a\"b", "a\\\"b")]
    [InlineData("a\\b", "a\\\\b")]
    [InlineData("a\nb", "a\\nb")]
    [InlineData("a\r\u001b[2J", "a??[2J")]
    [InlineData("größe 🚪", "größe 🚪")]
    public void No_label_breaks_out_of_its_line(string value, string shown)
    {
        var text = new PrometheusText().Family("x", "gauge", "X.").Sample(1, ("l", value)).ToString();

        Assert.Equal($"x{{l=\"{shown}\"}} 1", text.TrimEnd('\n').Split('\n')[^1]);
    }

    [Fact]
    public void Half_of_a_pair_is_told_as_what_cannot_be_read() =>
        Assert.EndsWith("x{l=\"a\ufffd\"} 1\n", new PrometheusText().Family("x", "gauge", "X.").Sample(1, ("l", "a\ud800")).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Buckets_of_a_histogram_add_up()
    {
        var text = new PrometheusText().Family("t_seconds", "histogram", "T.");

        text.Histogram([0.1, 1], [2, 0, 1], 5.25, ("a", "b"));

        Assert.Equal(["t_seconds_bucket{a=\"b\",le=\"0.1\"} 2", "t_seconds_bucket{a=\"b\",le=\"1\"} 2", "t_seconds_bucket{a=\"b\",le=\"+Inf\"} 3", "t_seconds_sum{a=\"b\"} 5.25", "t_seconds_count{a=\"b\"} 3"],
            text.ToString().TrimEnd('\n').Split('\n')[2..]);
    }

    [Theory]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(1e21, "1E+21")]
    public void Every_number_is_one_that_can_be_read(double value, string shown) =>
        Assert.EndsWith($" {shown}\n", new PrometheusText().Family("x", "gauge", "X.").Sample(value).ToString(), StringComparison.Ordinal);
}
