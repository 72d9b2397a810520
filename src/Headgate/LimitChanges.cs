using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Keys;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate;

/// <summary>What is declared of one scope from a moment on.</summary>
/// <param name="Api">Whose it is; null if it is that of everything.</param>
/// <param name="Scope">The scope.</param>
/// <param name="Name">What the ledger calls it.</param>
/// <param name="Identity">By what it is known across restarts.</param>
/// <param name="Limits">Its limits from then on.</param>
/// <param name="Terms">What is known of arrival from then on.</param>
internal sealed record ScopeChange(Upstream? Api, Scope Scope, string Name, string Identity, ValueList<Limit> Limits, ArrivalTerms Terms)
{
    /// <summary>The key it is the scope of; null if it is none's.</summary>
    public PoolKey? Key { get; init; }

    /// <summary>What was declared before.</summary>
    public IReadOnlyList<Limit> Before { get; set; } = [];

    /// <summary>What is recorded of its sends; null where the limits that were there know it, or nothing is recorded.</summary>
    public ScopePast? Past { get; set; }
}

/// <summary>
/// Other limits for scopes that are in use, all at one moment: what was sent counts in them, and what is under way. Where the limits that were
/// there remember what the new ones look back on they hand it over; else it is read from the record of the sends, while nothing goes there.
/// </summary>
/// <remarks>First <see cref="Prepare"/>, then either <see cref="CommitNeedsLock"/> and, outside the lock, <see cref="Tell"/>; or <see cref="Release"/>.</remarks>
internal sealed class LimitChanges(Engine engine, IReadOnlyList<ScopeChange> changes)
{
    private long _at;

    /// <summary>What was under way when what was sent was looked up.</summary>
    private List<LinePermit> _underWay = [];

    /// <summary>All of it, where nothing else is to change at the same moment.</summary>
    /// <exception cref="LedgerException">What was sent cannot be read: nothing was changed.</exception>
    public void Run()
    {
        Prepare();
        engine.Dispatcher.Change(this, static (scheduler, it, now) =>
        {
            it.CommitNeedsLock(scheduler, now);
            it.ChangedNeedsLock(scheduler, now);
        });
        Tell();
    }

    /// <summary>Looks up what was sent. What concerns the scopes for which that is necessary waits from here on.</summary>
    /// <exception cref="LedgerException">It cannot be read: nothing is held.</exception>
    public void Prepare()
    {
        if (!engine.Journal.HasRecords)
            return;
        var unknown = engine.Dispatcher.Change(changes, (_, changes, _) =>
        {
            var unknown = changes.Where(change => !change.Scope.Knows(change.Limits)).ToList();
            unknown.ForEach(change => change.Scope.Hold!.IsChanging = true);
            _underWay = [.. engine.UnderWayNeedsLock.OfType<LinePermit>()];
            return unknown;
        });
        try
        {
            foreach (var change in unknown)
                change.Past = engine.Journal.Recall(change.Scope, change.Identity, change.Limits);
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>Changes them.</summary>
    public void CommitNeedsLock(Scheduler scheduler, long now)
    {
        var present = engine.UnderWayNeedsLock.OfType<LinePermit>().ToHashSet();
        var numbers = present.Select(permit => permit.Attempt?.RecordedAs ?? 0).Where(number => number != 0).ToHashSet();
        // What was not recorded yet when that was read, and has ended since, is in neither.
        var ended = _underWay.Where(permit => !present.Contains(permit) && permit.Attempt?.RecordedAs > 0).ToList();
        foreach (var change in changes)
        {
            change.Before = [.. change.Scope.Declared];
            var past = change.Past is { } read ? ScopeMemory.WithEnded(read, ended.Where(permit => permit.CountsIn(change.Scope)), now + change.Terms.Straggle).Without(numbers) : null;
            Action<LimitState>? begin = past is null ? null : state => ScopeMemory.Restore(state, past, now);
            var added = change.Scope.Declare(change.Limits, change.Terms, now, begin);
            change.Scope.Hold!.IsChanging = false;
            if (change.Key is { } key)
                key.Declared = change.Limits;
            foreach (var limit in added)
                engine.JoinNeedsLock(limit, change.Api, now);
        }
        _at = engine.Journal.Eras.Begin();
    }

    /// <summary>Those who wait are looked at anew.</summary>
    public void ChangedNeedsLock(Scheduler scheduler, long now)
    {
        foreach (var change in changes)
            if (change is { Key: { } key, Api.Keys: { } pool })
                pool.Touch(key, now);
        foreach (var gate in changes.SelectMany(change => engine.GatesOf(change.Api)).Distinct().ToList())
            scheduler.Changed(gate, now);
    }

    /// <summary>Everything stays as it was.</summary>
    public void Release() => engine.Dispatcher.Change(this, static (scheduler, it, now) =>
    {
        foreach (var change in it.Changes)
            change.Scope.Hold!.IsChanging = false;
        it.ChangedNeedsLock(scheduler, now);
    });

    /// <summary>Says to the ledger, and to a user, what holds now.</summary>
    public void Tell()
    {
        foreach (var change in changes)
        {
            Write(change);
            change.Api?.Learning.Redeclared(change.Scope);
            if (!change.Before.SequenceEqual(change.Limits))
                engine.Notice($"the limits of {change.Scope.Name} are {Words(change.Limits)} now, and were {Words(change.Before)}");
        }
    }

    /// <summary>To the ledger; and that nothing held before where nothing did.</summary>
    private void Write(ScopeChange change)
    {
        // What went in the same microsecond went under those before.
        var at = _at + Clock.Microsecond;
        if (change.Before.Count == 0)
            engine.WriteLimits(change.Api, change.Name, [], at);
        engine.WriteLimits(change.Api, change.Name, change.Limits, at);
    }

    private IReadOnlyList<ScopeChange> Changes => changes;

    private static string Words(IReadOnlyList<Limit> limits) => limits.Count == 0 ? "none" : string.Join(", ", limits);
}
