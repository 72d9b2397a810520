using Headgate.Configuration;
using Headgate.Queues;

namespace Headgate.App.Service;

/// <summary>What the pages of the service look at. Thread-safe.</summary>
/// <param name="configuration">How it sends.</param>
/// <param name="engine">What sends.</param>
/// <param name="jobs">What is to be sent.</param>
/// <param name="time">The clock.</param>
/// <param name="mostOpen">Beyond so many jobs that have not ended, none is accepted.</param>
/// <param name="openAtStart">So many an earlier process had left.</param>
internal sealed class ServiceState(HeadgateConfiguration configuration, Engine engine, DurableJobs jobs, TimeProvider time, long mostOpen, long openAtStart)
{
    private readonly long _startedAt = time.GetTimestamp();
    private volatile bool _isDraining;

    public HeadgateConfiguration Configuration => configuration;

    public Engine Engine => engine;

    /// <summary>What those who wait for their answer themselves walk.</summary>
    public StraightLine Line { get; } = new(engine);

    public DurableJobs Jobs => jobs;

    public TimeProvider Time => time;

    public long OpenAtStart => openAtStart;

    public TimeSpan Uptime => time.GetElapsedTime(_startedAt);

    /// <summary>It was told to stop: it accepts nothing more.</summary>
    public bool IsDraining { get => _isDraining; set => _isDraining = value; }

    public bool IsFull => jobs.Open >= mostOpen;

    /// <summary>Now, as the original service writes it, with its zone.</summary>
    public string Timestamp => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
