using Headgate.Backends.Sqlite;
using Headgate.IntegrationTests.Fixtures;
using Headgate.Queues;
using Microsoft.Data.Sqlite;

namespace Headgate.IntegrationTests.Queues;

/// <summary>SQLite keeps to the contract, and what it keeps outlives it.</summary>
public sealed class SqliteJobsTests : JobContract
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headgate-sqlite-").FullName;
    private SqliteDatabase? _database;

    private string File => Path.Combine(_folder, "jobs.db");

    private protected override (IJobStore Store, IJobQueue Queue) Open()
    {
        _database = SqliteDatabase.Open(File);
        return (new SqliteJobStore(_database), new SqliteJobQueue(_database, Time));
    }

    private protected override ValueTask CloseAsync()
    {
        _database?.Dispose();
        _database = null;
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Jobs_and_their_places_are_there_again_after_a_restart_and_leases_are_not()
    {
        await Store.AddAsync([Job("a"), Job("b")]);
        await Queue.EnqueueAsync([At("a"), At("b")]);
        await LeaseAsync(most: 1);

        await ReopenAsync();

        Assert.Equal(2, (await Store.CountAsync(new JobSearch())).Open);
        Assert.Equal(["a", "b"], await LeaseAsync());
        await Queue.EnqueueAsync([At("c")]);
        Assert.Equal(["c"], await LeaseAsync());
    }

    [Fact]
    public async Task A_file_of_the_first_version_is_brought_to_this_one_with_all_that_is_in_it()
    {
        await CloseAsync();
        System.IO.File.Delete(File);
        WriteFirstVersion(File, ("a", """{"url":"http://a.example/x","tenant":"acme"}"""), ("b", """{"url":"http://a.example/y"}"""));

        await ReopenAsync();

        Assert.Equal(["a"], (await Store.SearchAsync(new JobSearch { Tenant = "acme" })).Jobs.Select(job => job.Id));
        Assert.Equal(["a", "b"], (await Store.SearchAsync(new JobSearch())).Jobs.Select(job => job.Id));
        await Store.AddAsync([Job("c", tenant: "acme")]);
        await ReopenAsync();
        Assert.Equal(["a", "c"], (await Store.SearchAsync(new JobSearch { Tenant = "acme" })).Jobs.Select(job => job.Id));
    }

    private static void WriteFirstVersion(string path, params ReadOnlySpan<(string Id, string Request)> jobs)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            CREATE TABLE jobs (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, status INTEGER, ended INTEGER, request BLOB NOT NULL, record BLOB);
            CREATE INDEX jobs_open ON jobs (seq) WHERE status IS NULL;
            CREATE INDEX jobs_ended ON jobs (ended) WHERE status IS NOT NULL;
            CREATE TABLE lanes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
            CREATE TABLE queue (lane INTEGER NOT NULL, due INTEGER NOT NULL, place INTEGER NOT NULL, job TEXT NOT NULL, PRIMARY KEY (lane, due, place)) WITHOUT ROWID;
            CREATE UNIQUE INDEX queue_job ON queue (job);
            PRAGMA application_id=1751410548;
            PRAGMA user_version=1;
            """;
        command.ExecuteNonQuery();
        command.CommandText = "INSERT INTO jobs (id, created, request) VALUES ($id, 638000000000000000, $request)";
        foreach (var (id, request) in jobs)
        {
            command.Parameters.Clear();
            command.Parameters.AddWithValue("$id", id);
            command.Parameters.AddWithValue("$request", System.Text.Encoding.UTF8.GetBytes(request));
            command.ExecuteNonQuery();
        }
    }

    [Fact]
    public void Another_process_that_has_it_is_told_of()
    {
        var refused = Assert.Throws<JobStoreException>(() => SqliteDatabase.Open(File));

        Assert.Contains("another process has it", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_another_kind_is_refused_and_not_touched()
    {
        var other = Path.Combine(_folder, "other.db");
        await System.IO.File.WriteAllTextAsync(other, new string('x', 8192));

        var refused = Assert.Throws<JobStoreException>(() => SqliteDatabase.Open(other));

        Assert.Contains("is damaged", refused.Message, StringComparison.Ordinal);
        Assert.Equal(new string('x', 8192), await System.IO.File.ReadAllTextAsync(other));
    }

    [Fact]
    public async Task A_damaged_file_is_refused_with_advice_and_never_made_anew()
    {
        await Store.AddAsync([.. Enumerable.Range(0, 500).Select(n => Job($"j{n}", $"http://a.example/{new string('p', 200)}/{n}"))]);
        await CloseAsync();
        var length = new FileInfo(File).Length;
        await using (var file = new FileStream(File, FileMode.Open))
            for (var page = 4096; page < length; page += 8192)
            {
                file.Position = page;
                file.Write(new byte[2048].Select(_ => (byte)0xA5).ToArray());
            }

        var refused = Assert.Throws<JobStoreException>(() => SqliteDatabase.Open(File));

        Assert.Contains("is damaged", refused.Message, StringComparison.Ordinal);
        Assert.Contains("backup", refused.Message, StringComparison.Ordinal);
        Assert.Equal(length, new FileInfo(File).Length);
    }

    [Fact]
    public async Task A_file_of_the_first_version_goes_on_with_all_that_is_in_it()
    {
        await CloseAsync();
        System.IO.File.Delete(File);
        await using (var old = new SqliteConnection($"Data Source={File};Pooling=false"))
        {
            await old.OpenAsync();
            var create = old.CreateCommand();
            create.CommandText = $$"""
                CREATE TABLE jobs (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, status INTEGER, ended INTEGER, request BLOB NOT NULL, record BLOB);
                CREATE INDEX jobs_open ON jobs (seq) WHERE status IS NULL;
                CREATE INDEX jobs_ended ON jobs (ended) WHERE status IS NOT NULL;
                CREATE TABLE lanes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
                CREATE TABLE queue (lane INTEGER NOT NULL, due INTEGER NOT NULL, place INTEGER NOT NULL, job TEXT NOT NULL, PRIMARY KEY (lane, due, place)) WITHOUT ROWID;
                CREATE UNIQUE INDEX queue_job ON queue (job);
                INSERT INTO jobs (id, created, request) VALUES ('open', {{Time.GetUtcNow().UtcTicks}}, CAST('{"url":"http://a.example","tenant":"t"}' AS BLOB));
                INSERT INTO jobs (id, created, status, ended, request, record) VALUES ('ok', 1, 5, 2, CAST('{"url":"http://a.example"}' AS BLOB), CAST('{"ok":true}' AS BLOB));
                INSERT INTO jobs (id, created, status, ended, request, record) VALUES ('bad', 1, 5, 2, CAST('{"url":"http://a.example"}' AS BLOB), CAST('{"ok":false}' AS BLOB));
                INSERT INTO lanes (id, name) VALUES (1, 'lane');
                INSERT INTO queue (lane, due, place, job) VALUES (1, 0, 1, 'open');
                PRAGMA application_id=1751410548;
                PRAGMA user_version=1;
                """;
            await create.ExecuteNonQueryAsync();
        }

        await ReopenAsync();

        Assert.Equal(["open"], (await Store.SearchAsync(new JobSearch { Tenant = "t" })).Jobs.Select(job => job.Id));
        Assert.Equal(["ok"], (await Store.SearchAsync(new JobSearch { IsOk = true })).Jobs.Select(job => job.Id));
        Assert.Equal(["bad"], (await Store.SearchAsync(new JobSearch { IsOk = false })).Jobs.Select(job => job.Id));
        Assert.Equal(["open"], await LeaseAsync());
        Assert.Equal([true], await Store.AddAsync([Job("new") with { Batch = "b" }]));
    }

    [Fact]
    public async Task Of_a_file_of_the_version_before_the_sizes_are_known_too()
    {
        await Store.AddAsync([Job("ended"), Job("open")]);
        await Store.EndAsync(new JobEnd("ended", Headgate.Jobs.JobStatus.Completed, Time.GetUtcNow(), new byte[100_000]));
        await CloseAsync();
        foreach (var statement in (string[])["DROP INDEX jobs_ended", "ALTER TABLE jobs RENAME COLUMN size TO unused", "CREATE INDEX jobs_ended ON jobs (ended) WHERE status IS NOT NULL", "PRAGMA user_version=2"])
            Run(statement);

        (var store, _) = Open();

        await store.AddAsync([Job("later")]);
        await store.EndAsync(new JobEnd("later", Headgate.Jobs.JobStatus.Completed, Time.GetUtcNow().AddSeconds(1), new byte[100_000]));
        Assert.Equal(0, await store.ForgetAsync(Time.GetUtcNow(), 250_000, 10));
        // The size of what ended before is known as well.
        Assert.Equal(1, await store.ForgetAsync(Time.GetUtcNow(), 150_000, 10));
        Assert.Equal(["open", "later"], (await store.SearchAsync(new JobSearch())).Jobs.Select(job => job.Id));
    }

    [Fact]
    public async Task A_file_of_a_later_version_is_refused()
    {
        await CloseAsync();
        Run("PRAGMA user_version=1000");

        var refused = Assert.Throws<JobStoreException>(() => SqliteDatabase.Open(File));

        Assert.Contains("newer version of headgate", refused.Message, StringComparison.Ordinal);
    }

    private void Run(string statement)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Texts of this test.
        command.CommandText = statement;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    [Fact]
    public async Task Many_who_write_at_once_share_their_transactions()
    {
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(n => Task.Run(() => Store.AddAsync([Job($"j{n}")]))));

        Assert.Equal(1000, (await Store.CountAsync(new JobSearch())).Open);
    }
}
