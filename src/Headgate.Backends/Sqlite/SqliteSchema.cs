using Headgate.Queues;
using Microsoft.Data.Sqlite;

namespace Headgate.Backends.Sqlite;

/// <summary>What is in a database file.</summary>
/// <param name="ApplicationId">By what such a file is known.</param>
/// <param name="Versions">What makes a version from the one before, version 1 first. A new file takes them all; one of these is never changed.</param>
internal sealed record SqliteSchema(int ApplicationId, string[][] Versions)
{
    /// <summary>Looking at every page of a larger one would take seconds.</summary>
    private const long LargestChecked = 256L << 20;

    /// <summary>Jobs, what became of them, and what was set while the service ran: "hdgt".</summary>
    public static readonly SqliteSchema Jobs = new(0x68646774,
    [
        [
            // Times are ticks of 100 ns since the year 1, UTC. What has no status has not ended.
            "CREATE TABLE jobs (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, status INTEGER, ended INTEGER, request BLOB NOT NULL, record BLOB)",
            "CREATE INDEX jobs_open ON jobs (seq) WHERE status IS NULL",
            "CREATE INDEX jobs_ended ON jobs (ended) WHERE status IS NOT NULL",
            "CREATE TABLE lanes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
            "CREATE TABLE queue (lane INTEGER NOT NULL, due INTEGER NOT NULL, place INTEGER NOT NULL, job TEXT NOT NULL, PRIMARY KEY (lane, due, place)) WITHOUT ROWID",
            "CREATE UNIQUE INDEX queue_job ON queue (job)",
        ],
        [
            "ALTER TABLE jobs ADD COLUMN class INTEGER", // of failure; 0 for none, null while it has not ended
            "ALTER TABLE jobs ADD COLUMN api TEXT",
            "ALTER TABLE jobs ADD COLUMN queue TEXT",
            "ALTER TABLE jobs ADD COLUMN tenant TEXT",
            "ALTER TABLE jobs ADD COLUMN batch TEXT",
            "ALTER TABLE jobs ADD COLUMN expires INTEGER",
            "ALTER TABLE jobs ADD COLUMN replaces TEXT",
            "ALTER TABLE jobs ADD COLUMN replaced TEXT",
            "UPDATE jobs SET tenant = json_extract(CAST(request AS TEXT), '$.tenant')",
            "UPDATE jobs SET class = 0 WHERE json_extract(CAST(record AS TEXT), '$.ok')",
            "CREATE INDEX jobs_tenant ON jobs (tenant, seq) WHERE tenant IS NOT NULL",
            "CREATE INDEX jobs_expiring ON jobs (expires) WHERE status IS NULL AND expires IS NOT NULL",
            "CREATE INDEX jobs_batch ON jobs (batch, seq) WHERE batch IS NOT NULL",
            "CREATE INDEX jobs_dead ON jobs (seq) WHERE status IN (6, 7) AND replaced IS NULL",
            // What is kept of the service itself, a JSON text by its name: schedules, queues that rest.
            "CREATE TABLE settings (kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID",
        ],
        [
            // How large a job is that has ended, request and record. In the index, so that all of them are summed up without reading them.
            "ALTER TABLE jobs ADD COLUMN size INTEGER",
            "DROP INDEX jobs_ended",
            "UPDATE jobs SET size = LENGTH(request) + LENGTH(record) WHERE status IS NOT NULL",
            "CREATE INDEX jobs_ended ON jobs (ended, size) WHERE ended IS NOT NULL",
        ],
    ]);

