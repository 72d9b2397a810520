using Headgate.Resilience;
using Headgate.Time;

namespace Headgate;

/// <summary>Looks once a second at what this machine has left, for the APIs that ask for it (<c>adaptive.resources</c>). Thread-safe.</summary>
internal sealed class ResourceWatch : IDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    private readonly Engine _engine;
    private readonly ResourceReader _reader;
    private readonly ResourceGuard _guard = new();
    private readonly ITimer _timer;
    private int _isLooking;

    public ResourceWatch(Engine engine)
    {
        (_engine, _reader) = (engine, new ResourceReader(engine.Clock, Environment.ProcessorCount));
        _timer = engine.Clock.Provider.CreateTimer(static watch => ((ResourceWatch)watch!).Look(), this, Step, Step);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        if (Interlocked.Exchange(ref _isLooking, 1) == 1)
            return;
        try
        {
            LookNow();
        }
        finally
        {
            Volatile.Write(ref _isLooking, 0);
        }
    }

    private void LookNow()
    {
        var use = _reader.Read();
        var (before, after) = _engine.Dispatcher.Change((Watch: this, use), static (scheduler, it, now) =>
        {
            var watching = it.Watch._engine.Upstreams.Where(api => api.Configuration.Adaptive.Resources).ToList();
            var (before, errors) = (it.Watch._guard.Relief, watching.Select(api => api.Adaptation.ErrorsPerMilleNeedsLock(now)).Max());
            var after = it.Watch._guard.Look(it.use, errors, now);
            if (after != before)
                foreach (var api in watching)
                    api.Adaptation.RelieveNeedsLock(scheduler, after, now);
            return (before, after);
        });
        if (after != before)
            _engine.Notice(after == ResourceRelief.None
                ? "this machine has room again: as much is sent as the limits allow"
                : $"this machine is short (processor {Percent(use.Cpu)}, memory {Percent(use.Memory)}): {after.Concurrency / 10} % of the concurrency, {after.Rate / 10} % of the rate{(after.Gap > 0 ? $", {Duration.Format(Clock.Span(after.Gap))} apart" : "")}");
    }

    private static string Percent(int? perMille) => perMille is { } known ? $"{known / 10} %" : "not known";
}
