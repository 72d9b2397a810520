using Headgate.Gates;
using Headgate.Keys;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Ledgers;

/// <summary>
/// Writes every send down before its first byte leaves: in the ledger of a run, if there is one, and in the file of each scope that has
/// limits, if sends are remembered. Thread-safe. A write that fails throws, so that nothing is sent that is not written.
/// </summary>
/// <param name="clock">The engine's clock.</param>
/// <param name="state">Where sends are remembered, if they are.</param>
/// <param name="share">K, if this process has one of K shares of every limit.</param>
/// <param name="earlier">Of a scope by its name in the ledger, and of <c>straggle</c>, what is known of its sends although no file of it does; null for nothing.</param>
internal sealed class SendJournal(Clock clock, StateDirectory? state, int? share = null, Func<string, TimeSpan, ScopePast>? earlier = null) : IDisposable
{
    /// <summary>
    /// What a scope remembers at least, so that a limit named today finds what was sent under a shorter one yesterday. Old sends share records,
    /// so a file grows with the logarithm of its age.
    /// </summary>
    private static readonly TimeSpan LeastKept = TimeSpan.FromDays(32);

    /// <summary>So many numbers may be given while one ledger takes the place of another.</summary>
    private const long NumbersBetween = 1 << 20;

    private readonly Dictionary<Scope, ScopeFile> _files = [];
    private readonly Lock _lock = new();

    /// <summary>Held while the records of an attempt go to their files, so that their order is the same in all.</summary>
    private readonly Lock _order = new();

    /// <summary>
    /// Ends that are in the ledger, but perhaps not through write(2). Scopes are told only then: whoever is killed in between may not know less
    /// from its ledger than the next run knows from the scope, or that would go faster than the ledger can prove.
    /// </summary>
    private readonly List<(ScopeFile File, long Number, long LateNs, UnitCost[]? Actual)> _toPassOn = [];
    private LedgerWriter? _ledger;

    /// <summary>The ledger before, for the ends of what was sent while it was the one; null if there was none.</summary>
    private LedgerWriter? _before;

    /// <summary>Attempts with a number up to this belong to the ledger before.</summary>
    private long _lastOfBefore;
    private long _number;
    private volatile bool _isDisposed;
    private int _isGoingOn;

    /// <summary>There is no file to write to. Those of an attempt's scopes were opened before it was granted, so that this need not wait for a lock.</summary>
    private bool WritesNothing => _ledger is null && _files.Count == 0;

    /// <summary>From here on sends go into the ledger of a run too, which is owned from here on. Before the first send.</summary>
    public void WriteTo(LedgerWriter? ledger) => _ledger = ledger;

    /// <summary>Makes the ledger to go on in, whose numbers are above the one given, when this one is as large as <see cref="LargestLedger"/>; null to go on in one for ever.</summary>
    public Func<long, LedgerWriter>? NextLedger { get; set; }

    /// <summary>In bytes; what <see cref="NextLedger"/> is for.</summary>
    public long LargestLedger { get; init; } = 64L << 20;

    /// <summary>What puts intents on disk before their sends; null where they need outlive the process only.</summary>
    public IntentSync? BeforeSends { get; init; }

    /// <summary>Scopes without limits are remembered as well: limits may be declared for them later.</summary>
    public bool RemembersAll { get; init; }

    /// <summary>When limits were changed.</summary>
    public LimitEras Eras { get; } = new(clock);

    /// <summary>Whether sends are remembered.</summary>
    public bool HasRecords => state is not null;

    /// <summary>The number of the next attempt.</summary>
    public long NextNumber() => _ledger?.NextNumber() ?? Interlocked.Increment(ref _number);

    /// <summary>What a key is known by across restarts and names.</summary>
    public string? Fingerprint(KeySecret secret) => Fingerprint(secret.Reveal());

    /// <summary>The same of credentials that a caller brings.</summary>
    public string? Fingerprint(string credentials) => state?.Fingerprint(credentials);

