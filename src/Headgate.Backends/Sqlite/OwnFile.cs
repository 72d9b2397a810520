namespace Headgate.Backends.Sqlite;

/// <summary>Files that only their owner may read, from the first moment.</summary>
internal static class OwnFile
{
    /// <summary>Makes an empty file in the place of whatever is there.</summary>
    public static void Make(string path)
    {
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
    }
}
