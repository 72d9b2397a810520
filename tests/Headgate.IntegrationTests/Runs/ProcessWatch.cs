using System.Globalization;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Runs;

/// <summary>What the system counts of a running process, as last seen before its end.</summary>
internal sealed class ProcessWatch
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<string, long> _waitedByThread = [];

    private ProcessWatch(int id) => Ended = WatchAsync($"/proc/{id}");

    public Task Ended { get; }

    /// <summary>
    /// How long its threads stood ready and had no core: the part of a delay that is the machine's and not ours. The sum over all threads, so
    /// it is near zero on an idle machine and large on a busy one.
    /// </summary>
    public TimeSpan WaitedForCore => TimeSpan.FromTicks(_waitedByThread.Values.Sum() / 100);

    /// <summary>The most memory it ever had, in bytes.</summary>
    public long PeakMemory { get; private set; }

    public static ProcessWatch Of(CliProcess process) => new(process.Id);

    private async Task WatchAsync(string folder)
    {
        while (TryLook(folder))
            await Task.Delay(Every);
    }

    private bool TryLook(string folder)
    {
        try
        {
            var peak = File.ReadLines($"{folder}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            if (peak is null)
                return false; // a zombie has no memory
            PeakMemory = long.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
            foreach (var thread in Directory.EnumerateDirectories($"{folder}/task"))
                if (File.ReadAllText($"{thread}/schedstat").Split(' ') is [_, var waited, ..])
                    _waitedByThread[thread] = long.Parse(waited, CultureInfo.InvariantCulture);
            return true;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return Directory.Exists(folder);
        }
    }
}
