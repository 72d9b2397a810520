namespace Headgate.Backends.Sqlite;

/// <summary>The files of a database that can be done without.</summary>
internal static class DatabaseFiles
{
    private static readonly string[] Suffixes = ["", "-wal", "-shm"];

    /// <summary>Those that are there.</summary>
    public static IEnumerable<string> Of(string path) => Suffixes.Select(suffix => path + suffix).Where(File.Exists);

    /// <summary>Gives them another name, under which nobody opens them.</summary>
    /// <returns>The name.</returns>
    /// <exception cref="IOException">It cannot be done.</exception>
    public static string PutAside(string path, TimeProvider time)
    {
        var aside = $"{path}.damaged-{time.GetUtcNow():yyyyMMdd-HHmmss}";
        foreach (var suffix in Suffixes)
            if (File.Exists(path + suffix))
                File.Move(path + suffix, aside + suffix, overwrite: true);
        return aside;
    }

    /// <summary>Deletes them, as far as that can be done.</summary>
    public static void Delete(string path)
    {
        foreach (var suffix in Suffixes)
            try
            {
                File.Delete(path + suffix);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // What was invalidated is validated all the same: that is in another file.
            }
    }
}
