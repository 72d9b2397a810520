using System.Buffers.Binary;
using System.Security.Cryptography;
using Headgate.Caching;

namespace Headgate.Backends.Sqlite;

/// <summary>Answers in a database file: bounded in bytes, what was used longest ago goes first. It waits for the disk. Thread-safe.</summary>
internal sealed class SqliteAnswers
{
    /// <summary>What an entry takes beside itself: its rows, its place in two indexes, and the rest of its last page.</summary>
    private const int Overhead = 8 * 1024;

    private const int PageSize = 4096;

    private readonly SqliteDatabase _database;
    private readonly long _limit;

    /// <summary>So many bytes are written in one transaction, and so long the log ahead of the file gets before it is copied into that.</summary>
    private readonly long _log;
    private readonly byte[] _salt;
    private long _used;

    /// <summary>Something was ever put in: until then nothing is looked for on disk.</summary>
    private volatile bool _hasAny;

    /// <param name="database">Not owned.</param>
    /// <param name="limit">Bytes of the file and its log together. An eighth is for the log: it may have all of <see cref="_log"/> when the largest entry comes, a tenth.</param>
    public SqliteAnswers(SqliteDatabase database, long limit)
    {
        (_database, _limit, _log) = (database, limit, limit / 64);
        _ = database.Writer.WriteAsync(statements => statements.Execute($"PRAGMA journal_size_limit={_log}") + statements.Execute($"PRAGMA wal_autocheckpoint={Math.Max(1, _log / PageSize)}"), isSynced: false);
        _salt = ReadSalt() ?? MakeSalt();
        _used = database.Read(statements => statements.Scalar("SELECT MAX(used) FROM entries") as long? ?? 0);
        _hasAny = _used > 0;
    }

    /// <summary>Bytes that are in use.</summary>
    public long Bytes => _database.Read(BytesOf);

    public long Count => _database.Read(statements => (long)statements.Scalar("SELECT COUNT(*) FROM entries")!);

    /// <summary>What is kept under a key, and by what it is known; null for nothing.</summary>
    /// <exception cref="Headgate.Queues.JobStoreException">It cannot be read.</exception>
    public (long Id, byte[] Entry)? Find(CacheKey key) => !_hasAny ? null : _database.Read<(long, byte[])?>(statements =>
    {
        using var row = statements.Query("SELECT id, entry FROM entries JOIN bodies USING (id) WHERE url = $1 AND owner = $2", key.Url, OwnerOf(key));
        return row.Read() ? (row.GetInt64(0), (byte[])row.GetValue(1)) : null;
    });

    /// <summary>Writes many, as many together as the log may have: null for what is not kept any more. What fails may have been written in part.</summary>
    /// <param name="entries">By their keys, with the rules by which each was made.</param>
    /// <param name="used">Those that were asked for meanwhile.</param>
    public async Task WriteAsync(IReadOnlyCollection<KeyValuePair<CacheKey, KeptEntry>> entries, IReadOnlyCollection<long> used)
    {
        var (part, bytes) = (new List<KeyValuePair<CacheKey, KeptEntry>>(), 0L);
        foreach (var entry in entries)
        {
            var size = entry.Value.Entry?.Size ?? 0;
            if (part.Count > 0 && bytes + size > _log)
            {
                await WritePartAsync(part, used);
                (part, bytes, used) = ([], 0, []);
            }
            part.Add(entry);
            bytes += size;
        }
        await WritePartAsync(part, used);
    }

    /// <summary>What is kept of a URL, whoever it is for, as it was written, but what is known; and whether it is for who asks.</summary>
    public IReadOnlyList<(string Place, byte[] Entry, bool IsAskers)> Look(string url, IReadOnlyCollection<CacheKey> known, CacheKey asker)
    {
        var own = PlaceOf(asker).Owner;
        var others = known.Select(PlaceOf).ToHashSet();
        var path = url.Split('?')[0];
        return _database.Read(statements =>
        {
            var found = new List<(string, byte[], bool)>();
            // Places for many queries begin with the path and a space, which comes before all that a URL may go on with.
            using var rows = statements.Query("SELECT url, owner, entry FROM entries JOIN bodies USING (id) WHERE url = $1 OR (url >= $2 AND url < $3)", url, $"{path} ", $"{path}!");
            while (rows.Read())
                if (Convert.ToHexString((byte[])rows.GetValue(1)) is var owner && !others.Contains((rows.GetString(0), owner)))
                    found.Add((rows.GetString(0), (byte[])rows.GetValue(2), owner == own));
            return found;
        });
    }

