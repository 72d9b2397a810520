namespace Headgate.Backends.Sqlite;

/// <summary>Files that only their owner may read, from the first moment.</summary>
internal static class OwnFile
{
    /// <summary>Makes an empty file in the place of whatever is there.</summary>
    public static void Make(string path)
    {
        File.Delete(path);
        MakeNew(path);
    }

    /// <summary>Makes an empty file where there is none.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static void MakeIfNone(string path)
    {
        try
        {
            MakeNew(path);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Somebody else may have made it at the same moment.
        }
    }

    private static void MakeNew(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
    }
}
