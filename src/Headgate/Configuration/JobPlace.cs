namespace Headgate.Configuration;

/// <summary>Where jobs are kept, or wait.</summary>
internal enum JobPlaceKind
{
    /// <summary>In a database file.</summary>
    Sqlite,

    /// <summary>In the memory of the process.</summary>
    Memory,
}

/// <summary>Where jobs are kept, or wait.</summary>
/// <param name="Kind">The kind of place.</param>
/// <param name="Path">The database file; null for the usual one in the directory of the service.</param>
internal sealed record JobPlace(JobPlaceKind Kind, string? Path = null)
{
    /// <summary>What is right, in words that follow "is not".</summary>
    public const string Expects = "a place for jobs: \"sqlite:\", \"sqlite:PATH\" or \"memory:\"";

    private const string OfSqlite = "sqlite:";
    private const string OfMemory = "memory:";

    public static readonly JobPlace Sqlite = new(JobPlaceKind.Sqlite);
    public static readonly JobPlace Memory = new(JobPlaceKind.Memory);

    /// <summary>Reads a place.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="place">The place.</param>
    /// <param name="problem">What is wrong with it. Not the whole of it: the address of a broker may hold a password.</param>
    public static bool TryParse(string text, out JobPlace place, out string? problem)
    {
        (place, problem) = (Sqlite, null);
        if (text == OfMemory)
            place = Memory;
        else if (text.StartsWith(OfSqlite, StringComparison.Ordinal))
            place = new JobPlace(JobPlaceKind.Sqlite, text.Length > OfSqlite.Length ? text[OfSqlite.Length..] : null);
        else
            problem = $"\"{Excerpt.Of(text.Split(':')[0])}\" is no place for jobs in this version; give sqlite:, sqlite:PATH or memory:";
        // No path has a null in it: the runtime throws at one.
        if (text.Contains('\0', StringComparison.Ordinal))
            problem = $"what stands there is not {Expects}";
        return problem is null;
    }

    public override string ToString() => Kind == JobPlaceKind.Memory ? OfMemory : OfSqlite + Path;
}
