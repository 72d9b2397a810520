using Headgate.Caching;
using Headgate.Ledgers;
using Headgate.Queues;
using Microsoft.Data.Sqlite;

namespace Headgate.Backends.Sqlite;

/// <summary>
/// The archive of a cache in a database file. It never stops the service: what cannot be read is put aside, what cannot be written is not kept, and both
/// are told once. Thread-safe.
/// </summary>
internal sealed class SqliteCache : ICacheArchive, ICacheInventory, IAsyncDisposable
{
    /// <summary>How long what was put here waits for more, before all of it is written together.</summary>
    public static readonly TimeSpan Together = TimeSpan.FromMilliseconds(200);

    /// <summary>After a failure.</summary>
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(5);

    /// <summary>So much waits to be written, in bytes; of what comes then only the name is kept, so that nothing older takes its place.</summary>
    private const long MostWaiting = 32 << 20;

    /// <summary>So many wait; of more nothing is kept at all.</summary>
    private const int MostNames = 100_000;

    private const int Corrupt = 11; // SQLITE_CORRUPT
    private const int NotADatabase = 26; // SQLITE_NOTADB

    private readonly SqliteDatabase _database;
    private readonly SqliteAnswers _answers;
    private readonly InvalidationFile _invalidations;
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly Action<string> _notice;

    private readonly Lock _lock = new();
    private CancellationTokenSource _hurry = new();
    private Dictionary<CacheKey, KeptEntry> _waiting = [];
    private Dictionary<CacheKey, KeptEntry> _underWay = [];
    private HashSet<long> _used = [];
    private long _waitingBytes;

    /// <summary>What is in the file counts for nothing until it is cleared; and that this is under way.</summary>
    private bool _forgetsAll;
    private bool _isForgetting;
    private bool _isFailing;
    private bool _isEnding;
    private Task _writing = Task.CompletedTask;

    /// <summary>Ends with the next batch, for those who wait for it: all that they have put is in it, or in one before. Null where nobody does.</summary>
    private TaskCompletionSource? _flushed;

    /// <summary>It is damaged, or what was invalidated cannot be remembered: nothing of it is used any more.</summary>
    private volatile bool _isLost;

    private SqliteCache(SqliteDatabase database, InvalidationFile invalidations, string path, long limit, TimeProvider time, Action<string> notice)
    {
        (_database, _invalidations, _path, _time, _notice) = (database, invalidations, path, time, notice);
        (_answers, Limit) = (new SqliteAnswers(database, limit), limit);
    }

    public IReadOnlyList<KeyValuePair<string, long>> Invalidated => _invalidations.Known;

    public long Bytes => _isLost ? 0 : _answers.Bytes;

    public long Limit { get; }

    public long Count => _isLost ? 0 : _answers.Count;

    /// <summary>Opens a file, and makes it if there is none. One that cannot be used is put aside.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limit">Its bytes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="notice">Told what a user should know.</param>
    /// <returns>Null if that cannot be either: answers are kept in memory only.</returns>
    public static SqliteCache? Open(string path, long limit, TimeProvider time, Action<string> notice)
    {
        try
        {
            path = OwnFile.Meant(path);
            if (!IsFree(path))
            {
                notice($"{path}: another process has it, so answers are kept in memory only");
                return null;
            }
            return OpenFile(path, limit, time, notice);
        }
        catch (JobStoreException wrong)
        {
            notice($"answers that were kept cannot be used: {wrong.Message}");
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            notice($"{path}: cannot be opened, so answers are kept in memory only: {wrong.Message}");
            return null;
        }
        try
        {
            notice($"begun anew; what was there is in {DatabaseFiles.PutAside(path, time)}");
            return OpenFile(path, limit, time, notice);
        }
        catch (Exception wrong) when (wrong is JobStoreException or IOException or UnauthorizedAccessException)
        {
            notice($"answers are kept in memory only: {wrong.Message}");
            return null;
        }
    }

