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
    /// <summary>So many numbers may be given while one ledger takes the place of another.</summary>
    private const long NumbersBetween = 1 << 20;

    /// <summary>Null if sends are not remembered.</summary>
    private readonly OpenScopes? _scopes = state is null ? null : new OpenScopes(clock, state, share);

    /// <summary>Held while the records of an attempt go to their files, so that their order is the same in all.</summary>
    private readonly Lock _order = new();

    /// <summary>
    /// Ends that are in the ledger, but perhaps not through write(2). Scopes are told only then: whoever is killed in between may not know less
    /// from its ledger than the next run knows from the scope, or that would go faster than the ledger can prove.
    /// </summary>
    private List<(ScopeFile File, long Number, long LateNs, UnitCost[]? Actual)> _toPassOn = [];
    private List<(ScopeFile File, long Number, long LateNs, UnitCost[]? Actual)> _passing = [];
    private readonly List<ScopeFile> _filesOfOne = [];
    private LedgerWriter? _ledger;

    /// <summary>The ledger before, for the ends of what was sent while it was the one; null if there was none.</summary>
    private LedgerWriter? _before;

    /// <summary>Attempts with a number up to this belong to the ledger before.</summary>
    private long _lastOfBefore;
    private long _number;
    private volatile bool _isDisposed;
    private int _isGoingOn;

    /// <summary>There is no file to write to. The scopes of an attempt were told of before it was granted, so that this need not wait for a lock.</summary>
    private bool WritesNothing => _ledger is null && _scopes is null or { IsEmpty: true };

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

    /// <summary>Told when a file was opened for a first send; may close others.</summary>
    public Action? Opened { get; set; }

    /// <summary>How many scopes have their files open.</summary>
    public int OpenFiles => _scopes?.Count ?? 0;

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
    /// <param name="isOfUnknown">Whether it is of an API that nobody configured: its file is opened with its first send, see <see cref="OpenScopes.OpenLater"/>.</param>
    /// <exception cref="ScopeHeldException">Another process holds it.</exception>
    /// <exception cref="LedgerException">It cannot be read or written.</exception>
    /// <exception cref="ObjectDisposedException">Nobody would close it any more.</exception>
    public void Remember(Scope scope, string name, string identity, bool isOfUnknown = false)
    {
        if (!scope.Limits.Any() && !RemembersAll)
            return;
        var past = earlier?.Invoke(name, Clock.Span(scope.Terms.Straggle)) ?? ScopePast.None;
        if (_scopes is not null && !(isOfUnknown && _scopes.OpenLater(scope, identity)))
            past = _scopes.Open(scope, identity, scope.Limits).Past.With(past);
        ScopeMemory.Restore(scope, past, clock.Now);
    }

    /// <inheritdoc cref="OpenScopes.Recall"/>
    public ScopePast Recall(Scope scope, string identity, IReadOnlyList<Limit> limits)
    {
        lock (_order)
            FlushNeedsOrder();
        return _scopes!.Recall(scope, identity, limits);
    }

    /// <summary>Closes the file of a scope in which nothing is sent any more, so that others may have it; of no effect if it was not remembered.</summary>
    public void Forget(Scope scope)
    {
        ScopeFile? file;
        lock (_order)
        {
            try
            {
                PassOnNeedsOrder();
            }
            catch (LedgerException)
            {
                // What is lost are ends, without which whoever reads is only stricter.
            }
            // Whoever records an end after this finds no file to record it in.
            file = _scopes?.Take(scope);
        }
        file?.Dispose();
    }

    /// <summary>What was sent in a scope before this process.</summary>
    public ScopePast PastOf(Scope scope) => _scopes?.PastOf(scope) ?? ScopePast.None;

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
        if (_scopes?.OpenThoseOf(attempt.Permit) == true)
            Opened?.Invoke();
        lock (_order)
        {
            // First the scopes: whoever is killed in between has sent nothing yet, and the ledger may not know of a send for which the next run makes no room.
            foreach (var file in FilesOfNeedsOrder(attempt))
            {
                file.Sent(number, sent, cost);
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
            foreach (var file in FilesOfNeedsOrder(attempt))
                _toPassOn.Add((file, number, at, nothing));
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
            if (FilesOfNeedsOrder(attempt) is not { Count: > 0 } files)
                return;
            var late = attempt.Upstream.StrictLate(attempt);
            foreach (var file in files)
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
        _scopes?.Sync();
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
        _isDisposed = true;
        _scopes?.Dispose();
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
        (_toPassOn, _passing) = (_passing, _toPassOn);
        try
        {
            foreach (var (file, number, late, actual) in _passing)
                file.Late(number, late, actual);
        }
        finally
        {
            // Without an end that cannot be written whoever reads is only stricter.
            _passing.Clear();
        }
    }

    /// <summary>The files that an attempt is recorded in, until the next is asked for.</summary>
    private List<ScopeFile> FilesOfNeedsOrder(Attempt attempt)
    {
        _filesOfOne.Clear();
        _scopes?.Find(attempt.Permit, _filesOfOne);
        return _filesOfOne;
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
