using System.Runtime.Versioning;

namespace Headgate.Backends.Sqlite;

/// <summary>Files that only their owner may read, from the first moment.</summary>
internal static class OwnFile
{
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The file that a path leads to, over any links, whether it is there or not.</summary>
    /// <exception cref="IOException">The links lead in a circle.</exception>
    public static string Meant(string path) => new FileInfo(path) is { LinkTarget: not null } link ? link.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path : path;

    /// <summary>Makes a database if there is none; one that is there is for its owner alone from here on.</summary>
    /// <param name="path">The file, no link.</param>
    /// <param name="notice">Told where others could read it until now.</param>
    /// <returns>Whether there was none.</returns>
    public static bool Prepare(string path, Action<string> notice)
    {
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            Make(path);
            return true;
        }
        Keep(path, notice);
        return false;
    }

    /// <summary>A database that is there is for its owner alone from here on.</summary>
    /// <param name="path">The file, no link.</param>
    /// <param name="notice">Told where others could read it until now.</param>
    /// <exception cref="UnauthorizedAccessException">It is somebody else's.</exception>
    public static void Keep(string path, Action<string> notice)
    {
        if (!OperatingSystem.IsWindows())
            foreach (var file in DatabaseFiles.Of(path))
                Restrict(file, notice);
    }

    /// <summary>Makes an empty file in the place of whatever is there.</summary>
    public static void Make(string path)
    {
        File.Delete(path);
        MakeNew(path);
    }

    private static void MakeNew(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Own;
        using var file = new FileStream(path, options);
    }

    [UnsupportedOSPlatform("windows")]
    private static void Restrict(string file, Action<string> notice)
    {
        var mode = File.GetUnixFileMode(file);
        if ((mode & ~Own) == UnixFileMode.None)
            return;
        notice($"{file}: others than its owner could use it ({Convert.ToString((int)mode, 8)}); now it is for him alone");
        File.SetUnixFileMode(file, Own);
    }
}