    public CacheEntry? Find(CacheKey key, CacheRules rules)
    {
        lock (_lock)
        {
            if (_waiting.TryGetValue(key, out var kept) || _underWay.TryGetValue(key, out kept))
                return kept.Entry is not null && kept.Rules.Mark == rules.Mark ? kept.Entry : null;
            if (_forgetsAll || _isForgetting || _isLost)
                return null;
        }
        try
        {
            if (_answers.Find(key) is not { } found)
                return null;
            var entry = EntryBytes.Read(found.Entry, key.Url, rules);
            if (entry is not null)
                Use(found.Id);
            return entry;
        }
        catch (InvalidDataException)
        {
            Put(key, null, rules);
            return null;
        }
        catch (JobStoreException failure)
        {
            if (IsDamage(failure))
                Lose(failure.Message);
            return null;
        }
    }

    public void Put(CacheKey key, CacheEntry? entry, CacheRules rules)
    {
        lock (_lock)
        {
            if (_isLost)
                return;
            RemoveNeedsLock(key);
            var size = entry?.Size ?? 0;
            if (_waitingBytes + size > MostWaiting)
                (entry, size) = (null, 0);
            _waiting[key] = new KeptEntry(entry, rules);
            _waitingBytes += size;
            if (_waiting.Count > MostNames)
                ForgetAllNeedsLock();
            BeginNeedsLock();
        }
    }

    public void Invalidate(string name, long at)
    {
        if (_isLost)
            return;
        try
        {
            _invalidations.Add(name, at);
        }
        catch (IOException failure)
        {
            Lose(failure.Message);
        }
    }

    public IReadOnlyList<(CacheEntry Entry, bool IsAskers)> Look(string url, CacheRules rules, IReadOnlyCollection<CacheKey> known, CacheKey asker)
    {
        var found = new List<(CacheEntry, bool)>();
        foreach (var (place, bytes, isAskers) in _isLost ? [] : _answers.Look(url, known, asker))
            try
            {
                if (AnswerInventory.IsOf(place, url) && EntryBytes.Read(bytes, place, rules) is { } entry)
                    found.Add((entry, isAskers));
            }
            catch (InvalidDataException)
            {
                // Whoever asks for it finds that out, and asks the API.
            }
        return found;
    }

    public async Task<long> RemoveAsync(Func<string, bool> isMeant, IReadOnlyCollection<CacheKey> known, bool isDryRun)
    {
        if (_isLost)
            return known.Count;
        try
        {
            // Of what waits, too.
            await FlushAsync().WaitAsync(TryAgainAfter, TimeProvider.System);
            return await _answers.RemoveAsync(isMeant, known, isDryRun);
        }
        catch (Exception failure) when (failure is JobStoreException or TimeoutException)
        {
            throw new IOException($"{_path}: cannot be written now", failure);
        }
    }

