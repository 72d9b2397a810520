using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>What an audit found of one limit, over all keys or proxies it is declared of.</summary>
internal sealed record LimitFinding
{
    public required string Scope { get; init; }

    /// <summary>The limit as declared; as it was at the worst moment, where it changed.</summary>
    public required Limit Limit { get; init; }

    /// <summary>How it was audited, where that is more than its own rule.</summary>
    public string? Rule { get; init; }

    /// <summary>The key or proxy that came nearest to it.</summary>
    public string? Member { get; init; }

    /// <summary>Of how many keys or proxies.</summary>
    public int Members { get; init; } = 1;

    public long Sends { get; init; }

    /// <summary>The worst moment; null if nothing counts.</summary>
    public Worst? Worst { get; init; }

    /// <summary>Whether no placement of arrivals exceeds the limit, rather than only the sends.</summary>
    public bool IsProven { get; init; }

    /// <summary>Whether attempts without an end, had they arrived later than their places were given on, would exceed it.</summary>
    public bool IsOpen { get; init; }

    /// <summary>The numbers of the attempts involved, the first of them.</summary>
    public IReadOnlyList<long> Attempts { get; init; } = [];

    /// <summary>How many are involved.</summary>
    public int Involved { get; init; }
}

/// <summary>
/// Proves from a ledger that no placement of the arrivals within [sent, late] exceeds a limit, or finds the one that does. Shares nothing with the
/// arithmetic that sent. Pure.
/// </summary>
internal sealed class LedgerAudit
{
    private const int NamedAttempts = 100;

    /// <summary>A ledger's times are whole microseconds, rounded either way.</summary>
    private const long BlurUs = 2;

    private readonly LedgerTimeline _ledger;
    private readonly ArrivalsBuilder _builder;

    private LedgerAudit(LedgerTimeline ledger) => (_ledger, _builder) = (ledger, new ArrivalsBuilder(ledger));

    /// <summary>Audits every limit of every scope.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="others">Limits to audit for every API in place of the declared ones; null for the declared ones.</param>
    public static List<LimitFinding> Run(LedgerTimeline ledger, IReadOnlyList<Limit>? others = null)
    {
        var audit = new LedgerAudit(ledger);
        var found = new List<LimitFinding>();
        var scopes = ScopeInstance.Of(ledger, others, out var unused);
        foreach (var instances in scopes.GroupBy(instance => instance.Scope))
        {
            var bySlot = instances.SelectMany(instance => LimitSlot.Of(instance.Epochs).Select(slot => (instance, slot))).GroupBy(pair => pair.slot.Key);
            foreach (var slot in bySlot)
                foreach (var rule in slot.SelectMany(pair => audit.Audit(pair.instance, pair.slot.Key, pair.slot.Value)).GroupBy(finding => finding.Rule))
                    found.Add(Nearest([.. rule]));
        }
        foreach (var scope in unused)
            foreach (var limit in ledger.Limits[scope].SelectMany(epoch => epoch.Limits).Distinct())
                found.Add(new LimitFinding { Scope = scope, Limit = limit });
        return found;
    }

    private static LimitFinding Nearest(List<LimitFinding> findings)
    {
        var worst = findings.Aggregate((a, b) => ReferenceEquals(Worst.Of(a.Worst, b.Worst), a.Worst) ? a : b);
        return worst with { Members = findings.Count, Sends = findings.Sum(finding => finding.Sends), IsProven = findings.TrueForAll(finding => finding.IsProven), IsOpen = findings.Exists(finding => finding.IsOpen) };
    }

    /// <summary>
    /// An attempt without an end counts until a restart, or for ever. Where that exceeds a limit it is asked again with those taken as arrived: if it
    /// does not then, nothing is exceeded that is known, and nothing proven.
    /// </summary>
    private List<LimitFinding> Audit(ScopeInstance instance, LimitSlot slot, List<LimitEpoch> epochs)
    {
        var found = Audit(instance, slot, epochs, _builder.Build(instance.Lanes, slot));
        if (!found.Exists(finding => finding.Worst is { IsBreach: true }) || !_builder.HasUnended(instance.Lanes))
            return found;
        var lenient = Audit(instance, slot, epochs, _builder.Build(instance.Lanes, slot, epochs.Max(epoch => epoch.Limit is { } limit ? Periods.CountedFor(limit) : 0)));
        return [.. found.Zip(lenient, (strict, known) => strict.Worst is { IsBreach: true } && known.Worst is not { IsBreach: true } ? known with { IsProven = false, IsOpen = true } : strict)];
    }

