using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>One thing that limits are declared of: everything, an API, a part of it, one key, one proxy.</summary>
/// <param name="Scope">As declared: <c>total</c>, <c>queue:bulk</c>, <c>api</c>, <c>api/route:search</c>, <c>api/key</c>, <c>api/key:gold</c>, <c>api/proxy</c>.</param>
/// <param name="Member">Which key or proxy of it.</param>
/// <param name="Lanes">The lanes whose attempts count.</param>
/// <param name="Epochs">The limits, as they held.</param>
internal sealed record ScopeInstance(string Scope, string? Member, IReadOnlyList<int> Lanes, IReadOnlyList<ScopeEpoch> Epochs)
{
    /// <summary>All of a ledger that have limits.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="others">Limits to audit for every API in place of the declared ones.</param>
    /// <param name="unused">Scopes that have limits and no attempt.</param>
    public static List<ScopeInstance> Of(LedgerTimeline ledger, IReadOnlyList<Limit>? others, out List<string> unused)
    {
        var lanes = ledger.Lanes.Select((lane, index) => (lane, index)).ToList();
        var upstreams = lanes.GroupBy(l => l.lane.Upstream).Select(g => (g.Key, Lanes: g.Select(l => l.index).ToList())).ToList();
        if (others is not null)
        {
            unused = [];
            return upstreams.ConvertAll(up => new ScopeInstance(up.Key, null, up.Lanes, [new ScopeEpoch(long.MinValue, others, false)]));
        }
        var found = new List<ScopeInstance>();
        var used = new HashSet<string>();
        Add("total", null, lanes.ConvertAll(l => l.index), ["total"]);
        foreach (var (upstream, ofUpstream) in upstreams)
            Add(upstream, null, ofUpstream, [upstream]);
        foreach (var group in lanes.Where(l => l.lane.KeyIdentity is not null).GroupBy(l => (l.lane.Upstream, l.lane.KeyIdentity)))
            AddMember($"{group.Key.Upstream}/key", group.Select(l => l.lane.Key!), group.Select(l => l.index));
        foreach (var group in lanes.Where(l => l.lane.Proxy is not null).GroupBy(l => (l.lane.Upstream, l.lane.Proxy)))
            AddMember($"{group.Key.Upstream}/proxy", group.Select(l => l.lane.Proxy!), group.Select(l => l.index));
        foreach (var group in lanes.SelectMany(l => (l.lane.Parts?.Split(' ') ?? []).Select(part => (Scope: part.StartsWith("queue:", StringComparison.Ordinal) ? part : $"{l.lane.Upstream}/{part}", l.index))).GroupBy(part => part.Scope))
            Add(group.Key, null, [.. group.Select(part => part.index).Distinct()], [group.Key]);
        unused = [.. ledger.Limits.Where(l => l.Value.Exists(e => e.Limits.Count > 0)).Select(l => l.Key).Except(used)];
        return found;

        void AddMember(string scope, IEnumerable<string> names, IEnumerable<int> ofMember)
        {
            var distinct = names.Distinct().ToList();
            var own = distinct.Find(name => ledger.Limits.ContainsKey($"{scope}:{name}"));
            Add(own is null ? scope : $"{scope}:{own}", own is null ? distinct[^1] : null, [.. ofMember], [scope, .. distinct.Select(name => $"{scope}:{name}")]);
        }

        void Add(string scope, string? member, List<int> ofScope, List<string> names)
        {
            var epochs = names.Where(ledger.Limits.ContainsKey).Select(name => ledger.Limits[name]).ToList();
            used.UnionWith(names);
            if (epochs.Count > 0)
                found.Add(new ScopeInstance(scope, member, ofScope, Merge(ledger.Limits.GetValueOrDefault(names[0]), [.. names.Skip(1).Where(ledger.Limits.ContainsKey).Select(name => ledger.Limits[name])])));
        }
    }

    /// <summary>What a key has of its own stands in the place of what all have.</summary>
    private static List<ScopeEpoch> Merge(List<ScopeEpoch>? shared, List<List<ScopeEpoch>> own)
    {
        if (own.Count == 0)
            return shared ?? [];
        var all = own.SelectMany(epochs => epochs).Concat(shared ?? []).ToList();
        return [.. all.Select(e => e.FromUs).Distinct().Order().Select(at => new ScopeEpoch(
            at,
            own.Select(epochs => Latest(epochs, at)).FirstOrDefault(limits => limits is { Count: > 0 }) ?? Latest(shared, at) ?? [],
            all.Exists(e => e.FromUs == at && e.IsRestart)))];
    }

    private static IReadOnlyList<Limit>? Latest(List<ScopeEpoch>? epochs, long at) => epochs?.FindLast(epoch => epoch.FromUs <= at)?.Limits;
}
