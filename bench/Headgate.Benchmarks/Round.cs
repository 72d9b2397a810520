using System.Diagnostics;

namespace Headgate.Benchmarks;

/// <summary>What one round of a loop came to. CPU is that of this process; on a machine shared with others it says more than the time.</summary>
internal readonly record struct Round(double PerSecond, double CpuMicroseconds, double Bytes)
{
    /// <summary>Runs a loop and divides what it took by the number of its turns.</summary>
    public static async Task<Round> MeasureAsync(int turns, Func<int, Task> loop)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var (bytes, cpu, start) = (GC.GetTotalAllocatedBytes(precise: true), Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        await loop(turns);
        var elapsed = Stopwatch.GetElapsedTime(start);
        return new Round(
            turns / elapsed.TotalSeconds,
            (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / turns,
            (GC.GetTotalAllocatedBytes(precise: true) - bytes) / (double)turns);
    }

    /// <summary>The middle of several rounds, each figure by itself.</summary>
    public static Round Median(IReadOnlyList<Round> rounds) =>
        new(Middle(rounds.Select(round => round.PerSecond)), Middle(rounds.Select(round => round.CpuMicroseconds)), Middle(rounds.Select(round => round.Bytes)));

    public static double Middle(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[sorted.Count / 2 - 1] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>How busy the machine was besides: the load of the last minute, for the reader of a figure.</summary>
    public static string Load => $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, load {File.ReadAllText("/proc/loadavg").Split(' ')[0]}";
}
