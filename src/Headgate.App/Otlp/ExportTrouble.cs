using System.Diagnostics.Tracing;
using Headgate.App.Logging;
using Microsoft.Extensions.Logging;

namespace Headgate.App.Otlp;

/// <summary>Hears what the exporter tells of its failures, which it tells nobody else, and logs it now and then. Thread-safe.</summary>
internal sealed class ExportTrouble(ILogger log, TimeProvider time) : EventListener
{
    /// <summary>A collector that is away is told of once in a while, not with every try.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(5);

    private long _lastAt = long.MinValue;

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "OpenTelemetry-Exporter-OpenTelemetryProtocol")
            EnableEvents(eventSource, EventLevel.Warning);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        // The base class calls before the constructor is through.
        if (log is null || eventData.Level > EventLevel.Warning)
            return;
        var (last, now) = (Volatile.Read(ref _lastAt), time.GetTimestamp());
        if ((last == long.MinValue || time.GetElapsedTime(last, now) >= Rest) && Interlocked.CompareExchange(ref _lastAt, now, last) == last)
            log.NotExported(Reason(eventData));
    }

    /// <summary>The first line of what it says: below are traces of its stack.</summary>
    private static string Reason(EventWrittenEventArgs told)
    {
        try
        {
            var text = told.Message is { } format ? string.Format(System.Globalization.CultureInfo.InvariantCulture, format, [.. told.Payload ?? (IEnumerable<object?>)[]]) : told.EventName ?? "no reason is given";
            return Excerpt.Of(text.Split('\n')[0].Trim(), 400);
        }
        catch (FormatException)
        {
            return told.EventName ?? "no reason is given";
        }
    }
}
