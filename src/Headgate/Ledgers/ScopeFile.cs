using Headgate.Time;

namespace Headgate.Ledgers;

/// <summary>What the file of a scope has to know of its owner.</summary>
/// <param name="ShareOf">K, if this process has one of K shares (<c>--share 1/K</c>); null if it has the whole.</param>
/// <param name="Straggle">Nothing arrives later than this after its process died.</param>
/// <param name="Keep">The longest a limit of this scope remembers: older sends are dropped. A bucket remembers 2 × B/ρ, others their period.</param>
internal sealed record ScopeTerms(int? ShareOf, TimeSpan Straggle, TimeSpan Keep);

/// <summary>
/// The sends of one scope (an API with a key and a proxy exit, say), remembered across processes, and held against others while it is open.
/// Thread-safe. Dispose it after the last answer.
/// </summary>
internal sealed class ScopeFile : IDisposable
{
    /// <summary>Below this a file is not worth rewriting, in bytes.</summary>
    private const long SmallFile = 1024 * 1024;

    private readonly Lock _upkeep = new();
    private readonly ScopeLock _lock;
    private readonly RecordFile _file;
    private readonly Clock _clock;
    private readonly string _boot;
    private TimeSpan _keep;
    private ScopeHeader _header;
    private long _rewrittenLength;

    private ScopeFile(ScopeLock held, RecordFile file, Clock clock, ScopeHeader header, TimeSpan keep, ScopePast past)
    {
        (_lock, _file, _clock, _header, _keep, Past) = (held, file, clock, header, keep, past);
        (_boot, _rewrittenLength) = (header.Boot, file.Length);
    }

    public string Scope => _header.Scope;

    /// <summary>The file with the sends.</summary>
    public string Path => _file.Path;

    /// <summary>What its records go into.</summary>
    public RecordFile Records => _file;

    /// <summary>The sends before this process.</summary>
    public ScopePast Past { get; }

    /// <summary>
    /// Takes the scope and reads what was sent in it. Whoever has the whole takes over the files of shares; whoever has a share counts those of
    /// the whole and of other divisions in full, since nobody can say which part they belong to.
    /// </summary>
    /// <param name="state">Where scopes are kept.</param>
    /// <param name="scope">All that makes the scope what it is; keys by fingerprint.</param>
    /// <param name="terms">What the owner's limits ask for.</param>
    /// <param name="time">The time.</param>
    /// <param name="boot"><see cref="MachineBoot.Id"/>.</param>
    /// <exception cref="ScopeHeldException">Another process sends within the scope.</exception>
    /// <exception cref="LedgerException">A file cannot be read or written, or the file system does not lock.</exception>
    public static ScopeFile Open(StateDirectory state, string scope, ScopeTerms terms, TimeProvider time, string boot)
    {
        var files = new ScopeFiles(state.Scopes, scope);
        ScopeLock? held = null;
        try
        {
            held = ScopeLock.Take(files, terms.ShareOf);
            return Open(files, held, terms, new Clock(time), boot);
        }
        catch (Exception error)
        {
            held?.Dispose();
            if (error is ScopeHeldException or LedgerException or not (IOException or UnauthorizedAccessException))
                throw;
            throw new LedgerException($"{files.Whole}: the sends of \"{scope}\" cannot be remembered: {error.Message}", error) { Path = files.Whole };
        }
    }

    /// <summary>Records that an attempt is about to be sent. When this returns the record outlives the process.</summary>
    /// <param name="number">The attempt's number, unique in this process.</param>
    /// <param name="sentNs">Monotonic nanoseconds, not after the first byte.</param>
    /// <param name="costs">The declared cost; null is one request.</param>
    /// <exception cref="LedgerException">It could not be written: the attempt must not be sent.</exception>
    public void Sent(long number, long sentNs, UnitCost[]? costs) => _file.Append(ScopeRewrite.Sent(number, sentNs / Clock.Microsecond, costs), isThrough: true);

    /// <summary>Records when an attempt had arrived at the latest; on its way to the file within 100 ms.</summary>
    /// <param name="number">The attempt's number.</param>
    /// <param name="lateNs">Monotonic nanoseconds.</param>
    /// <param name="actual">The costs that were settled otherwise than declared; null if none.</param>
    /// <exception cref="LedgerException">The file cannot be written.</exception>
    public void Late(long number, long lateNs, UnitCost[]? actual) => _file.Append(ScopeRewrite.Late(number, lateNs / Clock.Microsecond, actual), isThrough: false);

    /// <summary>Limits that look back farther are to be told of it.</summary>
    public void KeepAtLeast(TimeSpan keep)
    {
        lock (_upkeep)
            _keep = keep > _keep ? keep : _keep;
    }

