using Headgate.Jobs;

namespace Headgate.Queues;

/// <summary>A job as it stands. Immutable, but for how far it has come.</summary>
/// <param name="Stored">What the store has of it.</param>
/// <param name="Live">The job at hand; null where it waits in the queue, or has ended.</param>
internal sealed record JobView(StoredJob Stored, Job? Live)
{
    public bool HasEnded => Stored.End is not null;
}
