using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>
/// One limit of a scope through its changes: <c>100/s</c> that becomes <c>50/s</c> and goes on counting what was sent before. Which replaces which
/// is told by how they count; of several alike by their order.
/// </summary>
internal sealed record LimitSlot(LimitAlgorithm Algorithm, string Unit, LimitSchedule? When, TimeZoneInfo? Zone, LimitTiming? Timing, TimeSpan? Bound, bool HasJitter, int Ordinal)
{
    /// <summary>The slots of a scope, each with its epochs; a limit that only goes on begins none.</summary>
    public static Dictionary<LimitSlot, List<LimitEpoch>> Of(IReadOnlyList<ScopeEpoch> epochs)
    {
        var slots = new Dictionary<LimitSlot, List<LimitEpoch>>();
        foreach (var epoch in epochs)
        {
            var present = new HashSet<LimitSlot>();
            foreach (var limit in epoch.Limits)
            {
                var slot = new LimitSlot(limit.Algorithm, limit.Unit, limit.When, limit.Zone, limit.Timing, limit.Bound, limit.Jitter is not null, 0);
                while (!present.Add(slot))
                    slot = slot with { Ordinal = slot.Ordinal + 1 };
                Begin(slots, slot, new LimitEpoch(ReferenceEquals(epoch, epochs[0]) ? long.MinValue : epoch.FromUs, limit, epoch.IsRestart));
            }
            foreach (var gone in slots.Keys.Where(slot => !present.Contains(slot)).ToList())
                Begin(slots, gone, new LimitEpoch(epoch.FromUs, null));
        }
        return slots;
    }

    private static void Begin(Dictionary<LimitSlot, List<LimitEpoch>> slots, LimitSlot slot, LimitEpoch epoch)
    {
        if (!slots.TryGetValue(slot, out var known))
            slots[slot] = known = [];
        if (known.Count == 0 || known[^1].Limit != epoch.Limit)
            known.Add(epoch);
    }
}