    /// <summary>All that is known of the sends up to now, those of this process among them: what those that have not ended come to is open.</summary>
    /// <param name="straggle">Nothing arrives later than this after it was given up.</param>
    /// <exception cref="LedgerException">It cannot be read.</exception>
    public ScopePast Recall(TimeSpan straggle)
    {
        lock (_upkeep)
            try
            {
                var upTo = _file.Flush();
                return ScopeRestore.Place([ScopeLog.ReadStart(Path, upTo)], RestartClock.Read(_clock, _boot), straggle);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new LedgerException($"{Path}: cannot be read: {error.Message}", error) { Path = Path };
            }
    }

    /// <summary>Puts everything on disk, and rewrites a file that has grown; a run calls it each second.</summary>
    /// <exception cref="LedgerException">The disk cannot take it.</exception>
    public void Sync()
    {
        // Twice as long as when it was last rewritten: mostly old, or worth one pass over it anyway.
        if (_file.Length > Math.Max(SmallFile, 2 * Volatile.Read(ref _rewrittenLength)))
            Compact(_clock.Now - Clock.Nanoseconds(_keep));
        _file.Sync();
    }

    /// <summary>Drops the sends that arrived before a moment. Sends go on meanwhile; only those recorded during it wait while they are copied.</summary>
    /// <param name="keepSinceNs">Monotonic nanoseconds.</param>
    /// <exception cref="LedgerException">The disk cannot take it.</exception>
    public void Compact(long keepSinceNs)
    {
        lock (_upkeep)
        {
            var upTo = _file.Flush();
            var aside = Path + ".new";
            try
            {
                var content = new ScopeRewrite.Content([ScopeLog.ReadStart(Path, upTo)], _header, RestartClock.Read(_clock, _boot), keepSinceNs, LateOfOpenUs: null);
                _header = ScopeRewrite.Write(aside, content, isToDisk: false);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new LedgerException($"{aside}: cannot be written: {error.Message}", error) { Path = aside };
            }
            _file.Replace(aside, upTo);
            Volatile.Write(ref _rewrittenLength, _file.Length);
        }
    }

    public void Dispose()
    {
        lock (_upkeep)
        {
            _file.Dispose();
            _lock.Dispose();
        }
    }

    private static ScopeFile Open(ScopeFiles files, ScopeLock held, ScopeTerms terms, Clock clock, string boot)
    {
        var own = ScopeLog.Read(held.File);
        List<string> others = terms.ShareOf is { } parts
            ? [files.Whole, .. files.Shares(".jsonl").Where(share => share.Of != parts).Select(share => share.File)]
            : [.. files.Shares(".jsonl").Select(share => share.File)];
        var otherLogs = others.ConvertAll(ScopeLog.Read);
        var now = RestartClock.Read(clock, boot);
        var past = ScopeRestore.Place([own, .. otherLogs], now, terms.Straggle);

        var keepSince = now.NowNs - Clock.Nanoseconds(terms.Keep);
        past = Since(past, keepSince);
        var mine = terms.ShareOf is null ? past : ScopeRestore.Place([own], now, terms.Straggle);
        var header = new ScopeHeader
        {
            Scope = files.Scope,
            Boot = boot,
            WallUs = now.WallUs,
            MonoUs = now.NowNs / Clock.Microsecond,
            Pid = Environment.ProcessId,
            Started = DateTimeOffset.UnixEpoch.AddMicroseconds(now.WallUs),
            FullUs = mine.FullAtNs / Clock.Microsecond,
            SinceUs = mine.KnownSinceNs / Clock.Microsecond,
        };
        var late = (now.NowNs + Clock.Nanoseconds(terms.Straggle)) / Clock.Microsecond;
        IReadOnlyList<ScopeLog> content = terms.ShareOf is null ? [own, .. otherLogs] : [own];
        var aside = held.File + ".new";
        header = ScopeRewrite.Write(aside, new ScopeRewrite.Content(content, header, now, keepSince, late), isToDisk: content.Any(log => log.Segments.Count > 0));
        File.Move(aside, held.File, overwrite: true);
        if (terms.ShareOf is null)
            others.ForEach(File.Delete);
        var handle = File.OpenHandle(held.File, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        return new ScopeFile(held, new RecordFile(held.File, handle, clock.Provider), clock, header, terms.Keep, past);
    }

    private static ScopePast Since(ScopePast past, long keepSince)
    {
        var kept = past.Sends.SkipWhile(send => send.LateNs < keepSince).ToList();
        return kept.Count == past.Sends.Count ? past : past with { Sends = kept, KnownSinceNs = Math.Max(keepSince, past.KnownSinceNs ?? keepSince) };
    }
}