    /// <summary>Opens the file of a scope that has limits, locks it, and gives its limits back their past. Before the scope is used.</summary>
    /// <param name="scope">The scope.</param>
    /// <param name="name">What the ledger calls it.</param>
    /// <param name="identity">By what it is known across restarts.</param>
    /// <exception cref="ScopeHeldException">Another process holds it.</exception>
    /// <exception cref="LedgerException">It cannot be read or written.</exception>
    /// <exception cref="ObjectDisposedException">Nobody would close it any more.</exception>
    public void Remember(Scope scope, string name, string identity)
    {
        if (!scope.Limits.Any() && !RemembersAll)
            return;
        var known = earlier?.Invoke(name, Clock.Span(scope.Terms.Straggle)) ?? ScopePast.None;
        var past = state is null ? known : Open(scope, identity, scope.Limits).Past.With(known);
        ScopeMemory.Restore(scope, past, clock.Now);
    }

    /// <summary>What is recorded of the sends of a scope up to now, those of this process among them; its file is opened if that was not so.</summary>
    /// <param name="scope">A scope in which nothing is let go meanwhile.</param>
    /// <param name="identity">By what it is known across restarts.</param>
    /// <param name="limits">The limits that are to look back on them.</param>
    /// <exception cref="ScopeHeldException">Another process holds it.</exception>
    /// <exception cref="LedgerException">It cannot be read or written.</exception>
    public ScopePast Recall(Scope scope, string identity, IReadOnlyList<Limit> limits)
    {
        ScopeFile? file;
        lock (_lock)
            file = _files.GetValueOrDefault(scope);
        if (file is null)
            return Open(scope, identity, limits).Past;
        lock (_order)
            FlushNeedsOrder();
        file.KeepAtLeast(KeepOf(scope, limits));
        return file.Recall(Clock.Span(scope.Terms.Straggle));
    }

    private ScopeFile Open(Scope scope, string identity, IEnumerable<Limit> limits)
    {
        var terms = new ScopeTerms(share, Clock.Span(scope.Terms.Straggle), KeepOf(scope, limits));
        var file = ScopeFile.Open(state!, identity, terms, clock.Provider, MachineBoot.Id());
        lock (_lock)
            if (!_isDisposed)
                _files.Add(scope, file);
        if (!_isDisposed)
            return file;
        file.Dispose();
        throw new ObjectDisposedException(nameof(SendJournal));
    }

    private static TimeSpan KeepOf(Scope scope, IEnumerable<Limit> limits) =>
        limits.Select(ScopeMemory.Of).Append(LeastKept).Max() + Clock.Span(scope.Terms.Straggle) + TimeSpan.FromMinutes(1);

    /// <summary>Closes the file of a scope in which nothing is sent any more, so that others may have it; of no effect if it was not remembered.</summary>
    public void Forget(Scope scope)
    {
        ScopeFile? file;
        lock (_order)
            PassOnNeedsOrder();
        lock (_lock)
            _files.Remove(scope, out file);
        file?.Dispose();
    }

    /// <summary>What was sent in a scope before this process.</summary>
    public ScopePast PastOf(Scope scope)
    {
        lock (_lock)
            return _files.GetValueOrDefault(scope)?.Past ?? ScopePast.None;
    }

    /// <summary>The attempt is about to be sent.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="attempt">The attempt, which has been granted its permit.</param>
    /// <param name="exchange">The request.</param>
    /// <param name="at">Not after its first byte, monotonic nanoseconds.</param>
    /// <returns>Whether anything had to be written, which may have taken its time.</returns>
    /// <exception cref="LedgerException">It could not be written: nothing may be sent.</exception>
    public bool Intent(long number, Attempt attempt, Exchange exchange, long at)
    {
        if (WritesNothing)
            return false;
        // What was let go before limits changed, and leaves after that, is recorded as sent before: who proves the new ones does not take it for theirs.
        var (cost, sent) = (Costs(attempt.Permit.Cost), Eras.Within(attempt.Permit.Era, at));
        lock (_order)
        {
            // First the scopes: whoever is killed in between has sent nothing yet, and the ledger may not know of a send for which the next run makes no room.
            if (_files.Count > 0)
                foreach (var file in FilesOf(attempt))
                {
                    file?.Sent(number, sent, cost);
                    if (file is not null)
                        BeforeSends?.Wrote(file.Records);
                }
            var ledger = LedgerOfNeedsOrder(number);
            ledger?.WriteIntent(new LedgerIntent
            {
                WallUs = clock.UnixNow / Clock.Microsecond,
                SentUs = sent / Clock.Microsecond,
                Number = number,
                Line = exchange.Terms.Line == 0 ? null : exchange.Terms.Line,
                Id = exchange.Terms.Id,
                Upstream = attempt.Upstream.Name,
                Key = attempt.Permit.Key?.Name ?? attempt.Permit.Lane.Gate.Own?.Name,
                Proxy = attempt.Permit.Proxy?.Name,
                Exit = attempt.Permit.Proxy?.SharedExit,
                Parts = attempt.Permit.Lane.Gate.Parts,
                Cost = cost,
            });
            if (ledger is not null)
                BeforeSends?.Wrote(ledger.Records);
            // With that record all before it are through; those of the ledger before are when it is flushed.
            if (_before is null)
                PassOnNeedsOrder();
        }
        return true;
    }

