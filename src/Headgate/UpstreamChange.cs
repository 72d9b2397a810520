using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Keys;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Proxies;
using Headgate.Tokens;

namespace Headgate;

/// <summary>
/// Brings one API from one configuration to another while it is used. What may fail is prepared before; the change itself is one moment, under the
/// lock; what it has sent, what is under way, what waits and what was learned goes on.
/// </summary>
/// <param name="api">The API.</param>
/// <param name="next">How it is treated from then on; of the same first address.</param>
/// <param name="engine">Its engine.</param>
/// <param name="areGatesNew">Requests pass other gates from then on, although the configuration says the same of it.</param>
/// <param name="areFilesNew">Its keys and certificates are to be read anew, although the configuration says the same of them.</param>
internal sealed class UpstreamChange(Upstream api, UpstreamConfiguration next, Engine engine, bool areFilesNew = false, bool areGatesNew = false) : IDisposable
{
    private readonly UpstreamConfiguration _before = api.Configuration;
    private readonly List<string> _names = [.. api.NamedScopes.Select(named => named.Name)];
    private readonly ArrivalTerms _terms = (api.Configuration.Policy.Timing, api.Configuration.Policy.Straggle) == (next.Policy.Timing, next.Policy.Straggle)
        ? api.Terms
        : Upstream.TermsOf(next.Policy.Timing, next.Policy.Straggle);

    /// <summary>The scopes of its parts from then on; those that are new among them.</summary>
    private readonly Dictionary<string, Scope> _parts = [];
    private readonly List<Scope> _newParts = [];
    private IReadOnlyList<KeyEntry>? _entries;
    private KeyPool? _pool;
    private bool _isNewPool;
    private ProxyOutlets? _proxies;
    private ApiTransport? _transport;
    private TokenSupply? _tokens;
    private TokenSupply? _goneTokens;
    private KeyRotation? _goneRotation;
    private ProxyOutlets? _goneProxies;
    private bool _isDone;

    public Upstream Api => api;

    /// <summary>The scopes whose limits change.</summary>
    public IReadOnlyList<ScopeChange> Limits { get; private set; } = [];

    /// <summary>All of it, where nothing else is to change at the same moment.</summary>
    /// <inheritdoc cref="Prepare"/>
    public void Run()
    {
        Prepare();
        var limits = new LimitChanges(engine, Limits);
        limits.Prepare();
        engine.Dispatcher.Change((Change: this, limits), static (scheduler, it, now) =>
        {
            it.limits.CommitNeedsLock(scheduler, now);
            it.Change.CommitNeedsLock(scheduler, now);
            scheduler.Changed(it.Change.Api.Gates.All, now);
        });
        limits.Tell();
        Finish();
    }

    /// <summary>Reads and makes what is needed; nothing has changed when it fails.</summary>
    /// <exception cref="ConfigurationException">Its keys or certificates cannot be read.</exception>
    /// <exception cref="ScopeHeldException">Another process sends within limits that are new.</exception>
    /// <exception cref="LedgerException">What was sent before cannot be read.</exception>
    public void Prepare()
    {
        PrepareKeys();
        if (IsOtherTransport)
            _transport = engine.Connections.MakeTransport(api, next);
        if (AreOtherTokens)
            _tokens = engine.Connections.MakeTokens(next);
        PrepareParts();
        _proxies = IsOtherPool ? engine.Proxies.Of(api, next) : api.Proxies;
        if (_proxies != api.Proxies)
            engine.Proxies.Join(_proxies);
        Limits = [.. ScopeChanges()];
    }

    /// <summary>What was made for it goes, unless it was done.</summary>
    public void Dispose()
    {
        if (_isDone)
            return;
        _transport?.Dispose();
        _tokens?.Dispose();
        if (_proxies != api.Proxies)
            engine.Proxies.Leave(_proxies);
        foreach (var scope in _newParts)
            engine.Journal.Forget(scope);
        if (_isNewPool)
            foreach (var key in _pool!.Keys)
                engine.Journal.Forget(key.Scope);
    }

