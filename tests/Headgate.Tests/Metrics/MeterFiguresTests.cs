using System.Diagnostics.Metrics;
using Headgate.App.Metrics;

namespace Headgate.Tests.Metrics;

public sealed class MeterFiguresTests
{
    [Fact]
    public void What_is_counted_adds_up_by_its_tags()
    {
        using var meter = new Meter("Headgate");
        using var figures = new MeterFigures(meter);
        var requests = meter.CreateCounter<long>("headgate.requests", "{request}", "Requests.");

        requests.Add(2, Tag("headgate.upstream", "a"), Tag("headgate.outcome", "ok"));
        requests.Add(1, Tag("headgate.upstream", "a"), Tag("headgate.outcome", "ok"));
        requests.Add(1, Tag("headgate.upstream", "b"), Tag("headgate.outcome", "server"));

        Assert.Equal(["# HELP headgate_requests_total Requests.", "# TYPE headgate_requests_total counter", "headgate_requests_total{upstream=\"a\",outcome=\"ok\"} 3", "headgate_requests_total{upstream=\"b\",outcome=\"server\"} 1"], Lines(figures, "headgate_requests"));
    }

    [Fact]
    public void A_histogram_has_the_buckets_that_its_maker_advised()
    {
        using var meter = new Meter("Headgate");
        using var figures = new MeterFigures(meter);
        var wait = meter.CreateHistogram("headgate.wait.duration", "s", "Waits.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1] });

        wait.Record(0.5);
        wait.Record(7);

        Assert.Equal(["headgate_wait_duration_seconds_bucket{le=\"0.5\"} 1", "headgate_wait_duration_seconds_bucket{le=\"1\"} 1", "headgate_wait_duration_seconds_bucket{le=\"+Inf\"} 2", "headgate_wait_duration_seconds_sum 7.5", "headgate_wait_duration_seconds_count 2"],
            Lines(figures, "headgate_wait")[2..]);
    }

    [Fact]
    public void What_is_asked_for_is_told_as_it_is_now_and_not_when_it_is_gone()
    {
        using var meter = new Meter("Headgate");
        using var figures = new MeterFigures(meter);
        var now = new Dictionary<string, long> { ["a"] = 3, ["b"] = 1 };
        meter.CreateObservableUpDownCounter("headgate.queue.length", () => now.Select(api => new Measurement<long>(api.Value, Tag("headgate.upstream", api.Key))), "{request}", "Waiting.");

        Assert.Equal(["headgate_queue_length{upstream=\"a\"} 3", "headgate_queue_length{upstream=\"b\"} 1"], Lines(figures, "headgate_queue")[2..]);
        now["a"] = 2;
        now.Remove("b");

        Assert.Equal(["# HELP headgate_queue_length Waiting.", "# TYPE headgate_queue_length gauge", "headgate_queue_length{upstream=\"a\"} 2"], Lines(figures, "headgate_queue"));
    }

    [Fact]
    public void One_that_cannot_be_asked_does_not_take_the_others_with_it()
    {
        using var meter = new Meter("Headgate");
        using var figures = new MeterFigures(meter);
        meter.CreateObservableGauge("headgate.a", new Func<long>(() => throw new InvalidOperationException()));
        meter.CreateObservableGauge("headgate.b", () => 5L);

        Assert.Equal(["headgate_b 5"], Lines(figures, "headgate_")[2..]);
    }

    [Fact]
    public void Other_meters_of_the_name_belong_to_other_engines()
    {
        using var ours = new Meter("Headgate");
        using var theirs = new Meter("Headgate");
        using var figures = new MeterFigures(ours);

        theirs.CreateCounter<long>("headgate.requests").Add(1);

        Assert.Empty(Lines(figures, "headgate_"));
    }

    [Fact]
    public void The_runtime_tells_of_memory_and_threads_and_gauges_are_no_counters()
    {
        using var meter = new Meter("Headgate");
        using var figures = new MeterFigures(meter);

        Assert.Contains("# TYPE dotnet_thread_pool_threads gauge", Lines(figures, "dotnet_thread_pool_threads"));
        Assert.Contains("# TYPE dotnet_gc_heap_total_allocated_bytes_total counter", Lines(figures, "dotnet_gc"));
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    private static string[] Lines(MeterFigures figures, string prefix)
    {
        var text = new PrometheusText();
        figures.Write(text);
        return [.. text.ToString().Split('\n').Where(line => line.StartsWith(prefix, StringComparison.Ordinal) || line.StartsWith($"# HELP {prefix}", StringComparison.Ordinal) || line.StartsWith($"# TYPE {prefix}", StringComparison.Ordinal))];
    }
}
