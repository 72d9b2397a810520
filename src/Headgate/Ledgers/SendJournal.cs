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
/// <param name="ledger">The ledger of a run, if there is one; owned from here on.</param>
/// <param name="state">Where sends are remembered, if they are.</param>
/// <param name="share">K, if this process has one of K shares of every limit.</param>
internal sealed class SendJournal(Clock clock, LedgerWriter? ledger, StateDirectory? state, int? share = null) : IDisposable
{
    private readonly Dictionary<Scope, ScopeFile> _files = [];
    private readonly Lock _lock = new();
    private Scope? _total;
    private long _number;

    /// <summary>The number of the next attempt.</summary>
    public long NextNumber() => ledger?.NextNumber() ?? Interlocked.Increment(ref _number);

    /// <summary>What a key is known by across restarts and names.</summary>
    public string? Fingerprint(KeySecret secret) => state?.Fingerprint(secret.Reveal());

    /// <summary>Opens the file of a scope that has limits, locks it, and gives its limits back their past. Before the scope is used.</summary>
    /// <exception cref="ScopeHeldException">Another process holds it.</exception>
    /// <exception cref="LedgerException">It cannot be read or written.</exception>
    public void Remember(Scope scope, string identity, bool isTotal = false)
    {
        if (state is null || !scope.Limits.Any())
            return;
        var straggle = Clock.Span(scope.Terms.Straggle);
        var keep = scope.Limits.Max(Memory) + straggle + TimeSpan.FromMinutes(1);
        var file = ScopeFile.Open(state, identity, new ScopeTerms(share, straggle, keep), clock.Provider, MachineBoot.Id());
        lock (_lock)
            _files.Add(scope, file);
        if (isTotal)
            _total = scope;
        Restore(scope, file.Past, clock.Now);
    }

    /// <summary>What was sent in a scope before this process.</summary>
    public ScopePast PastOf(Scope scope) => FileOf(scope)?.Past ?? ScopePast.None;

    /// <summary>The attempt is about to be sent.</summary>
    public void Intent(Attempt attempt, Exchange exchange)
    {
        var upstream = attempt.Upstream;
        var key = attempt.Permit.Key;
        var cost = Costs(attempt.Permit.Cost);
        if (_files.Count > 0)
        {
            FileOf(_total)?.Sent(attempt.Number, attempt.SentAt, cost);
            FileOf(upstream.Scope)?.Sent(attempt.Number, attempt.SentAt, cost);
            FileOf(key?.Scope)?.Sent(attempt.Number, attempt.SentAt, cost);
        }
        ledger?.WriteIntent(new LedgerIntent
        {
            WallUs = clock.UnixNow / Clock.Microsecond,
            SentUs = attempt.SentAt / Clock.Microsecond,
            Number = attempt.Number,
            Line = exchange.Line == 0 ? null : exchange.Line,
            Id = exchange.Id,
            Upstream = upstream.Name,
            Key = key?.Name,
            Cost = cost,
        });
    }

    /// <summary>It has ended; its result, if it is one, is on disk.</summary>
    public void End(Attempt attempt)
    {
        var actual = attempt.Actual is { } settled ? Costs(settled) : null;
        if (_files.Count > 0)
        {
            FileOf(_total)?.Late(attempt.Number, attempt.LateAt, actual);
            FileOf(attempt.Upstream.Scope)?.Late(attempt.Number, attempt.LateAt, actual);
            FileOf(attempt.Permit.Key?.Scope)?.Late(attempt.Number, attempt.LateAt, actual);
        }
        ledger?.WriteEnd(new LedgerEnd
        {
            Number = attempt.Number,
            EndUs = (attempt.EndedAt + Clock.Microsecond - 1) / Clock.Microsecond,
            LateUs = (attempt.LateAt + Clock.Microsecond - 1) / Clock.Microsecond,
            Status = attempt.Status,
            Class = attempt.Failure == FailureClass.None ? null : Jobs.WireNames.Of(attempt.Failure),
            Cost = actual,
        });
    }

    public void WriteLimits(string scope, IEnumerable<Limit> limits) => ledger?.WriteLimits(new LedgerLimits(
        new Dictionary<string, IReadOnlyList<string>> { [scope] = [.. limits.Select(limit => limit.ToString())] }, clock.Now / Clock.Microsecond));

    /// <summary>Puts everything on disk; a run does so each second.</summary>
    public void Sync()
    {
        ledger?.Sync();
        List<ScopeFile> files;
        lock (_lock)
            files = [.. _files.Values];
        foreach (var file in files)
            file.Sync();
    }

    public void Dispose()
    {
        foreach (var file in _files.Values)
            file.Dispose();
        ledger?.Dispose();
    }

    private ScopeFile? FileOf(Scope? scope)
    {
        if (scope is null)
            return null;
        lock (_lock)
            return _files.GetValueOrDefault(scope);
    }

    /// <summary>Gives the limits of a scope back their past; before the scope is used.</summary>
    public static void Restore(Scope scope, ScopePast past, long now)
    {
        foreach (var checkpoint in scope.Checkpoints)
        {
            var limit = checkpoint.State;
            if (limit.CountsAttempts)
                continue;
            if (past.FullAtNs is { } full)
                limit.Restore(limit.Limit.Algorithm == LimitAlgorithm.Bucket ? limit.Limit.Burst : limit.Limit.Amount, Math.Min(full, now), now);
            foreach (var send in past.Sends)
                if (UnitCost.In(limit.Limit.Unit, send.Costs) is var cost and > 0)
                    limit.Restore(cost, send.LateNs, now);
        }
    }

    /// <summary>How far back a limit looks: a bucket until it has drained twice over, others their window.</summary>
    private static TimeSpan Memory(Limit limit) => limit.IsMonthly ? TimeSpan.FromDays(31)
        : limit.Algorithm == LimitAlgorithm.Bucket ? TimeSpan.FromTicks((long)Int128.Min(TimeSpan.FromDays(366).Ticks, (Int128)limit.Period.Ticks * 2 * limit.Burst / limit.Amount))
        : 2 * limit.Period;

    private static UnitCost[]? Costs(Cost cost)
    {
        if (cost.IsOne)
            return null;
        var costs = new List<UnitCost> { new(Limit.Requests, cost.Requests) };
        foreach (var (unit, amount) in cost.Others)
            costs.Add(new UnitCost(unit, amount));
        return [.. costs];
    }
}