    private List<LimitFinding> Audit(ScopeInstance instance, LimitSlot slot, List<LimitEpoch> epochs, Arrivals arrivals)
    {
        var isProven = slot.Algorithm == LimitAlgorithm.Concurrent || _builder.TimingOf(slot) != LimitTiming.Nominal;
        return slot.Algorithm switch
        {
            LimitAlgorithm.Fixed => [Fixed(instance, epochs, arrivals, isProven)],
            LimitAlgorithm.Bucket => [Found(null, BucketAudit.Find(arrivals, epochs, BlurUs))],
            LimitAlgorithm.Counter => [Counter()],
            LimitAlgorithm.Spaced => [Found(slot.HasJitter ? "from send to send" : null, SpacedAudit.Find(arrivals, epochs, BlurUs))],
            LimitAlgorithm.Concurrent => [Found(null, ConcurrentAudit.Find(arrivals, epochs, BlurUs))],
            _ => [Found(null, SlidingAudit.Find(arrivals, epochs, BlurUs))],
        };

        // The narrow bucket is enough, and quick; greater costs may be safe without it.
        LimitFinding Counter() => BucketAudit.Find(arrivals, epochs, BlurUs) is { IsBreach: false } level
            ? Found("as the bucket that two windows never refuse", level)
            : Found("at the worst alignment of two windows", CounterAudit.Find(arrivals, epochs, BlurUs));

        LimitFinding Found(string? rule, Worst? worst) => this.Found(instance, epochs, arrivals, rule, worst, isProven);
    }

    /// <summary>What no window of that length exceeds, wherever it begins, no aligned one does; else it is by the server's clock, as far as it is known.</summary>
    private LimitFinding Fixed(ScopeInstance instance, List<LimitEpoch> epochs, Arrivals arrivals, bool isProven)
    {
        var anywhere = SlidingAudit.Find(arrivals, epochs, BlurUs);
        if (anywhere is not { IsBreach: true })
            return Found(instance, epochs, arrivals, "wherever its windows begin", anywhere, isProven);
        var skew = epochs.Select(epoch => epoch.Limit?.Skew).FirstOrDefault(stated => stated is not null);
        var isKnown = skew is not null || instance.Lanes.All(lane => _ledger.ServerClocks.ContainsKey(_ledger.Lanes[lane].Upstream));
        var byClock = FixedAudit.Find(arrivals, epochs, index => ClockOf(index, skew));
        return Found(instance, epochs, arrivals, skew is not null ? "by our clock within skew" : isKnown ? "by the server's clock, from its answers" : "by our clock: the server's is not in the ledger", byClock, isProven && isKnown);
    }

    private ServerOffset ClockOf(int index, TimeSpan? skew)
    {
        var attempt = _ledger.Attempts[index];
        if (skew is { } stated)
            return new ServerOffset(attempt.WallOffset, Periods.Us(stated));
        var known = _ledger.ServerClocks.GetValueOrDefault(_ledger.Lanes[attempt.Lane].Upstream);
        return LedgerTimeline.At(known, attempt.Sent) ?? new ServerOffset(attempt.WallOffset, 0);
    }

    private LimitFinding Found(ScopeInstance instance, List<LimitEpoch> epochs, Arrivals arrivals, string? rule, Worst? worst, bool isProven)
    {
        var (involved, first) = worst is null ? (0, []) : arrivals.Within(worst.FromUs, worst.ToUs, NamedAttempts);
        return new LimitFinding
        {
            Scope = instance.Scope,
            Member = instance.Member,
            Limit = worst?.Limit ?? epochs.Select(epoch => epoch.Limit).OfType<Limit>().Last(),
            Rule = rule,
            Sends = _builder.Sends(instance.Lanes),
            Worst = worst,
            IsProven = isProven,
            Involved = involved,
            Attempts = first.ConvertAll(index => _ledger.Attempts[index].Number),
        };
    }
}
