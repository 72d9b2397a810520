using System.Globalization;
using Headgate.Time;

namespace Headgate.Resilience;

/// <summary>
/// Reads what is used of processor and memory: of the container where it has a limit (cgroup v2, else v1), else of the machine (/proc), else what
/// the runtime knows. Never throws: what cannot be read counts as not known. Not thread-safe.
/// </summary>
/// <param name="clock">The time between two readings.</param>
/// <param name="processors">How many processors a container without a quota has.</param>
/// <param name="root">The folder that stands for <c>/</c>.</param>
internal sealed class ResourceReader(Clock clock, int processors, string root = "/")
{
    private (Meter Meter, long Busy, long Whole)? _before;

    /// <summary>Where processor time is counted: a reading is compared only with one of the same place.</summary>
    private enum Meter : byte
    {
        ControlGroup2,
        ControlGroup1,
        Machine,
        Runtime,
    }

    /// <summary>What is used now; of the processor since the reading before, so the first one does not know it.</summary>
    public ResourceUse Read() => new(ReadCpu(), ReadMemory());

    private int? ReadCpu()
    {
        var reading = OfGroup2() ?? OfGroup1() ?? OfMachine() ?? OfRuntime();
        var before = _before;
        _before = reading;
        return before is { } last && last.Meter == reading.Meter ? PerMille(reading.Busy - last.Busy, reading.Whole - last.Whole) : null;
    }

    private (Meter Meter, long Busy, long Whole)? OfGroup2()
    {
        if (Words(Group2("cpu.max")) is not [var quota, var period] || !long.TryParse(quota, out var of) || !long.TryParse(period, out var whole) || whole <= 0
            || Member(Group2("cpu.stat"), "usage_usec") is not { } used)
            return null;
        return (Meter.ControlGroup2, used * Clock.Microsecond, (long)((Int128)clock.Now * of / whole));
    }

    private (Meter Meter, long Busy, long Whole)? OfGroup1()
    {
        if (Number("sys/fs/cgroup/cpu/cpu.cfs_quota_us") is not ({ } quota and > 0) || Number("sys/fs/cgroup/cpu/cpu.cfs_period_us") is not ({ } period and > 0)
            || Number("sys/fs/cgroup/cpuacct/cpuacct.usage") is not { } used)
            return null;
        return (Meter.ControlGroup1, used, (long)((Int128)clock.Now * quota / period));
    }

    // user nice system idle iowait irq softirq steal; guests are in user already.
    private (Meter Meter, long Busy, long Whole)? OfMachine()
    {
        var first = Text("proc/stat")?.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (first is not ["cpu", _, _, _, _, _, ..])
            return null;
        var times = first.Skip(1).Take(8).Select(text => long.TryParse(text, out var ticks) ? ticks : 0).ToList();
        return (Meter.Machine, times.Sum() - times[3] - times[4], times.Sum());
    }

    private (Meter Meter, long Busy, long Whole) OfRuntime() => (Meter.Runtime, Clock.Nanoseconds(Environment.CpuUsage.TotalTime), clock.Now * processors);

    private int? ReadMemory() => MemoryOfGroup2() ?? MemoryOfGroup1() ?? MemoryOfMachine() ?? MemoryOfRuntime();

    // What the kernel keeps of files, and would give up first, is not used up.
    private int? MemoryOfGroup2() =>
        Number(Group2("memory.max")) is { } most && Number(Group2("memory.current")) is { } used
            ? PerMille(used - (Member(Group2("memory.stat"), "inactive_file") ?? 0), most) : null;

    // Without a limit v1 says a number near 2^63.
    private int? MemoryOfGroup1() =>
        Number("sys/fs/cgroup/memory/memory.limit_in_bytes") is { } most and < 1L << 60 && Number("sys/fs/cgroup/memory/memory.usage_in_bytes") is { } used
            ? PerMille(used - (Member("sys/fs/cgroup/memory/memory.stat", "total_inactive_file") ?? 0), most) : null;

    private int? MemoryOfMachine() =>
        Member("proc/meminfo", "MemTotal:") is { } most && Member("proc/meminfo", "MemAvailable:") is { } left ? PerMille(most - left, most) : null;

    private static int? MemoryOfRuntime() => GC.GetGCMemoryInfo() is var info ? PerMille(info.MemoryLoadBytes, info.TotalAvailableMemoryBytes) : null;

    private static int? PerMille(long part, long whole) => whole <= 0 ? null : (int)Int128.Clamp((Int128)part * 1000 / whole, 0, 1000);

    /// <summary>A file of the group this process is in; of the root of what it sees, if it does not see its own.</summary>
    private string Group2(string file)
    {
        var own = Text("proc/self/cgroup")?.Split('\n').FirstOrDefault(line => line.StartsWith("0::/", StringComparison.Ordinal))?[4..].Trim();
        var path = Path.Combine("sys/fs/cgroup", own ?? "", file);
        return File.Exists(Path.Combine(root, path)) ? path : Path.Combine("sys/fs/cgroup", file);
    }

    private long? Number(string path) => long.TryParse(Text(path)?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private string[] Words(string path) => Text(path)?.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries) ?? [];

    private long? Member(string path, string name)
    {
        var words = Words(path);
        var at = Array.IndexOf(words, name);
        return at >= 0 && at + 1 < words.Length && long.TryParse(words[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
    }

    private string? Text(string path)
    {
        try
        {
            return File.ReadAllText(Path.Combine(root, path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Security.SecurityException)
        {
            return null;
        }
    }
}