    /// <summary>What was recorded as about to be sent never was: it has cost nothing.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="attempt">The attempt.</param>
    /// <param name="at">When that was known, and its permit was still held.</param>
    public void Unsent(long number, Attempt attempt, long at)
    {
        if (WritesNothing)
            return;
        UnitCost[] nothing = [.. (Costs(attempt.Permit.Cost) ?? [new UnitCost(Limit.Requests, 1)]).Select(cost => cost with { Amount = 0 })];
        lock (_order)
        {
            LedgerOfNeedsOrder(number)?.WriteEnd(new LedgerEnd { Number = number, EndUs = at / Clock.Microsecond, LateUs = at / Clock.Microsecond, Cost = nothing });
            _toPassOn.AddRange(FilesOf(attempt).OfType<ScopeFile>().Select(file => (file, number, at, (UnitCost[]?)nothing)));
        }
    }

    /// <summary>It has ended; its result, if it is one, is on disk.</summary>
    public void End(Attempt attempt)
    {
        if (WritesNothing)
            return;
        var actual = attempt.Actual is { } settled ? Costs(settled) : null;
        lock (_order)
        {
            LedgerOfNeedsOrder(attempt.Number)?.WriteEnd(new LedgerEnd
            {
                Number = attempt.Number,
                EndUs = (attempt.EndedAt + Clock.Microsecond - 1) / Clock.Microsecond,
                LateUs = (attempt.LateAt + Clock.Microsecond - 1) / Clock.Microsecond,
                Status = attempt.Status,
                // Says of an answer too that the server did not do what was asked for, so that a later run may.
                Class = attempt.WasRefused ? Jobs.WireNames.Of(FailureClass.RateLimit) : attempt.Failure == FailureClass.None ? null : Jobs.WireNames.Of(attempt.Failure),
                Cost = actual,
            });
            if (_files.Count == 0)
                return;
            var late = attempt.Upstream.StrictLate(attempt);
            foreach (var file in FilesOf(attempt))
                if (file is not null)
                    _toPassOn.Add((file, attempt.Number, late, actual));
            if (_ledger is null)
                PassOnNeedsOrder();
        }
    }

    /// <summary>Limits of a scope that the header does not name, or that have changed.</summary>
    /// <param name="scope">Its name.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="at">From when on they hold, monotonic nanoseconds; null for now.</param>
    public void WriteLimits(string scope, IEnumerable<Limit> limits, long? at = null) => _ledger?.WriteLimits(new LedgerLimits(
        new Dictionary<string, IReadOnlyList<string>> { [scope] = [.. limits.Select(limit => limit.ToString())] }, (at ?? clock.Now) / Clock.Microsecond));

    /// <summary>A limit that the server told of: noted, since nobody promised it.</summary>
    public void WriteLearned(string scope, Limit limit) => _ledger?.WriteLearned(scope, limit.ToString(), clock.Now / Clock.Microsecond);

    /// <summary>More is known of an API's clock.</summary>
    public void WriteServerClock(LedgerServerClock clock) => _ledger?.WriteServerClock(clock);

