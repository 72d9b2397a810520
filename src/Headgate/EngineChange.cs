using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Ledgers;
using Headgate.Limits;

namespace Headgate;

/// <summary>
/// Brings an engine that runs from one configuration to another, all of it at one moment. An API whose record is equal is not touched; one that is not
/// configured any more goes on as what its address is without a configuration, and so does what waits for it.
/// </summary>
/// <param name="engine">The engine.</param>
/// <param name="register">Its APIs.</param>
/// <param name="next">What holds from then on.</param>
/// <param name="renewed">The names of those whose files are to be read anew in any case.</param>
internal sealed class EngineChange(Engine engine, UpstreamRegister register, HeadgateConfiguration next, IReadOnlySet<string> renewed)
{
    private readonly HeadgateConfiguration _before = register.Configuration;
    private readonly List<UpstreamChange> _changes = [];

    /// <summary>Those that are open, and what becomes of them; null for those that are retired.</summary>
    private readonly Dictionary<Upstream, UpstreamConfiguration?> _becomes = [];
    private readonly UpstreamMap _map = new(next);
    private LimitChanges _limits = new(engine, []);
    private QueueScopes _queues = engine.Queues;

    /// <summary>Does it.</summary>
    /// <exception cref="ConfigurationException">Keys or certificates cannot be read: all that is wrong is told, and nothing has changed.</exception>
    /// <exception cref="ScopeHeldException">Another process sends within limits that are new; nothing has changed.</exception>
    /// <exception cref="LedgerException">What was sent before cannot be read; nothing has changed.</exception>
    public void Run()
    {
        IReadOnlyList<Upstream> known;
        do
            Prepare(known = register.Held);
        while (!TryCommit(known));
        _limits.Tell();
        foreach (var change in _changes)
            change.Finish();
        foreach (var (api, becomes) in _becomes)
        {
            if (becomes is not null)
                continue;
            engine.WriteGone(api, api.NamedScopes.Select(named => named.Name));
            if (api.Configuration.IsConfigured)
                engine.Notice($"{api.Name} is not configured any more");
        }
    }

    private void Prepare(IReadOnlyList<Upstream> known)
    {
        var errors = new List<ConfigurationError>();
        try
        {
            if (!AreQueuesNew)
                _queues = engine.Queues.With(next, engine);
            foreach (var api in known.Where(api => !_becomes.ContainsKey(api)))
                Prepare(api, errors);
            if (errors.Count > 0)
                throw new ConfigurationException([.. errors.Distinct()]);
            _limits = new LimitChanges(engine, [.. TotalChange(), .. QueueChanges(), .. _changes.SelectMany(change => change.Limits)]);
            _limits.Prepare();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private void Dispose()
    {
        _changes.ForEach(change => change.Dispose());
        foreach (var (_, scope) in _queues.Except(engine.Queues))
            engine.Journal.Forget(scope);
    }

    private void Prepare(Upstream api, List<ConfigurationError> errors)
    {
        var becomes = _becomes[api] = TargetOf(api);
        if (becomes is not null)
            _map.Keep(becomes);
        if (becomes is null || (becomes == api.Configuration && !renewed.Contains(becomes.Name) && !api.Gates.AreLeft && !AreQueuesNew))
            return;
        var change = new UpstreamChange(api, becomes, engine, renewed.Contains(becomes.Name), AreQueuesNew);
        _changes.Add(change);
        try
        {
            change.Prepare();
        }
        catch (ConfigurationException wrong)
        {
            errors.AddRange(wrong.Errors);
        }
    }

    /// <summary>What an API is from then on: what is configured of its address, or its address alone; null if that is part of another one.</summary>
    private UpstreamConfiguration? TargetOf(Upstream api)
    {
        if (next.Upstreams.FirstOrDefault(target => Upstream.IdentityOf(target) == api.Identity) is { } configured)
            return configured;
        if (api.Configuration.Bases is not [{ Path: "" } address, ..])
            return null;
        var found = _map.Find(new Uri(address.ToString()));
        return found.IsConfigured ? null : found == api.Configuration ? api.Configuration : found;
    }

    private IEnumerable<ScopeChange> TotalChange()
    {
        if (!AreSameTerms || _before.TotalLimits != next.TotalLimits)
            yield return new ScopeChange(null, engine.Total, "total", "total", next.TotalLimits, AreSameTerms ? engine.Total.Terms : NewTerms());
    }

    /// <summary>Some queue has limits now that had none ever: its jobs pass other gates.</summary>
    private bool AreQueuesNew => _queues != engine.Queues;

    private IEnumerable<ScopeChange> QueueChanges() =>
        engine.Queues.Changes(next.Jobs.Queues, AreSameTerms ? null : NewTerms);

    private bool AreSameTerms => SharedTerms.AreSame(_before, next);

    private ArrivalTerms NewTerms() => SharedTerms.Of(next, register.Held);

    private bool TryCommit(IReadOnlyList<Upstream> known)
    {
        var done = register.TryChange(known, () =>
        {
            engine.Dispatcher.Change(this, static (scheduler, it, now) => it.CommitNeedsLock(scheduler, now));
            return (next, _map, [.. _becomes.Where(pair => pair.Value is not null).Select(pair => pair.Key)]);
        });
        if (!done)
            _limits.Release();
        return done;
    }

    private void CommitNeedsLock(Scheduler scheduler, long now)
    {
        _limits.CommitNeedsLock(scheduler, now);
        engine.ChangeTotalNeedsLock(_before, next, now);
        CommitQueuesNeedsLock(now);
        foreach (var change in _changes)
            change.CommitNeedsLock(scheduler, now);
        foreach (var (api, becomes) in _becomes)
            if (becomes is null)
                api.Gates.LeaveNeedsLock(scheduler);
            else
                api.CountUnits();
        // Everybody may be concerned: by what all share, and by what they waited for together with those that have changed.
        foreach (var gate in engine.GatesOf(null).ToList())
            scheduler.Changed(gate, now);
    }

    /// <summary>Queues with their first limits: what is under way of their jobs counts.</summary>
    private void CommitQueuesNeedsLock(long now)
    {
        var added = _queues.Except(engine.Queues).ToList();
        engine.Queues = _queues;
        foreach (var (queue, scope) in added)
            foreach (var checkpoint in scope.Checkpoints.Where(checkpoint => !checkpoint.State.CountsAttempts))
                foreach (var api in register.Held)
                    new AddedLimit(checkpoint, null).Join(api.UnderWay, permit => permit is LinePermit line && line.Exchange.Terms.Queue == queue, now);
    }
}