    /// <summary>Changes all but the limits, which have been changed at the same moment.</summary>
    public void CommitNeedsLock(Scheduler scheduler, long now)
    {
        _isDone = true;
        Rename();
        var (gates, keys) = (api.Gates, api.Keys);
        _goneRotation = keys == _pool ? null : api.Rotation;
        api.Keys = _pool;
        (_goneProxies, api.Proxies) = (api.Proxies == _proxies ? null : api.Proxies, _proxies);
        if (AreOtherTokens)
            _goneTokens = api.TakeTokens(_tokens, next);
        api.TreatAs(next);
        ChangeConnections(now);
        ChangeBreaker();
        if (IsOtherAdaptation)
        {
            api.Adaptation.LeaveNeedsLock();
            api.Adaptation = new Adaptation(api, engine);
        }
        if (!areGatesNew && gates.AreFor(next, _pool, _proxies))
            return;
        api.Left = new LeftScopes
        {
            Parts = gates.Parts.Select(part => KeyValuePair.Create(part.Place, part.Scope)).Concat(api.Left.Parts).Where(part => !_parts.ContainsKey(part.Key)).ToDictionary(),
            Keys = _pool is null ? keys ?? api.Left.Keys : null,
        };
        api.Gates = api.MakeGates(next, _pool, _proxies, part => _parts[part.Place]);
        gates.LeaveNeedsLock(scheduler);
        foreach (var part in _parts.Values)
            foreach (var checkpoint in part.Checkpoints.Where(checkpoint => !checkpoint.State.CountsAttempts))
                new AddedLimit(checkpoint, null).Join(api.UnderWay, permit => IsNewTo(permit, part) && !permit.Taken.Contains(checkpoint), now);
    }

    /// <summary>What comes after it: keys in and out, what others have taken the place of.</summary>
    public void Finish()
    {
        _goneTokens?.Dispose();
        engine.SweepLeft(api);
        if (_goneProxies is not null)
            LeaveProxies(_goneProxies);
        if (_goneRotation is { } gone)
        {
            gone.Dispose();
            api.Rotation = null;
        }
        if (api.Rotation is null)
            api.Rotation = api.RotationOf(next);
        if (_entries is not null && !_isNewPool)
            TakeIn(_entries);
        if (api.OwnKeys.Count > 0)
            Renew();
        engine.WriteGone(api, _names.Except(api.NamedScopes.Select(named => named.Name)));
        if (_before.Name == next.Name)
            return;
        engine.WriteAllLimits(api);
        engine.Notice(next.IsConfigured ? $"{_before.Name} is called {next.Name} now" : $"{_before.Name} is not configured any more: its address goes on under the defaults");
    }

    private void LeaveProxies(ProxyOutlets gone)
    {
        engine.Proxies.Leave(gone);
        api.Exits.Leave(api.Proxies?.All ?? []);
    }

    /// <summary>Keys that callers bring have the limits of the pool's; they come and go by themselves, and so follow it.</summary>
    private void Renew()
    {
        try
        {
            api.OwnKeys.Renew();
        }
        catch (LedgerException failure)
        {
            engine.Notice($"the keys that callers bring to {next.Name} keep their limits: {failure.Message}");
        }
    }

    private void TakeIn(IReadOnlyList<KeyEntry> entries)
    {
        try
        {
            new KeyIntake(api, engine).Use(entries);
        }
        catch (Exception failure) when (failure is InvalidOperationException or LedgerException)
        {
            engine.Notice($"the keys of {next.Name} stay as they are: {failure.Message}");
        }
    }

    private void PrepareKeys()
    {
        if (next.Keys is not { } keys)
            return;
        if (areFilesNew || _before.Keys is null || _before.Keys.From != keys.From)
            _entries = engine.KeysOf(next);
        if ((_pool = api.Keys ?? api.Left.Keys) is not null)
            return;
        _isNewPool = true;
        _pool = new KeyPool(next.Name, _entries!.Select(entry => api.MakeKey(entry, keys, _terms)));
        foreach (var key in _pool.Keys)
            engine.Remember(api, key);
    }

    private void PrepareParts()
    {
        var known = api.Gates.Parts.Select(part => KeyValuePair.Create(part.Place, part.Scope)).Concat(api.Left.Parts).ToDictionary();
        foreach (var part in UpstreamPart.Of(next))
        {
            if (known.TryGetValue(part.Place, out var scope))
            {
                _parts.Add(part.Place, scope);
                continue;
            }
            scope = new Scope(part.Name, part.Limits, _terms, engine.Dispatcher.Ours, api.Scope.Server);
            _parts.Add(part.Place, scope);
            _newParts.Add(scope);
            engine.Remember(api, scope, part.Place);
        }
    }

