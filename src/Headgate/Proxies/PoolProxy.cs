namespace Headgate.Proxies;

/// <summary>One proxy of a pool, for all APIs that are reached through it. Owned by the lock of its dispatcher.</summary>
internal sealed class PoolProxy(ProxyEntry entry, int? leftAfter)
{
    /// <summary>A turn of a proxy of weight one.</summary>
    private const long Turn = 1_000_000;

    public ProxyEntry Entry { get; set; } = entry;

    public string Name => Entry.Name;

    /// <summary>So many faults in a row are its last; null where it is tried again for ever.</summary>
    public int? LeftAfter => leftAfter;

    public ProxyHealth Health { get; } = new(leftAfter);

    /// <summary>Who has paused it by hand; null for nobody.</summary>
    public string? PausedBy { get; set; }

    /// <summary>Its source gives it no more; it may come back.</summary>
    public bool IsGone { get; set; }

    /// <summary>How many go through it now.</summary>
    public int InFlight { get; private set; }

    /// <summary>How often it was taken.</summary>
    public long Taken { get; private set; }

    /// <summary>How often it was at fault.</summary>
    public long Faults { get; set; }

    /// <summary>Its place in the order of turns: what it had so far against its weight.</summary>
    public long Tag { get; private set; }

    /// <summary>Whether something should be sent through it to see how it is: nothing came through yet, or not since it failed; and it may yet be mended.</summary>
    public bool IsDoubtful => !IsGone && (Health.IsOnProbation || (!Health.HasWorked && Health.DeadReason is null));

    public bool IsDead => IsGone || Health.DeadReason is not null;

    /// <summary>When it could take one more; never where only an event can tell.</summary>
    public long FreeAt(long now) => IsGone || PausedBy is not null ? Time.Clock.Never : Health.FreeAt(InFlight, now);

    /// <summary>A request goes through it.</summary>
    /// <param name="reached">The turn that all have had: it gets no credit for the time it was not there.</param>
    /// <returns>The turn that it has now.</returns>
    public long Take(long reached)
    {
        InFlight++;
        Taken++;
        var start = Math.Max(Tag, reached);
        Tag = start + (Turn / Entry.Weight);
        return start;
    }

    public void End() => InFlight--;

    /// <summary>How it is, in a word for people and machines.</summary>
    public string StateAt(long now) => IsGone ? "gone"
        : Health.DeadReason is not null ? "dead"
        : PausedBy is not null ? "paused"
        : Health.RestsUntil > now ? "resting"
        : Health.IsProven ? "ok"
        : Health.IsOnProbation ? "probation"
        : Health.HasWorked ? "ok" : "new";
}