    /// <summary>D of an API has changed.</summary>
    public void WriteBound(string upstream, long bound) => _ledger?.WriteLimits(new LedgerLimits(new Dictionary<string, IReadOnlyList<string>>(), clock.Now / Clock.Microsecond)
    {
        BoundMs = new Dictionary<string, decimal> { [upstream] = bound / (decimal)Clock.Millisecond },
    });

    /// <summary>Puts everything on disk; a run does so each second.</summary>
    public void Sync()
    {
        lock (_order)
            FlushNeedsOrder();
        _ledger?.Sync();
        List<ScopeFile> files;
        lock (_lock)
            files = [.. _files.Values];
        foreach (var file in files)
            try
            {
                file.Sync();
            }
            catch (ObjectDisposedException)
            {
                // Forgotten in between: nothing is sent in it any more.
            }
    }

    public void Dispose()
    {
        try
        {
            lock (_order)
                FlushNeedsOrder();
        }
        catch (LedgerException)
        {
            // What is lost are ends, without which whoever reads is only stricter.
        }
        List<ScopeFile> files;
        lock (_lock)
            (_isDisposed, files) = (true, [.. _files.Values]);
        foreach (var file in files)
            file.Dispose();
        // Whoever goes on in the next at this moment is through, or sees that it is over.
        lock (_order)
        {
            _before?.Dispose();
            _ledger?.Dispose();
        }
    }

    /// <summary>A ledger that is large enough is left for the next; ends of what it has come into it until that one is large enough as well.</summary>
    /// <exception cref="LedgerException">There is no next one: the one there is goes on.</exception>
    public void GoOnInNext()
    {
        if (NextLedger is not { } begin || _ledger is not { } full || full.Length < LargestLedger || _isDisposed || Interlocked.Exchange(ref _isGoingOn, 1) != 0)
            return;
        try
        {
            var last = full.LastNumber + NumbersBetween;
            GoOnIn(begin(last), last, full);
        }
        catch (Exception failure) when (failure is not LedgerException)
        {
            throw new LedgerException($"{full.Path}: is full, and the next one cannot be begun: {failure.Message}; it goes on until that can be", failure) { Path = full.Path };
        }
        finally
        {
            Volatile.Write(ref _isGoingOn, 0);
        }
    }

    private void GoOnIn(LedgerWriter next, long last, LedgerWriter full)
    {
        LedgerWriter? left;
        lock (_order)
        {
            if (_isDisposed)
            {
                next.Dispose();
                return;
            }
            FlushNeedsOrder();
            left = _before;
            (_before, _lastOfBefore, _ledger) = (full, last, next);
        }
        left?.Dispose();
        try
        {
            full.Sync();
        }
        catch (ObjectDisposedException)
        {
            // It is over.
        }
    }

    private LedgerWriter? LedgerOfNeedsOrder(long number) => number > _lastOfBefore ? _ledger : _before;

    private void FlushNeedsOrder()
    {
        _before?.Flush();
        _ledger?.Flush();
        PassOnNeedsOrder();
    }

    /// <summary>What is through in the ledger goes to the scopes.</summary>
    private void PassOnNeedsOrder()
    {
        foreach (var (file, number, late, actual) in _toPassOn)
            file.Late(number, late, actual);
        _toPassOn.Clear();
    }

    private ScopeFile?[] FilesOf(Attempt attempt)
    {
        var scopes = attempt.Permit.Lane.Gate.Scopes;
        var files = new ScopeFile?[scopes.Count + 2];
        lock (_lock)
        {
            for (var index = 0; index < scopes.Count; index++)
                files[index] = _files.GetValueOrDefault(scopes[index]);
            if (attempt.Permit.Key is { } key)
                files[^1] = _files.GetValueOrDefault(key.Scope);
            if (attempt.Permit.Proxy is { } way)
                files[^2] = _files.GetValueOrDefault(way.Scope);
        }
        return files;
    }

    internal static UnitCost[]? Costs(Cost cost)
    {
        if (cost.IsOne)
            return null;
        var costs = new List<UnitCost> { new(Limit.Requests, cost.Requests) };
        foreach (var (unit, amount) in cost.Others)
            costs.Add(new UnitCost(unit, amount));
        return [.. costs];
    }
}
