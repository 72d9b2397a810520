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
        var (before, after, slowed) = _engine.Dispatcher.Change((Watch: this, use), static (scheduler, it, now) =>
        {
            var before = it.Watch._guard.Relief;
            var after = it.Watch._guard.Look(it.use, errors: null, now);
            var slowed = new List<(string Name, int Rate)>();
            foreach (var api in it.Watch._engine.Upstreams.Where(api => api.Configuration.Adaptive.Resources))
                if (api.Adaptation.RelieveNeedsLock(scheduler, after, now) is { } rate)
                    slowed.Add((api.Name, rate));
            return (before, after, slowed);
        });
        if (after != before)
            _engine.Notice(after == ResourceRelief.None
                ? "this machine has room again: as much is sent as the limits allow"
                : $"this machine is short (processor {Percent(use.Cpu)}, memory {Percent(use.Memory)}): {after.Concurrency / 10} % of the concurrency{(after.Gap > 0 ? $", {Duration.Format(Clock.Span(after.Gap))} apart" : "")}");
        foreach (var (name, rate) in slowed)
            _engine.Notice(rate == 1000 ? $"{name} fails less: its rate is whole again" : $"{name} fails: {rate / 10} % of its rate while it does");
    }

    private static string Percent(int? perMille) => perMille is { } known ? $"{known / 10} %" : "not known";
}
