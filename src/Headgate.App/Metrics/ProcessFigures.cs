using System.Globalization;
using System.Runtime.InteropServices;

namespace Headgate.App.Metrics;

/// <summary>What every process tells of itself, under the names that dashboards know.</summary>
internal static class ProcessFigures
{
    private const string Descriptors = "/proc/self/fd";
    private const string Limits = "/proc/self/limits";

    public static void Write(PrometheusText text, DateTimeOffset startedAt)
    {
        text.Family("headgate_build_info", "gauge", "The version of this program, and what it runs on.")
            .Sample(1, ("version", Commands.VersionCommand.Version), ("runtime", RuntimeInformation.FrameworkDescription), ("platform", RuntimeInformation.RuntimeIdentifier));
        text.Single("process_start_time_seconds", "gauge", "When it was started, in seconds since the Unix epoch.", startedAt.ToUnixTimeMilliseconds() / 1000.0);
        text.Single("process_resident_memory_bytes", "gauge", "Its memory that is in use.", Environment.WorkingSet);
        if (!OperatingSystem.IsWindows() && !OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
            return;
        text.Single("process_cpu_seconds_total", "counter", "The time of processors that it has used.", Environment.CpuUsage.TotalTime.TotalSeconds);
        if (!OperatingSystem.IsLinux())
            return;
        text.Single("process_open_fds", "gauge", "The files and connections that are open.", Directory.EnumerateFileSystemEntries(Descriptors).Count());
        if (MostDescriptors() is { } most)
            text.Single("process_max_fds", "gauge", "How many files and connections it may have open.", most);
    }

    /// <summary>How many files and connections this process may have open; null where nobody says.</summary>
    public static long? MostDescriptors()
    {
        const string Line = "Max open files";
        if (!OperatingSystem.IsLinux() || File.ReadLines(Limits).FirstOrDefault(line => line.StartsWith(Line, StringComparison.Ordinal)) is not { } found)
            return null;
        return long.TryParse(found.AsSpan(Line.Length).Trim().ToString().Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var most) ? most : null;
    }
}
