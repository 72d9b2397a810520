using System.Runtime.InteropServices;
using Headgate.App.Metrics;
using Headgate.Configuration;
using Headgate.Ledgers;

namespace Headgate.App.Doctor;

/// <summary>Looks at what a service needs of its machine: a clock that is right, and enough files, memory and chance.</summary>
internal static partial class MachineExamination
{
    /// <summary>Room for jobs, answers and the runtime itself; with less, a burst of large answers ends the process.</summary>
    private const long LeastMemory = 256L << 20;

    /// <summary>What adjtimex says of a clock that nobody sets right.</summary>
    private const int NotInStep = 5;

    /// <summary>Larger than the structure is on any machine.</summary>
    private const int AdjustmentSize = 512;

    public static IEnumerable<Finding> Look(HeadgateConfiguration configuration)
    {
        yield return LookAtClock();
        yield return LookAtBoot();
        yield return LookAtFiles(configuration);
        yield return LookAtMemory();
    }

    private static Finding LookAtClock()
    {
        if (!OperatingSystem.IsLinux())
            return Finding.Ok("clock", "whether it is kept in step is not told on this system");
        return Adjust(new byte[AdjustmentSize]) == NotInStep
            ? Finding.Warn("clock", "nobody keeps it in step with the time", "run a time service (systemd-timesyncd, chrony): limits by calendar, deadlines and the times in records go by it; other limits do not")
            : Finding.Ok("clock", "it is kept in step with the time");
    }

    private static Finding LookAtBoot() => MachineBoot.Id() == MachineBoot.Unknown
        ? Finding.Warn("boot", "which boot of the machine this is cannot be told", "after each start of the service, limits count what was sent before as sent just now; give it /proc/sys/kernel/random/boot_id")
        : Finding.Ok("boot", "sends are remembered over a restart to the microsecond");

    private static Finding LookAtFiles(HeadgateConfiguration configuration)
    {
        if (ProcessFigures.MostDescriptors() is not { } most)
            return Finding.Ok("files", "as many may be open as the system allows");
        // A connection of each attempt, one of each caller, and those of the service itself.
        var needed = 1000L + (2L * configuration.Concurrency * Math.Max(1, configuration.Upstreams.Count));
        var text = $"{most} files and connections may be open";
        return most >= needed ? Finding.Ok("files", text) : Finding.Warn("files", $"{text}, and {needed} may be needed", $"raise the limit: ulimit -n {needed}, or LimitNOFILE={needed} in the unit");
    }

    private static Finding LookAtMemory()
    {
        var most = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var text = $"{most >> 20} MiB of memory may be used";
        return most >= LeastMemory ? Finding.Ok("memory", text) : Finding.Warn("memory", text, $"give it {LeastMemory >> 20} MiB, or keep answers small with --max-body");
    }

    [LibraryImport("libc", EntryPoint = "adjtimex")]
    private static partial int Adjust(Span<byte> adjustment);
}