    private IEnumerable<ScopeChange> ScopeChanges()
    {
        var areOtherTerms = _terms != api.Terms;
        if (areOtherTerms || (_before.Policy.Limits, _before.Policy.Learns) != (next.Policy.Limits, next.Policy.Learns))
            yield return new ScopeChange(api, api.Scope, next.Name, api.Identity, next.Policy.Limits, _terms);
        var before = _before.Routes.Select(route => ($"route:{route.Name}", route.Limits)).Concat(_before.Geo.Select(geo => ($"geo:{geo.Country}", geo.Limits))).ToDictionary();
        foreach (var part in UpstreamPart.Of(next))
            if (_parts[part.Place] is var scope && !_newParts.Contains(scope) && (areOtherTerms || !before.TryGetValue(part.Place, out var limits) || limits != part.Limits))
                yield return new ScopeChange(api, scope, part.Name, $"{api.Identity} {part.Place}", part.Limits, _terms);
        // Of a pool that is left none: what is known of its exits is made good when they come back.
        foreach (var change in _proxies is { Pool: var pool } ? api.Exits.Changes(pool.Proxies.Select(proxy => proxy.Entry), pool.Configuration.Limits, _terms) : [])
            yield return change;
        if (next.Keys is not { } keys || _isNewPool)
            yield break;
        var given = _entries?.ToDictionary(entry => entry.Secret.Reveal(), entry => entry.Limits);
        var intake = new KeyIntake(api, engine);
        foreach (var key in _pool!.Keys)
        {
            // One that is not given any more is taken away in a moment: it is not let go faster for that.
            var (isGiven, own) = given is null ? (true, key.OwnLimits) : (given.TryGetValue(key.Secret.Reveal(), out var entry), entry);
            var limits = isGiven ? own ?? keys.Limits : key.Declared;
            // Of a pool that comes back all are told: nothing held when it was gone.
            if (intake.Change(key, limits, _terms, isCertain: api.Keys is null) is { } change)
                yield return change;
        }
    }

    private bool IsOtherPool => _before.Policy.Proxies != next.Policy.Proxies;

    private bool IsOtherTransport => areFilesNew && next.Tls != TlsConfiguration.Default
        || (_before.Connections with { PerHost = null }, _before.Tls, _before.UserAgents, _before.IsConfigured, _before.Policy.ConnectTimeout)
        != (next.Connections with { PerHost = null }, next.Tls, next.UserAgents, next.IsConfigured, next.Policy.ConnectTimeout);

    private bool AreOtherTokens => _before.OAuth != next.OAuth || _before.Tls != next.Tls || (_before.Keys is null) != (next.Keys is null);

    private bool IsOtherAdaptation =>
        (_before.Adaptive, _before.Hedge, _before.Policy.Learns) != (next.Adaptive, next.Hedge, next.Policy.Learns) || (next.Adaptive.Timeout && _before.Policy.Timeout != next.Policy.Timeout);

    private void Rename()
    {
        if (_before.Name == next.Name)
            return;
        api.Scope.Name = next.Name;
        foreach (var key in _pool?.Keys ?? [])
            key.Scope.Name = $"key {key.Name} of {next.Name}";
        foreach (var (place, scope) in _parts)
            scope.Name = $"{next.Name}/{place}";
    }

    private void ChangeConnections(long now)
    {
        if (_transport is not null)
        {
            engine.LeftConnections.AddNeedsLock(api.Transport, api, now);
            api.Transport = _transport;
        }
        if (_before.Connections.PerHost == next.Connections.PerHost)
            return;
        if (api.Connections is { } known && next.Connections.PerHost is { } most)
        {
            known.Change(most);
            return;
        }
        if (api.Connections is { } gone)
            api.Scope.Remove(gone);
        if ((api.Connections = next.Connections.Cap()) is not { } cap)
            return;
        engine.JoinNeedsLock(api.Scope.Add(cap), api, now);
    }

    private void ChangeBreaker()
    {
        if (_before.Policy.Breaker == next.Policy.Breaker)
            return;
        if (api.Watch is { } watch && next.Policy.Breaker is { } policy)
        {
            watch.ChangeNeedsLock(policy);
            return;
        }
        api.Watch?.LeaveNeedsLock();
        api.Watch = next.Policy.Breaker is { } first ? new BreakerWatch(api, engine, first) : null;
    }

    /// <summary>Whether an attempt belongs to a part of the API from now on, and did not when it was let go.</summary>
    private bool IsNewTo(Permit permit, Scope part) => permit is LinePermit line && !permit.Lane.Gate.Scopes.Contains(part) && api.Gates.Counts(line.Exchange, part);
}