    /// <summary>Calls that passed through, searchable by every word in them: "hdgc".</summary>
    public static readonly SqliteSchema Calls = new(0x68646763,
    [
        [
            // Times are ticks of 100 ns since the year 1, UTC; durations ticks too. Headers are a line each.
            """
            CREATE TABLE calls (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, method TEXT NOT NULL, url TEXT NOT NULL, api TEXT, status INTEGER, class INTEGER NOT NULL,
                error TEXT, attempts INTEGER NOT NULL, wait INTEGER NOT NULL, elapsed INTEGER NOT NULL, caller TEXT, request_headers TEXT NOT NULL, request_body TEXT, answer_headers TEXT NOT NULL, answer_body TEXT)
            """,
            "CREATE VIRTUAL TABLE words USING fts5 (method, url, error, request_headers, request_body, answer_headers, answer_body, content='calls', content_rowid='seq')",
            """
            CREATE TRIGGER calls_added AFTER INSERT ON calls BEGIN
                INSERT INTO words (rowid, method, url, error, request_headers, request_body, answer_headers, answer_body)
                VALUES (new.seq, new.method, new.url, new.error, new.request_headers, new.request_body, new.answer_headers, new.answer_body);
            END
            """,
            """
            CREATE TRIGGER calls_gone AFTER DELETE ON calls BEGIN
                INSERT INTO words (words, rowid, method, url, error, request_headers, request_body, answer_headers, answer_body)
                VALUES ('delete', old.seq, old.method, old.url, old.error, old.request_headers, old.request_body, old.answer_headers, old.answer_body);
            END
            """,
        ],
    ]);

    /// <summary>Answers that are kept: "hdga".</summary>
    public static readonly SqliteSchema Answers = new(0x68646761,
    [
        [
            // The owner is a salted digest of credentials, empty for none. Bodies apart, so that to note a use writes little.
            "CREATE TABLE entries (id INTEGER PRIMARY KEY, url TEXT NOT NULL, owner BLOB NOT NULL, used INTEGER NOT NULL, UNIQUE (url, owner))",
            "CREATE INDEX entries_used ON entries (used)",
            "CREATE TABLE bodies (id INTEGER PRIMARY KEY, entry BLOB NOT NULL)",
            "CREATE TABLE about (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
        ],
    ]);

    /// <summary>Makes what is to be in a database, or looks at what is in it.</summary>
    /// <exception cref="JobStoreException">It is damaged, or none of ours, or of a later version.</exception>
    public void Prepare(SqliteConnection connection, string path)
    {
        using var statements = new OneOff(connection);
        statements.Run("PRAGMA busy_timeout=5000");
        var application = statements.Number("PRAGMA application_id");
        var version = statements.Number("PRAGMA user_version");
        var isNew = statements.Number("SELECT COUNT(*) FROM sqlite_master") == 0;
        if (!isNew && application != ApplicationId)
            throw new JobStoreException($"{path}: is a database of another program; give another directory with --data DIR");
        if (version > Versions.Length)
            throw new JobStoreException($"{path}: was written by a newer version of headgate (schema {version}; this one knows {Versions.Length}); use that one");
        if (!isNew && new FileInfo(path).Length < LargestChecked && statements.Text("PRAGMA quick_check(1)") is var verdict and not "ok")
            throw Damaged(path, verdict);
        statements.Run("PRAGMA journal_mode=WAL");
        statements.Run("PRAGMA synchronous=NORMAL");
        if (version == Versions.Length)
            return;
        // All or nothing: a death in between leaves the version that was there.
        statements.Run("BEGIN IMMEDIATE");
        foreach (var statement in Versions.Skip((int)version).SelectMany(statements => statements))
            statements.Run(statement);
        statements.Run($"PRAGMA application_id={ApplicationId}");
        statements.Run($"PRAGMA user_version={Versions.Length}");
        statements.Run("COMMIT");
    }

    /// <summary>What is said of a damaged database.</summary>
    public static JobStoreException Damaged(string path, string? what, Exception? cause = null) =>
        new($"{path}: is damaged ({what}); nothing was changed. Put a backup in its place, or save what can be read with: sqlite3 {path} .recover; to begin anew, move the file away", cause);

    /// <summary>Statements that run once.</summary>
    private readonly struct OneOff(SqliteConnection connection) : IDisposable
    {
        private readonly SqliteCommand _command = connection.CreateCommand();

        public void Run(string sql) => Bind(sql).ExecuteNonQuery();

        public long Number(string sql) => (long)Bind(sql).ExecuteScalar()!;

        public string? Text(string sql) => Bind(sql).ExecuteScalar() as string;

        public void Dispose() => _command.Dispose();

        private SqliteCommand Bind(string sql)
        {
#pragma warning disable CA2100 // The texts are constants of ours.
            _command.CommandText = sql;
#pragma warning restore CA2100
            return _command;
        }
    }
}
