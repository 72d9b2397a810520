using Headgate.Time;

namespace Headgate.Tests;

/// <summary>Tests in which real threads go on while a test lets the time pass: beside others they would find no core in between.</summary>
[CollectionDefinition(Alone, DisableParallelization = true)]
public sealed class Threads
{
    public const string Alone = "threads alone";

    /// <summary>Lets time pass until something is so, and no faster than threads go on: it must not run past a timer that somebody is about to set.</summary>
    public static async Task PassUntilAsync(VirtualTime time, Func<bool> isSo, int milliseconds = 10)
    {
        for (var steps = 0; ; steps++)
        {
            await QuietAsync();
            if (isSo())
                return;
            Assert.True(steps < 500_000, $"it never came; the time is {time.Elapsed}");
            time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        }
    }

    /// <summary>Goes on when, for a while, nothing waited for a thread of the pool, and those that have one were let run.</summary>
    private static async Task QuietAsync()
    {
        for (var (quiet, looks) = (0, 0); quiet < 50 && looks < 10_000; looks++)
        {
            Thread.Yield();
            await Task.Yield();
            quiet = ThreadPool.PendingWorkItemCount > 0 ? 0 : quiet + 1;
        }
    }
}
