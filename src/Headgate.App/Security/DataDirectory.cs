using Headgate.App.CommandLine;

namespace Headgate.App.Security;

/// <summary>The directory of a service: its jobs have the credentials that callers gave them, so that it is for its owner alone.</summary>
internal static class DataDirectory
{
    private const UnixFileMode OfOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>What is wrong with who may write there, and what to do; null for nothing. Whoever may puts other files in the place of ours.</summary>
    public static string? Fault(string path) => !OperatingSystem.IsWindows() && Directory.Exists(path) && (File.GetUnixFileMode(path) & OfOthers) != UnixFileMode.None
        ? $"{path}: others than its owner may write there, and put files of theirs in the place of these; say: chmod go-w {path}"
        : null;

    /// <summary>Makes it if there is none; one that is there stays as it is.</summary>
    /// <exception cref="CommandException">It cannot be made.</exception>
    public static void Make(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(path);
            else
                Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Configuration, $"the directory of the service, {path}, {(File.Exists(path) ? "is a file" : $"cannot be made: {failure.Message.TrimEnd('.')}")}; give another one with --data DIR");
        }
    }
}