    /// <summary>Removes what is kept of some URLs; how many entries those are, with those that are known.</summary>
    public Task<long> RemoveAsync(Func<string, bool> isMeant, IReadOnlyCollection<CacheKey> known, bool isDryRun) => _database.Writer.WriteAsync(
        statements =>
        {
            var (places, ids) = (known.Select(PlaceOf).ToHashSet(), new List<long>());
            using (var rows = statements.Query("SELECT id, url, owner FROM entries"))
                while (rows.Read())
                    if (isMeant(rows.GetString(1)))
                    {
                        ids.Add(rows.GetInt64(0));
                        places.Add((rows.GetString(1), Convert.ToHexString((byte[])rows.GetValue(2))));
                    }
            if (!isDryRun)
                ids.ForEach(id => Delete(statements, id));
            return (long)places.Count;
        },
        isSynced: true);

    /// <summary>Forgets all of it.</summary>
    public Task ClearAsync() => _database.Writer.WriteAsync(statements => statements.Execute("DELETE FROM entries") + statements.Execute("DELETE FROM bodies"), isSynced: false);

    private Task WritePartAsync(List<KeyValuePair<CacheKey, KeptEntry>> entries, IReadOnlyCollection<long> used) => _database.Writer.WriteAsync(
        statements =>
        {
            foreach (var id in used)
                statements.Execute("UPDATE entries SET used = $1 WHERE id = $2", ++_used, id);
            foreach (var (key, kept) in entries)
                Write(statements, key, kept.Entry is { } entry ? EntryBytes.Write(entry, kept.Rules) : null);
            return entries.Count;
        },
        isSynced: false);

    private void Write(Statements statements, CacheKey key, byte[]? entry)
    {
        var owner = OwnerOf(key);
        if (statements.Scalar("SELECT id FROM entries WHERE url = $1 AND owner = $2", key.Url, owner) is long known)
            Delete(statements, known);
        if (entry is null || entry.Length > _limit / 10)
            return;
        while (BytesOf(statements) + entry.Length + 2L * key.Url.Length + Overhead > _limit - _limit / 8)
        {
            if (statements.Scalar("SELECT id FROM entries ORDER BY used LIMIT 1") is not long oldest)
                return;
            Delete(statements, oldest);
        }
        _hasAny = true;
        statements.Execute("INSERT INTO entries (url, owner, used) VALUES ($1, $2, $3)", key.Url, owner, ++_used);
        statements.Execute("INSERT INTO bodies (id, entry) VALUES (last_insert_rowid(), $1)", entry);
    }

    private static void Delete(Statements statements, long id)
    {
        statements.Execute("DELETE FROM bodies WHERE id = $1", id);
        statements.Execute("DELETE FROM entries WHERE id = $1", id);
    }

    private static long BytesOf(Statements statements) =>
        ((long)statements.Scalar("PRAGMA page_count")! - (long)statements.Scalar("PRAGMA freelist_count")!) * (long)statements.Scalar("PRAGMA page_size")!;

    /// <summary>Whose they are, in a form from which nobody finds the credentials with a table that he has.</summary>
    private byte[] OwnerOf(CacheKey key)
    {
        if (key.Credentials == 0)
            return [];
        Span<byte> salted = stackalloc byte[32];
        _salt.CopyTo(salted);
        BinaryPrimitives.WriteUInt128LittleEndian(salted[16..], key.Credentials);
        return SHA256.HashData(salted)[..16];
    }

    private (string Url, string Owner) PlaceOf(CacheKey key) => (key.Url, Convert.ToHexString(OwnerOf(key)));

    private byte[]? ReadSalt() => _database.Read(statements => statements.Scalar("SELECT value FROM about WHERE name = 'salt'") as byte[]);

    /// <summary>SQLite's own random bytes, which the system seeds: the library of ciphers, 5 MB of an idle process, is loaded with the first credentials.</summary>
    private byte[] MakeSalt()
    {
        _database.Writer.WriteAsync(static statements => statements.Execute("INSERT INTO about (name, value) VALUES ('salt', randomblob(16))"), isSynced: true).GetAwaiter().GetResult();
        return ReadSalt()!;
    }
}

/// <summary>What is kept under a key, and by which rules.</summary>
/// <param name="Entry">Null for nothing.</param>
/// <param name="Rules">By which it was made.</param>
internal readonly record struct KeptEntry(CacheEntry? Entry, CacheRules Rules);
