namespace Headgate.App.Metrics;

/// <summary>How much room the service's directory takes, and how much there is.</summary>
internal static class DataFigures
{
    private static readonly (string Part, string Folder, string Pattern)[] Parts =
    [
        ("database", "", "headgate.db*"),
        ("cache", "", "cache.db*"),
        ("ledgers", "ledgers", "*"),
        ("state", "state/scopes", "*"),
    ];

    public static void Write(PrometheusText text, string directory)
    {
        text.Family("headgate_data_bytes", "gauge", "The size of what the service keeps.");
        foreach (var (part, folder, pattern) in Parts)
            text.Sample(SizeOf(Path.Combine(directory, folder), pattern), ("part", part));
        text.Single("headgate_ledger_files", "gauge", "Ledgers that are kept.", Count(Path.Combine(directory, "ledgers")));
        if (DriveOf(directory) is not { } drive)
            return;
        text.Single("headgate_disk_free_bytes", "gauge", "What is free on the disk of --data.", drive.AvailableFreeSpace);
        text.Single("headgate_disk_size_bytes", "gauge", "How large the disk of --data is.", drive.TotalSize);
    }

    private static long SizeOf(string folder, string pattern)
    {
        var size = 0L;
        try
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles(pattern))
                size += file.Length;
        }
        catch (IOException)
        {
            // A file that is rewritten is gone for a moment.
        }
        return size;
    }

    private static int Count(string folder) => Directory.Exists(folder) ? Directory.EnumerateFiles(folder).Count() : 0;

    private static DriveInfo? DriveOf(string directory)
    {
        try
        {
            return new DriveInfo(directory) is { IsReady: true } drive ? drive : null;
        }
        catch (Exception unknown) when (unknown is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
