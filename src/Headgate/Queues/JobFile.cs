namespace Headgate.Queues;

/// <summary>A store and a queue of jobs that outlive the process, opened by whoever knows how.</summary>
/// <param name="Store">Keeps them.</param>
/// <param name="Queue">Says who is next.</param>
/// <param name="Close">Waits for what is being written, and keeps nothing more; what is kept can still be read.</param>
internal sealed record JobFile(IJobStore Store, IJobQueue Queue, Action Close)
{
    /// <summary>Gives it away, and closes it first where that was not done: from here on another process may have it. To be told as often as one likes.</summary>
    public Action Release { get; init; } = static () => { };
}
