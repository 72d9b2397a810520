using Headgate.App.CommandLine;
using Headgate.Keys;

namespace Headgate.App.Runs;

/// <summary>The files of a run must be different ones: <c>run a -o a --fresh</c> would empty the requests before they are read.</summary>
internal static class FilesApart
{
    /// <exception cref="CommandException">Two of them are one.</exception>
    public static void Check(RunOptions options)
    {
        var ledger = options.Results is null ? null : options.LedgerPath;
        (string What, string? Path)[] files = [("FILE", options.Input == "-" ? null : options.Input), ("--keys", FileIn(options.Engine.Keys?.From is [var keys, ..] ? keys : null)), ("--proxies", FileIn(options.Engine.Proxies)), ("-o", options.Results), ("the ledger", ledger), ("--failed-to", options.FailedTo)];
        var seen = new Dictionary<string, string>(OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase);
        foreach (var (what, path) in files)
            if (path is not null && Target(path) is { } target && !seen.TryAdd(target, what))
                throw new CommandException(ExitCode.Usage, $"{path} is {seen[target]} and {what} at once, and would be written over; name different files");
    }

    /// <summary>The file that a source of keys or proxies is; null for a variable, and for the store, of which nothing is ever written over.</summary>
    private static string? FileIn(string? source) => source is null ? null
        : KeyFile.Absolute(source) is ['f', 'i', 'l', 'e', ':', .. var path] ? path : null;

    /// <summary>What a path leads to; null for what may be named twice, such as <c>/dev/null</c>, and for what cannot be followed.</summary>
    private static string? Target(string path)
    {
        try
        {
            var target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
            return target.StartsWith("/dev/", StringComparison.Ordinal) || target.StartsWith("/proc/", StringComparison.Ordinal) ? null : target;
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return Path.GetFullPath(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Whoever opens it says what is wrong with it.
            return null;
        }
    }
}
