using System.Globalization;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Headgate.App.Service;

/// <summary>What a caller may take of a port, so that those who send slowly, much or nothing at all leave room for everybody else.</summary>
internal static class CallerLimits
{
    /// <summary>How long a connection may say nothing between its requests.</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromMinutes(2);

    /// <summary>How long the head of a request may take.</summary>
    public static readonly TimeSpan Head = TimeSpan.FromSeconds(15);

    /// <summary>Headers of a request, altogether, in bytes.</summary>
    public const int LongestHead = 32 * 1024;

    public const int MostHeaders = 100;

    /// <summary>
    /// A body may come no slower, since it may hold a place in the limits of an API while it comes; and an answer may be taken no slower. Over each
    /// five seconds, and not while we keep the caller waiting ourselves.
    /// </summary>
    private static readonly MinDataRate Slowest = new(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));

    /// <summary>So many files a process has open that serves nobody: 190 at its start (measured), and its records.</summary>
    private const int OwnFiles = 256;

    /// <summary>Of the files that are left; the others are for what is sent, and for the other port.</summary>
    public const double OfService = 0.6;

    /// <summary>Each of its connections can be a tunnel, with another one behind it.</summary>
    public const double OfProxy = 0.15;

    /// <summary>Sets them.</summary>
    /// <param name="kestrel">The server.</param>
    /// <param name="files">The part of the files of this process that its connections may be.</param>
    public static void Set(KestrelServerOptions kestrel, double files)
    {
        var limits = kestrel.Limits;
        (limits.KeepAliveTimeout, limits.RequestHeadersTimeout) = (KeepAlive, Head);
        (limits.MaxRequestHeadersTotalSize, limits.MaxRequestHeaderCount) = (LongestHead, MostHeaders);
        (limits.MinRequestBodyDataRate, limits.MinResponseDataRate) = (Slowest, Slowest);
        // With no file left the server would try to accept again and again, and no send could be recorded.
        if (MostFiles() is { } most)
            limits.MaxConcurrentConnections = MostConnections(most, files);
    }

    /// <summary>So many connections a port has at most, where the process may have so many files open.</summary>
    public static long MostConnections(long files, double part) => Math.Max(16, (long)((files - OwnFiles) * part));

    /// <summary>So many files this process may have open, as Linux tells it; null where nobody tells.</summary>
    private static long? MostFiles()
    {
        const string limits = "/proc/self/limits";
        if (!File.Exists(limits))
            return null;
        var line = File.ReadLines(limits).FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, var soft, ..] && long.TryParse(soft, CultureInfo.InvariantCulture, out var most) ? most : null;
    }
}
