using System.Collections.Concurrent;

namespace Headgate.Queues;

/// <summary>Those who wait for the end of a job. Thread-safe.</summary>
internal sealed class JobWaiters
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _ends = new();

    /// <summary>Ends with the next <see cref="Release"/> of a job.</summary>
    public Task Of(string id) => _ends.GetOrAdd(id, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>A job has ended, or there is none of that name.</summary>
    public void Release(string id)
    {
        if (_ends.TryRemove(id, out var end))
            end.TrySetResult();
    }
}
