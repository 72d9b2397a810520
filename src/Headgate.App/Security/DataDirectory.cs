namespace Headgate.App.Security;

/// <summary>The directory of a service: its jobs have the credentials that callers gave them, so that it is for its owner alone.</summary>
internal static class DataDirectory
{
    /// <summary>Makes it if there is none; one that is there stays as it is.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static void Make(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
