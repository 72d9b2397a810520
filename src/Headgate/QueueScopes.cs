using System.Collections.Frozen;
using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Limits;

namespace Headgate;

/// <summary>The scopes of those named queues that have limits of their own, or had when they were there: what is sent of their jobs counts in them wherever it goes. Immutable.</summary>
internal sealed class QueueScopes
{
    public static readonly QueueScopes None = new(FrozenDictionary<string, Scope>.Empty);

    private readonly FrozenDictionary<string, Scope> _scopes;

    private QueueScopes(FrozenDictionary<string, Scope> scopes) => _scopes = scopes;

    /// <summary>By the names that the ledger has for them.</summary>
    public IEnumerable<(string Name, Scope Scope)> Named => _scopes.Select(static scope => (LimitPlace.OfQueue(scope.Key), scope.Value));

    /// <summary>The scope of a queue; null if it has none, or there is no queue.</summary>
    public Scope? Of(string? queue) => queue is null ? null : _scopes.GetValueOrDefault(queue);

    /// <summary>By what a queue is known across restarts.</summary>
    private static string IdentityOf(string queue) => $"queue {queue}";

    /// <summary>Those that a configuration makes: the ones that are there stay what they are; what was sent in those that are new counts.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="engine">Whose they are.</param>
    /// <exception cref="Ledgers.ScopeHeldException">Another process sends within their limits.</exception>
    /// <exception cref="Ledgers.LedgerException">What was sent before cannot be read.</exception>
    public QueueScopes With(HeadgateConfiguration configuration, Engine engine)
    {
        var missing = configuration.Jobs.Queues.Where(queue => queue.Limits.Count > 0 && !_scopes.ContainsKey(queue.Name)).ToList();
        return missing.Count == 0 ? this : new QueueScopes(_scopes.Concat(missing.Select(queue => KeyValuePair.Create(queue.Name, Make(queue, configuration, engine)))).ToFrozenDictionary());
    }

    /// <summary>Those that others do not have.</summary>
    public IEnumerable<(string Queue, Scope Scope)> Except(QueueScopes others) => _scopes.Where(scope => others.Of(scope.Key) != scope.Value).Select(static scope => (scope.Key, scope.Value));

    /// <summary>What a configuration changes of those that are there.</summary>
    /// <param name="queues">The queues of the configuration; one that is not there any more has no limits.</param>
    /// <param name="terms">Makes what is known of arrival from then on; null for the same as before.</param>
    public IEnumerable<ScopeChange> Changes(ValueList<NamedQueue> queues, Func<ArrivalTerms>? terms)
    {
        foreach (var (queue, scope) in _scopes)
            if ((queues.FirstOrDefault(named => named.Name == queue)?.Limits ?? []) is var limits && (terms is not null || !limits.SequenceEqual(scope.Declared)))
                yield return new ScopeChange(null, scope, LimitPlace.OfQueue(queue), IdentityOf(queue), limits, terms?.Invoke() ?? scope.Terms);
    }

    private static Scope Make(NamedQueue queue, HeadgateConfiguration configuration, Engine engine)
    {
        var scope = new Scope(LimitPlace.OfQueue(queue.Name), queue.Limits, SharedTerms.Of(configuration, engine.Upstreams), engine.Dispatcher.Ours);
        engine.Remember(null, LimitPlace.OfQueue(queue.Name), scope, IdentityOf(queue.Name));
        return scope;
    }
}
