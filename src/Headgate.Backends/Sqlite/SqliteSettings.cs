using Headgate.Queues;

namespace Headgate.Backends.Sqlite;

/// <summary>Settings in a database file. Thread-safe.</summary>
/// <param name="database">Not owned.</param>
internal sealed class SqliteSettings(SqliteDatabase database) : ISettingStore
{
    public Task<IReadOnlyDictionary<string, string>> ReadAsync(string kind) => Task.FromResult<IReadOnlyDictionary<string, string>>(database.Read(statements =>
    {
        var found = new Dictionary<string, string>();
        using var rows = statements.Query("SELECT name, value FROM settings WHERE kind = $1", kind);
        while (rows.Read())
            found.Add(rows.GetString(0), rows.GetString(1));
        return found;
    }));

    public Task WriteAsync(string kind, string name, string? value) => database.Writer.WriteAsync(
        statements => value is null
            ? statements.Execute("DELETE FROM settings WHERE kind = $1 AND name = $2", kind, name)
            : statements.Execute("INSERT INTO settings (kind, name, value) VALUES ($1, $2, $3) ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value", kind, name, value),
        isSynced: true);
}
