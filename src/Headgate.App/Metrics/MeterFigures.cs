using System.Diagnostics.Metrics;

namespace Headgate.App.Metrics;

/// <summary>What meters measure, kept for whoever asks: that of the engine, and what the runtime tells of memory and threads. Thread-safe.</summary>
internal sealed class MeterFigures : IDisposable
{
    private const string OfRuntime = "System.Runtime";

    /// <summary>
    /// What costs nothing until it is asked for, and whether it only grows, which the runtime says wrongly of some. That of exceptions would be called
    /// for each of them.
    /// </summary>
    private static readonly Dictionary<string, bool> Wanted = new()
    {
        ["dotnet.gc.collections"] = true,
        ["dotnet.gc.heap.total_allocated"] = true,
        ["dotnet.gc.last_collection.memory.committed_size"] = false,
        ["dotnet.gc.last_collection.heap.size"] = false,
        ["dotnet.gc.pause.time"] = true,
        ["dotnet.thread_pool.thread.count"] = false,
        ["dotnet.thread_pool.work_item.count"] = true,
        ["dotnet.thread_pool.queue.length"] = false,
        ["dotnet.monitor.lock_contentions"] = true,
        ["dotnet.timer.count"] = false,
    };

    private readonly Lock _lock = new();
    private readonly List<InstrumentFigures> _figures = [];
    private readonly MeterListener _listener = new();

    /// <param name="ours">The engine's meter: others of its name belong to other engines.</param>
    public MeterFigures(Meter ours)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            var isOfRuntime = instrument.Meter.Name == OfRuntime && Wanted.ContainsKey(instrument.Name);
            if (!isOfRuntime && !ReferenceEquals(instrument.Meter, ours))
                return;
            var figures = new InstrumentFigures(instrument, isOfRuntime ? Wanted[instrument.Name] : InstrumentFigures.Grows(instrument));
            lock (_lock)
                _figures.Add(figures);
            listener.EnableMeasurementEvents(instrument, figures);
        };
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, figures) => ((InstrumentFigures)figures!).Take(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, figures) => ((InstrumentFigures)figures!).Take(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, figures) => ((InstrumentFigures)figures!).Take(value, tags));
        _listener.Start();
    }

    /// <summary>Asks those instruments that are to be asked, and writes all.</summary>
    public void Write(PrometheusText text)
    {
        lock (_lock)
        {
            _figures.ForEach(figures => figures.BeginAsking());
            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException)
            {
                // One that cannot be asked has no figure this time.
            }
            foreach (var figures in _figures.OrderBy(figures => figures.Name, StringComparer.Ordinal))
                figures.Write(text);
        }
    }

    public void Dispose() => _listener.Dispose();
}
