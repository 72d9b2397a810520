using Headgate.Jobs;
using Headgate.Queues;

namespace Headgate;

/// <summary>The jobs of a <see cref="Multiplexer"/>, wherever they wait. Thread-safe.</summary>
/// <param name="engine">What sends. Owned from when it was started.</param>
internal abstract class MultiplexerJobs(Engine engine) : IAsyncDisposable
{
    public Engine Engine => engine;

    /// <summary>What became of those that this process had at hand.</summary>
    public abstract JobCounts Counts { get; }

    /// <summary>Taken since the start.</summary>
    public abstract long Submitted { get; }

    /// <summary>They wait for their turn.</summary>
    public abstract long Queued { get; }

    /// <summary>Goes on with what an earlier process has left.</summary>
    /// <exception cref="IOException">That cannot be read.</exception>
    public abstract Task StartAsync();

    /// <summary>Takes a request; its id is what comes back.</summary>
    /// <inheritdoc cref="Multiplexer.SubmitAsync"/>
    public abstract Task<string> SubmitAsync(JobRequest request);

    /// <inheritdoc cref="Multiplexer.SubmitManyAsync"/>
    public abstract Task<IReadOnlyList<JobVerdict>> SubmitManyAsync(IEnumerable<JobRequest> requests, CancellationToken cancellation);

    /// <inheritdoc cref="Multiplexer.GetAsync"/>
    public abstract Task<Job?> FindAsync(string id);

    /// <inheritdoc cref="Multiplexer.WaitAsync"/>
    public abstract Task<IReadOnlyList<Job>> WaitAsync(IReadOnlyList<string> ids, TimeSpan timeout, CancellationToken cancellation);

    /// <inheritdoc cref="Multiplexer.CancelAsync"/>
    public abstract Task<bool> CancelAsync(string id);

    /// <summary>Takes nothing more.</summary>
    public abstract void Close();

    /// <summary>What sends ends, and what is under way is cut off.</summary>
    public abstract ValueTask DisposeAsync();

    /// <summary>Stops it once it is closed, and what sends with it: it is disposed then.</summary>
    /// <returns>The jobs that were cancelled by that.</returns>
    public abstract Task<IReadOnlyList<Job>> StopAsync(TimeSpan drain, CancellationToken cancellation);

    /// <summary>What is said where a job is asked for that is not there.</summary>
    protected static KeyNotFoundException Unknown(string id) => new($"there is no job \"{id}\", or it ended and was forgotten");

    /// <summary>What is said of a request that is none.</summary>
    protected static JobVerdict Missing() => new(null, new HeadgateException(FailureClass.Invalid, new ArgumentNullException("request").Message));
}
