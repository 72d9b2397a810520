using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using Headgate.Time;
using Microsoft.Extensions.Logging;

namespace Headgate.Tests.Telemetry;

public sealed class TelemetryTests
{
    [Fact]
    public async Task A_span_stands_around_a_request_and_tells_what_it_went_through()
    {
        var spans = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener { ShouldListenTo = source => source.Name == "Headgate", Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData, ActivityStopped = spans.Add };
        ActivitySource.AddActivityListener(listener);
        using var parent = new Activity("caller").Start();
        using var world = new FakeWorld();
        Activity? inside = null;
        world.Server.Answer = _ =>
        {
            inside = Activity.Current;
            return FakeServer.Text("", HttpStatusCode.NotFound);
        };

        (await world.Client.GetAsync("secret?key=1")).Dispose();

        var span = spans.Single(span => span.TraceId == parent.TraceId);
        Assert.Same(span, inside);
        Assert.Equal(("headgate.request", parent.SpanId, ActivityStatusCode.Error), (span.OperationName, span.ParentSpanId, span.Status));
        var tags = span.TagObjects.ToDictionary(tag => tag.Key, tag => tag.Value);
        Assert.Equal(("GET", "api.test", 443, 404, 1, "client"), (tags["http.request.method"], tags["server.address"], tags["server.port"], tags["http.response.status_code"], tags["headgate.attempts"], tags["error.type"]));
        Assert.DoesNotContain(tags.Values, value => value?.ToString()?.Contains("secret", StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public async Task Instruments_tell_the_api_and_the_outcome_and_nothing_unbounded()
    {
        var told = new ConcurrentBag<(string Name, double Value, string Tags)>();
        using var world = new FakeWorld(o => o.Upstreams["instruments"] = new UpstreamOptions { Base = ["https://api.test"], Retries = 1, RetryDelay = TimeSpan.Zero });
        using var listener = new MeterListener { InstrumentPublished = (instrument, listener) => { if (instrument.Meter.Name == "Headgate") listener.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => told.Add((instrument.Name, value, Text(tags))));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => told.Add((instrument.Name, value, Text(tags))));
        listener.Start();
        world.Server.Instead = (number, _) => number == 1 ? Task.FromResult(FakeServer.Text("", HttpStatusCode.BadGateway)) : FakeServer.Done;

        await world.EndAsync(world.Client.GetStringAsync("a"));
        listener.RecordObservableInstruments();

        var ours = told.Where(it => it.Tags.Contains("headgate.upstream=instruments", StringComparison.Ordinal)).ToList();
        Assert.Contains(("headgate.requests", 1, "headgate.upstream=instruments headgate.outcome=ok"), ours);
        Assert.Contains(("headgate.attempts", 1, "headgate.upstream=instruments headgate.outcome=ok"), ours);
        Assert.Contains(("headgate.attempts", 1, "headgate.upstream=instruments headgate.outcome=server"), ours);
        Assert.Equal(2, ours.Count(it => it.Name == "headgate.permits"));
        Assert.Contains(("headgate.breaker.state", 0, "headgate.upstream=instruments"), ours);
        Assert.Contains(("headgate.retries", 1, "headgate.upstream=instruments"), ours);
        Assert.Contains(("headgate.queue.length", 0, "headgate.upstream=instruments"), ours);
        Assert.Contains(ours, it => it.Name == "headgate.wait.duration");
        Assert.Contains(told, it => it.Name == "headgate.attempts.in_flight");

        static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) => string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
    }

    [Fact]
    public async Task An_answer_that_nobody_reads_is_told_after_five_minutes_with_whose_it_is()
    {
        var time = new VirtualTime();
        var log = new WrittenLog();
        using var server = new FakeServer(time);
        using var client = new HttpClient(new HeadgateHandler(new HeadgateOptions(), server, time, log)) { Timeout = Timeout.InfiniteTimeSpan };
        using var forgotten = await client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "https://api.test/a?key=1").WithTenant("billing"), HttpCompletionOption.ResponseHeadersRead);
        using var read = await client.GetAsync("https://api.test/b");

        time.Advance(TimeSpan.FromMinutes(4.9));
        Assert.DoesNotContain(log.Lines, line => line.Id == 3);
        time.Advance(TimeSpan.FromMinutes(20));

        var (_, text) = Assert.Single(log.Lines, line => line.Id == 3);
        Assert.Contains("GET https://api.test/a ", text);
        Assert.Contains("billing", text);
    }

    [Fact]
    public void Limits_that_start_full_are_told_once_unless_sends_are_remembered()
    {
        var folder = Directory.CreateTempSubdirectory("headgate-state-").FullName;
        try
        {
            Assert.Contains("5000/h", Assert.Single(Log(null)).Text);
            Assert.Empty(Log(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static IEnumerable<(int Id, string Text)> Log(string? state)
        {
            var log = new WrittenLog();
            using var handler = new HeadgateHandler(new HeadgateOptions { Limits = ["100/s", "5000/h", "7 concurrent"], StatePath = state }, new FakeServer(new VirtualTime()), new VirtualTime(), log);
            return log.Lines;
        }
    }

    private sealed class WrittenLog : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<(int Id, string Text)> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) { }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue((eventId.Id, formatter(state, exception)));

        public void Dispose() { }
    }
}
