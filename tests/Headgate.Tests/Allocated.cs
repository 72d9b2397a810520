namespace Headgate.Tests;

/// <summary>What a piece of code allocates on this thread.</summary>
internal static class Allocated
{
    /// <summary>The least of a few rounds: now and then the runtime allocates something of its own, as when it compiles a method anew.</summary>
    public static long Least(Action round)
    {
        var least = long.MaxValue;
        for (var times = 0; times < 5 && least > 0; times++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            round();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
