using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Keys;
using Headgate.Ledgers;
using Headgate.Limits;

namespace Headgate;

/// <summary>
/// Brings the keys of an API to those that its source gives: new ones are used from then on, those that are not given any more are not. A key is
/// known by its value, so one that comes back finds its windows as they are. One at a time for each API.
/// </summary>
internal sealed class KeyIntake(Upstream api, Engine engine)
{
    /// <summary>Takes them in.</summary>
    /// <exception cref="InvalidOperationException">None of them can be used: the keys stay as they are.</exception>
    public void Use(IReadOnlyList<KeyEntry> given)
    {
        if (api.Keys is not { } pool || api.Configuration.Keys is not { } configuration)
            return;
        var known = pool.Keys.ToDictionary(key => key.Secret.Reveal());
        // First those that are new: were none left in between, whoever waits would be refused.
        foreach (var entry in given)
            if (!known.TryGetValue(entry.Secret.Reveal(), out var before))
                Add(pool, api.MakeKey(entry, configuration), isNew: true);
            else
                Renew(pool, before, entry, configuration);
        var values = given.Select(entry => entry.Secret.Reveal()).ToHashSet();
        if (!pool.Keys.Any(key => key.DeadReason is null && values.Contains(key.Secret.Reveal())))
            throw new InvalidOperationException("none of those that are given can be used");
        foreach (var (value, key) in known)
            if (!values.Contains(value) && !key.IsRetired)
                Retire(pool, key);
    }

    /// <summary>What a key has of its own may be something else than before.</summary>
    private void Renew(KeyPool pool, PoolKey key, KeyEntry entry, KeysConfiguration configuration)
    {
        (key.OwnLimits, key.Weight) = (entry.Limits, entry.Weight);
        if (Change(key, entry.Limits ?? configuration.Limits, api.Terms) is { } change)
            new LimitChanges(engine, [change]).Run();
        if (key.IsRetired)
            Add(pool, key, isNew: false);
    }

    /// <summary>Other limits for a key; null if those are the ones it has, unless it is certain that they change.</summary>
    public ScopeChange? Change(PoolKey key, ValueList<Limit> limits, ArrivalTerms terms, bool isCertain = false)
    {
        if (!isCertain && key.Declared == limits && key.Scope.Terms == terms)
            return null;
        return new ScopeChange(api, key.Scope, api.NameOf(key), engine.IdentityOf(api, key), limits, terms) { Key = key };
    }

    private void Add(KeyPool pool, PoolKey key, bool isNew)
    {
        try
        {
            if (isNew)
                engine.Remember(api, key);
        }
        catch (Exception failure) when (failure is ScopeHeldException or LedgerException)
        {
            engine.Notice($"key {key.Name} of {api.Name} cannot be used: {failure.Message}");
            return;
        }
        var gone = engine.Dispatcher.Change((pool, api, key), static (scheduler, it, now) =>
        {
            var gone = it.pool.Add(it.key, now, isUsed: key => it.api.UnderWay.All.Any(permit => permit.Key == key));
            scheduler.Changed(it.api.Gates.All, now);
            return gone;
        });
        foreach (var old in gone)
            engine.Forget(api, old);
        engine.Notice($"key {key.Name} of {api.Name} is used from now on");
    }

    private void Retire(KeyPool pool, PoolKey key)
    {
        engine.Dispatcher.Change((pool, api, key), static (scheduler, it, now) =>
        {
            it.pool.Retire(it.key);
            scheduler.Changed(it.api.Gates.All, now);
        });
        engine.Notice($"key {key.Name} of {api.Name} is not used any more: its source does not give it");
    }
}
