using System.Diagnostics;

namespace Headgate.Benchmarks;

/// <summary>What one round of a loop came to. CPU is that of this process; on a machine shared with others it says more than the time.</summary>
internal readonly record struct Round(double PerSecond, double CpuMicroseconds, double Instructions, double Bytes)
{
    private static readonly Instructions Counter = new();

    /// <summary>Runs a loop and divides what it took by the number of its turns.</summary>
    public static async Task<Round> MeasureAsync(int turns, Func<int, Task> loop)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var (bytes, instructions, cpu, start) = (GC.GetTotalAllocatedBytes(precise: true), Counter.Count, Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        await loop(turns);
        var elapsed = Stopwatch.GetElapsedTime(start);
        return new Round(
            turns / elapsed.TotalSeconds,
            (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / turns,
            (Counter.Count - instructions) / (double)turns,
            (GC.GetTotalAllocatedBytes(precise: true) - bytes) / (double)turns);
    }

    /// <summary>The middle of several rounds, each figure by itself.</summary>
    public static Round Median(IReadOnlyList<Round> rounds) =>
        new(Of(rounds, round => round.PerSecond), Of(rounds, round => round.CpuMicroseconds), Of(rounds, round => round.Instructions), Of(rounds, round => round.Bytes));

    /// <summary>Begins to count; before anything else starts a thread.</summary>
    public static void Prepare() => _ = Counter.Count;

    private static double Of(IEnumerable<Round> rounds, Func<Round, double> figure) => Middle(rounds.Select(figure));

    public static double Middle(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[sorted.Count / 2 - 1] + sorted[sorted.Count / 2]) / 2;
    }
}