    /// <summary>Writes what waits, and waits for that, however much goes on coming.</summary>
    public async Task FlushAsync()
    {
        Task writing;
        CancellationTokenSource hurry;
        lock (_lock)
        {
            writing = _writing.IsCompleted ? Task.CompletedTask : (_flushed ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            (hurry, _hurry) = (_hurry, new());
        }
        await hurry.CancelAsync();
        await writing;
        hurry.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
            _isEnding = true;
        await FlushAsync();
        Task writing;
        lock (_lock)
            writing = _writing;
        await writing;
        bool isBehind;
        lock (_lock)
            isBehind = _waiting.Count > 0 || _forgetsAll;
        _database.Dispose();
        // Only what is whole is found whole again.
        if (isBehind)
            DatabaseFiles.Delete(_path);
        _invalidations.Dispose();
        _hurry.Dispose();
    }

    private static bool IsFree(string path)
    {
        if (!File.Exists(path))
            return true;
        using var held = LockedFile.TryLock($"{path}.lock", isShared: false);
        return held is not null;
    }

    private static SqliteCache OpenFile(string path, long limit, TimeProvider time, Action<string> notice)
    {
        var isNew = OwnFile.Prepare(path, notice);
        var database = SqliteDatabase.Open(path, SqliteSchema.Answers);
        InvalidationFile? invalidations = null;
        try
        {
            invalidations = InvalidationFile.Open($"{path}.invalid", isNew, time.GetUtcNow().ToUnixTimeMilliseconds());
            return new SqliteCache(database, invalidations, path, limit, time, notice);
        }
        catch
        {
            database.Dispose();
            invalidations?.Dispose();
            throw;
        }
    }

    /// <summary>It was asked for: it goes later than others.</summary>
    private void Use(long id)
    {
        lock (_lock)
        {
            if (_used.Count < MostNames)
                _used.Add(id);
            BeginNeedsLock();
        }
    }

    private void RemoveNeedsLock(CacheKey key)
    {
        if (_waiting.Remove(key, out var earlier))
            _waitingBytes -= earlier.Entry?.Size ?? 0;
    }

    private void ForgetAllNeedsLock()
    {
        _waiting.Clear();
        (_waitingBytes, _forgetsAll) = (0, true);
    }

    private void BeginNeedsLock()
    {
        if (!_writing.IsCompleted)
            return;
        // Whoever flushes from here on hurries this one.
        var hurry = _hurry.Token;
        _writing = Task.Run(() => WriteAsync(hurry));
    }

    /// <summary>Writes until nothing waits.</summary>
    private async Task WriteAsync(CancellationToken hurry)
    {
        while (true)
        {
            await Task.Delay(Pause(), _time, hurry).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            HashSet<long> used;
            TaskCompletionSource? flushed, late = null;
            lock (_lock)
            {
                (_underWay, _waiting) = (_waiting, []);
                (used, _used, _waitingBytes) = (_used, [], 0);
                (_isForgetting, _forgetsAll) = (_forgetsAll, false);
                (flushed, _flushed) = (_flushed, null);
            }
            var isDone = await TryWriteAsync(_underWay, used, _isForgetting);
            bool isOver;
            lock (_lock)
            {
                if (!isDone)
                    PutBackNeedsLock();
                (_underWay, _isForgetting) = ([], false);
                isOver = (_waiting.Count == 0 && _used.Count == 0 && !_forgetsAll) || _isLost || (!isDone && _isEnding);
                if (isOver)
                    // Who came while this was written has nothing more to wait for.
                    (late, _flushed, _writing) = (_flushed, null, Task.CompletedTask);
                hurry = _hurry.Token;
            }
            flushed?.SetResult();
            late?.SetResult();
            if (isOver)
                return;
        }
    }

    private TimeSpan Pause()
    {
        lock (_lock)
            return _isEnding || _flushed is not null ? TimeSpan.Zero : _isFailing ? TryAgainAfter : Together;
    }

    /// <summary>What could not be written is not kept, and nothing older either.</summary>
    private void PutBackNeedsLock()
    {
        foreach (var (key, kept) in _underWay)
            _waiting.TryAdd(key, kept with { Entry = null });
        _forgetsAll |= _isForgetting;
        if (_waiting.Count > MostNames)
            ForgetAllNeedsLock();
    }

    private async Task<bool> TryWriteAsync(Dictionary<CacheKey, KeptEntry> entries, HashSet<long> used, bool forgetsAll)
    {
        try
        {
            if (forgetsAll)
                await _answers.ClearAsync();
            await _answers.WriteAsync(entries, used);
            _isFailing = false;
            return true;
        }
        catch (JobStoreException damage) when (IsDamage(damage))
        {
            Lose(damage.Message);
            return false;
        }
        catch (JobStoreException failure)
        {
            if (!_isFailing)
                _notice($"answers are kept in memory only, until they can be written: {failure.Message}");
            _isFailing = true;
            return false;
        }
    }

    private void Lose(string why)
    {
        lock (_lock)
        {
            if (_isLost)
                return;
            _isLost = true;
            _waiting.Clear();
        }
        // If the process dies from here on, the next finds nothing rather than what was invalidated.
        try
        {
            _notice($"answers are kept in memory only from here on: {why}; what was there is in {DatabaseFiles.PutAside(_path, _time)}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            DatabaseFiles.Delete(_path);
            _notice($"answers are kept in memory only from here on: {why}");
        }
    }

    private static bool IsDamage(JobStoreException failure) => failure.InnerException is SqliteException { SqliteErrorCode: Corrupt or NotADatabase };
}
