using System.Runtime.CompilerServices;

namespace Headgate.Resilience;

/// <summary>How many of the latest calls went well, and how long they took: the last ten tenths of a window. Pure; owned by the dispatcher's lock.</summary>
/// <param name="length">The window in nanoseconds; what is older, by a tenth at most, no longer counts.</param>
internal sealed class OutcomeWindow(long length)
{
    private const int Slots = 10;

    private readonly long _slotLength = Math.Max(1, length / Slots);
    private Counts _slots;
    private long _slot = long.MinValue;

    /// <summary>Counts a call.</summary>
    /// <param name="isFailure">Whether it failed.</param>
    /// <param name="latency">How long it took, in nanoseconds.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    public void Add(bool isFailure, long latency, long now)
    {
        Advance(now);
        ref var slot = ref _slots[Index(_slot)];
        slot = new Tally(slot.Calls + 1, slot.Failures + (isFailure ? 1 : 0), slot.Latency + latency);
    }

    /// <summary>What the window holds now.</summary>
    public Tally Sum(long now)
    {
        Advance(now);
        var sum = default(Tally);
        foreach (var slot in (ReadOnlySpan<Tally>)_slots)
            sum = new Tally(sum.Calls + slot.Calls, sum.Failures + slot.Failures, sum.Latency + slot.Latency);
        return sum;
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => _slots = default;

    private void Advance(long now)
    {
        var slot = Math.Max(_slot, (now < 0 ? now - _slotLength + 1 : now) / _slotLength);
        if (_slot == long.MinValue || slot - _slot >= Slots)
            (_slots, _slot) = (default, slot);
        while (_slot < slot)
            _slots[Index(++_slot)] = default;
    }

    private static int Index(long slot) => (int)(((slot % Slots) + Slots) % Slots);

    [InlineArray(Slots)]
    private struct Counts
    {
        private Tally _first;
    }
}

/// <summary>Some calls together.</summary>
/// <param name="Calls">How many.</param>
/// <param name="Failures">How many of them failed.</param>
/// <param name="Latency">How long all took together, in nanoseconds.</param>
internal readonly record struct Tally(long Calls, long Failures, long Latency)
{
    public long MeanLatency => Calls == 0 ? 0 : Latency / Calls;

    /// <summary>Whether more than so many in a thousand failed.</summary>
    public bool FailsAbove(int perMille) => Failures * 1000 > Calls * perMille;

    /// <summary>Whether fewer than so many in a thousand failed.</summary>
    public bool FailsBelow(int perMille) => Failures * 1000 < Calls * perMille;
}
