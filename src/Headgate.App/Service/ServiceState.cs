using System.Collections.Concurrent;
using Headgate.App.Distribution;
using Headgate.App.Operation;
using Headgate.App.Security;
using Headgate.Configuration;
using Headgate.Queues;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Service;

/// <summary>What the pages of the service look at. Thread-safe.</summary>
/// <param name="engine">What sends.</param>
/// <param name="jobs">What is to be sent.</param>
/// <param name="time">The clock.</param>
/// <param name="openAtStart">So many an earlier process had left.</param>
internal sealed class ServiceState(Engine engine, DurableJobs jobs, TimeProvider time, long openAtStart)
{
    private readonly long _startedAt = time.GetTimestamp();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Calls that wait for their turn.</summary>
    private readonly ConcurrentDictionary<HeldCall, bool> _held = new();
    private readonly Backpressure _pressure = new(
        engine.Configuration.Jobs.Backpressure?.Threshold ?? long.MaxValue, engine.Configuration.Jobs.Backpressure?.Act ?? BackpressureAct.None, engine.Configuration.Jobs.Most);

    private volatile bool _isDraining;

    /// <summary>Calls that are passed through, and one more while it is not draining.</summary>
    private int _calls = 1;

    /// <summary>How it sends now.</summary>
    public HeadgateConfiguration Configuration => engine.Configuration;

    /// <summary>What it follows.</summary>
    public required LiveConfiguration Live { get; init; }

    public Engine Engine => engine;

    /// <summary>What those who wait for their answer themselves walk.</summary>
    public StraightLine Line { get; } = new(engine);

    public DurableJobs Jobs => jobs;

    public Proxy.TunnelCounts Tunnels { get; } = new();

    /// <summary>When they will be through.</summary>
    public required JobForecast Forecast { get; init; }

    /// <summary>The named queues they stand in.</summary>
    public required JobQueues Queues { get; init; }

    /// <summary>What is to hold at the next start too.</summary>
    public required ISettingStore Settings { get; init; }

    /// <summary>What was told of them.</summary>
    public required JobEventLog Events { get; init; }

    public TimeProvider Time => time;

    /// <summary>Who may call.</summary>
    public required Access Access { get; init; }

    /// <summary>What records calls that pass through; null for nothing.</summary>
    public Recording.CallRecorder? Recorder { get; init; }

    /// <summary>Where changes are written down.</summary>
    public required AuditLog Audit { get; init; }

    /// <summary>The tokens of the data directory.</summary>
    public required TokenStore Tokens { get; init; }

    public long OpenAtStart => openAtStart;

    /// <summary>What was sent since the start.</summary>
    public required Traffic Traffic { get; init; }

    /// <summary>What makes calls that are simulated.</summary>
    public required Distributor Distributor { get; init; }

    /// <summary>Jobs are kept in memory only.</summary>
    public bool KeepsNothing { get; init; }

    public TimeSpan Uptime => time.GetElapsedTime(_startedAt);

    /// <summary>It was told to stop: it accepts nothing more.</summary>
    public bool IsDraining => _isDraining;

    /// <summary>Looks whether anything is accepted still.</summary>
    /// <exception cref="Problem">Nothing is any more.</exception>
    public void RefuseDraining()
    {
        if (_isDraining)
            throw Stopping();
    }

    /// <summary>A call that is passed through begins; it ends when what is returned is disposed.</summary>
    /// <param name="held">Given up when the service stops; null if it does not wait for its turn.</param>
    /// <exception cref="Problem">None is begun any more.</exception>
    public IDisposable Enter(HeldCall? held = null)
    {
        Interlocked.Increment(ref _calls);
        if (held is not null)
            _held[held] = true;
        if (!_isDraining)
            return new Call(this, held);
        Leave(held);
        throw Stopping();
    }

    /// <summary>Waits on behalf of a caller, at most until all that was in flight has ended and the service does.</summary>
    /// <param name="wait">The wait.</param>
    /// <param name="gone">The caller has gone.</param>
    /// <returns>Whether it has come to its end; false where the service stops before.</returns>
    public async Task<bool> WaitAsync(Func<CancellationToken, Task> wait, CancellationToken gone)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(gone);
        var waiting = wait(either.Token);
        if (await Task.WhenAny(waiting, _end.Task) != waiting)
        {
            await either.CancelAsync();
            await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return false;
        }
        await waiting;
        return true;
    }

    /// <summary>Nothing is in flight any more: whoever waits is told to come again.</summary>
    public void End() => _end.TrySetResult();

    /// <summary>Begins nothing more, and waits for the calls that are passed through.</summary>
    /// <param name="longest">How long at most; those that take longer are told so.</param>
    public async Task DrainAsync(TimeSpan longest)
    {
        _isDraining = true;
        foreach (var (held, _) in _held)
            held.GiveUp();
        Leave(null);
        await Task.WhenAny(_idle.Task, Task.Delay(longest, time));
        foreach (var (held, _) in _held)
            held.CutOffNow();
    }

    private static Problem Stopping() => new(StatusCodes.Status503ServiceUnavailable, "the service is stopping: nothing is accepted any more") { RetryAfter = 5 };

    private void Leave(HeldCall? held)
    {
        if (held is not null)
            _held.TryRemove(held, out _);
        if (Interlocked.Decrement(ref _calls) == 0)
            _idle.TrySetResult();
    }

    private sealed class Call(ServiceState state, HeldCall? held) : IDisposable
    {
        public void Dispose() => state.Leave(held);
    }

    /// <summary>What is done with new jobs, because of those that wait.</summary>
    public BackpressureAct Pressure => PressureAfter(0);

    /// <summary>The same of another one, after so many that are being accepted.</summary>
    public BackpressureAct PressureAfter(int others) => _pressure.At(jobs.Open + others);

    /// <summary>Now, as the original service writes it, with its zone.</summary>
    public string Timestamp => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
