namespace Headgate.App.Backups;

/// <summary>Which files belong into a backup. Pure.</summary>
internal static class BackupNames
{
    private const int MostLevels = 4;

    /// <summary>What answers are kept in. No backup has them: what was invalidated after it would come back.</summary>
    public const string Answers = "cache.db";

    /// <summary>Whether a name is one of a file of a service that is worth a backup, and leads nowhere else.</summary>
    /// <param name="name">Below the directory, with slashes.</param>
    public static bool IsName(string name)
    {
        var levels = name.Split('/');
        return levels.Length <= MostLevels && Array.TrueForAll(levels, IsLevel) && !IsBackup(name) && !name.StartsWith(Answers, StringComparison.Ordinal);
    }

    private static bool IsLevel(string level) =>
        level.Length is > 0 and <= 200 && level[0] != '.' && level.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_');

    private static bool IsBackup(string name) => name.EndsWith(".tar", StringComparison.Ordinal) || name.EndsWith(".tar.gz", StringComparison.Ordinal) || name.EndsWith(".tgz", StringComparison.Ordinal);
}
