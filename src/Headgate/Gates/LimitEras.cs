using Headgate.Time;

namespace Headgate.Gates;

/// <summary>
/// The times between one change of limits and the next: a permit is of the era in which it was granted, whatever the clock says, since more may
/// happen at one instant. Changed by whoever has the lock of the dispatcher; may be read by anybody.
/// </summary>
/// <param name="clock">The clock.</param>
internal sealed class LimitEras(Clock clock)
{
    /// <summary>So many are remembered, for what was granted before one and leaves after it: of what is older nothing is left.</summary>
    private const int Most = 64;

    private readonly Lock _lock = new();
    private volatile Known _known = new(0, []);

    /// <summary>The number of the present one; it begins anew after the greatest.</summary>
    public ushort Present => _known.Present;

    /// <summary>Another one begins; when, monotonic nanoseconds: not before anything that was taken for one of the last.</summary>
    public long Begin()
    {
        lock (_lock)
        {
            // Read here: whoever was stopped between the clock and this would have had others leave meanwhile, as if after it.
            var at = clock.Now;
            _known = new Known(unchecked((ushort)(_known.Present + 1)), [.. _known.Beginnings.TakeLast(Most - 1), at]);
            return at;
        }
    }

    /// <summary>A moment of an era at or near a time, by a microsecond at least apart from its ends: what leaves after its era counts as of it, for whoever proves its limits.</summary>
    /// <param name="era">When it was granted.</param>
    /// <param name="at">When it leaves: now, or before.</param>
    public long Within(ushort era, long at)
    {
        var (present, beginnings) = Read();
        var since = unchecked((ushort)(present - era));
        if (since > 0 && beginnings.Length > 0)
            return Math.Min(at, beginnings[Math.Max(0, beginnings.Length - since)] - Clock.Microsecond);
        return beginnings.Length == 0 ? at : Math.Max(at, beginnings[^1] + Clock.Microsecond);
    }

    // Whoever reads before another one begins has looked at the clock before that, too.
    private Known Read()
    {
        lock (_lock)
            return _known;
    }

    private sealed record Known(ushort Present, long[] Beginnings);
}
