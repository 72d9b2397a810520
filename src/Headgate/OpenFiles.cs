using System.Runtime.InteropServices;

namespace Headgate;

/// <summary>How many files and connections this process may have open. A process that has no more of them cannot even begin a thread, and ends.</summary>
internal static partial class OpenFiles
{
    private const int LimitOnLinux = 7;
    private const int LimitOnMac = 8;

    /// <summary>More APIs that nobody configured need not be known at once, whatever the system allows: each takes kilobytes.</summary>
    private const int Plenty = 4096;

    /// <summary>From here on nothing is worth counting: three for each job that may be under way.</summary>
    private const long Unbounded = 64 * 1024;

    /// <summary>What a service has open that does nothing: libraries, databases.</summary>
    private const long Own = 256;

    /// <summary>
    /// So many requests may be under way at once; null where that is more than there ever are. Each has a connection, and where each goes to another
    /// host two files of that host beside it: three, and as many again for what is kept or being closed, and for callers.
    /// </summary>
    public static int? MostAtOnce => Limit() is var limit and < Unbounded ? (int)Math.Max(16, (limit - Own) / 6) : null;

    /// <summary>So many hosts that nobody configured may be known, in use or not: two files each, and connections that are kept.</summary>
    public static int MostUnknown => (int)Math.Clamp(Limit() / 8, 16, Plenty);

    /// <summary>RLIMIT_NOFILE: the runtime has raised it to the hard limit, on whose value it depends how far that goes.</summary>
    private static long Limit()
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
            return long.MaxValue;
        return GetLimit(OperatingSystem.IsLinux() ? LimitOnLinux : LimitOnMac, out var limit) == 0 ? (long)Math.Min(limit.Current, long.MaxValue) : Unbounded;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out FileLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct FileLimit
    {
        public readonly ulong Current;
        public readonly ulong Most;
    }
}
