using Headgate.Gates;

namespace Headgate.Proxies;

/// <summary>The address that the server of one API sees, and the limits it has there. Owned by the lock of its dispatcher.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Scope">Its limits.</param>
internal sealed record ProxyExit(string Name, Scope Scope);

/// <summary>A proxy as the way to one API: what a permit has a place of. Owned by the lock of its dispatcher.</summary>
/// <param name="proxy">The proxy.</param>
/// <param name="exit">Where what goes through it comes out.</param>
/// <param name="name">What the proxy is called. It stays so here: what was let go is recorded by the names that it was counted under.</param>
internal sealed class ProxyOutlet(PoolProxy proxy, ProxyExit exit, string name)
{
    public PoolProxy Proxy => proxy;

    public ProxyExit Exit => exit;

    public Scope Scope => exit.Scope;

    public string Name => name;

    /// <summary>The exit that it has in common with others, or by another name than its own; null where it is its own.</summary>
    public string? SharedExit => exit.Name == name ? null : exit.Name;

    /// <summary>How many go this way now.</summary>
    public int InFlight { get; private set; }

    public ProxyEndpoint Endpoint => proxy.Entry.Endpoint;

    /// <summary>How it does with this API: one that is good may not let us to every server, or not reach it.</summary>
    public ProxyHealth Reach { get; } = new(proxy.LeftAfter);

    /// <summary>How the answers fared that came this way.</summary>
    public AnswerTally Answers { get; } = new();

    /// <summary>Why nothing goes this way any more; null while something may.</summary>
    public string? DeadReason => proxy.IsGone ? "its source gives it no more" : proxy.Health.DeadReason ?? Reach.DeadReason;

    public bool IsDead => DeadReason is not null;

    /// <summary>Whether it is this API alone that nothing goes to this way now, whatever goes to others.</summary>
    public bool IsOutOfReach(long now) => Reach.DeadReason is not null || Reach.RestsUntil > now;

    /// <summary>Whether a request may wait for it: it is neither dead, nor paused, nor sits out.</summary>
    public bool IsUsable(long now) => !IsDead && proxy.PausedBy is null && proxy.Health.RestsUntil <= now && Reach.RestsUntil <= now;

    /// <summary>When a request may wait for it; never where nobody can tell.</summary>
    public long BackAt(long now) => IsDead || proxy.PausedBy is not null ? Time.Clock.Never : Math.Max(now, Math.Max(proxy.Health.RestsUntil, Reach.RestsUntil));

    /// <summary>A request goes this way.</summary>
    public void TakeNeedsLock(ProxyPool pool)
    {
        InFlight++;
        pool.TakeNeedsLock(proxy);
    }

    /// <summary>An answer has begun to come.</summary>
    /// <returns>Whether it is known when more may go than before.</returns>
    public bool AnsweredNeedsLock(long sentAt, long now) => proxy.Health.Answered(sentAt, now) | Reach.Answered(sentAt, now);

    /// <summary>An answer came to its end.</summary>
    /// <param name="isEmpty">It has no body that could have broken off, or nobody has read it.</param>
    /// <param name="sentAt">When its request was sent.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether more may go than before.</returns>
    public bool BroughtNeedsLock(bool isEmpty, long sentAt, long now)
    {
        if (!isEmpty)
            Answers.Add(isWhole: true);
        return proxy.Health.Brought(isEmpty, sentAt, now) | Reach.Brought(isEmpty, sentAt, now);
    }

    /// <summary>An answer that had begun to come did not come to its end.</summary>
    /// <param name="ranOut">Its time was over.</param>
    /// <param name="sentAt">When its request was sent.</param>
    /// <param name="now">The time.</param>
    public void LostNeedsLock(bool ranOut, long sentAt, long now)
    {
        proxy.Health.Lost(ranOut, sentAt, now);
        Reach.Lost(ranOut, sentAt, now);
    }

    public void EndNeedsLock(ProxyPool pool)
    {
        InFlight--;
        pool.EndNeedsLock(proxy);
    }

    /// <summary>When a cost could go this way.</summary>
    public long FreeAt(Claim turn, Cost cost, long now, bool overtakes, ref long retry)
    {
        var at = IsDead ? Time.Clock.Never : Math.Max(proxy.FreeAt(now), ReachableAt(now));
        foreach (var limit in exit.Scope.Checkpoints)
        {
            if (at == Time.Clock.Never)
                return at;
            at = Math.Max(at, Passage.FreeAt(limit, turn, cost, now, overtakes, ref retry));
        }
        return at;
    }

    // An API that is new is reached as well as any other. One that was not is tried with one request.
    private long ReachableAt(long now) => Reach.IsOnProbation ? Reach.FreeAt(InFlight, now) : Reach.RestsUntil;
}
