using System.Runtime.InteropServices;

namespace Headgate.App.Input;

/// <summary>
/// Which keys were seen, each with a number (its line, its place in a list), in 16 bytes a key: 96 bits of hash and the number. Two
/// different keys of 100 million have the same 96 bits with a probability of 10^-13. A <c>HashSet&lt;string&gt;</c> of a
/// million ids takes four times the memory.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class KeyTable
{
    // Many small tables that grow one by one: a single one would be there twice while it grows.
    private readonly Part[] _parts = new Part[256];

    /// <summary>How many keys there are.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a key; says whether it is new. <paramref name="number"/> of a known one is what it was added with.</summary>
    public bool TryAdd(ReadOnlySpan<char> key, ref uint number)
    {
        ref var found = ref Slot(key, out var isNew);
        if (isNew)
        {
            Count++;
            found = number;
        }
        number = found;
        return isNew;
    }

    /// <summary>Adds a key or gives it another number.</summary>
    public void Set(ReadOnlySpan<char> key, uint number)
    {
        Slot(key, out var isNew) = number;
        Count += isNew ? 1 : 0;
    }

    /// <summary>The number of a key; says whether it is known.</summary>
    public bool TryGet(ReadOnlySpan<char> key, out uint number)
    {
        var (high, low) = Hash(key);
        ref var part = ref _parts[high >> 56];
        number = 0;
        if (part.Slots is null)
            return false;
        ref var slot = ref part.Find(high, low);
        number = slot.Number;
        return slot.IsTaken;
    }

    private ref uint Slot(ReadOnlySpan<char> key, out bool isNew)
    {
        var (high, low) = Hash(key);
        ref var part = ref _parts[high >> 56];
        part.MakeRoom();
        ref var slot = ref part.Find(high, low);
        isNew = !slot.IsTaken;
        if (isNew)
        {
            (slot.High, slot.Low) = (high, low);
            part.Taken++;
        }
        return ref slot.Number;
    }

    // An empty slot is all zeros; no key may look like one.
    private static (ulong High, uint Low) Hash(ReadOnlySpan<char> key)
    {
        var bytes = MemoryMarshal.AsBytes(key);
        return (XxHash.Of(bytes), (uint)XxHash.Of(bytes, seed: 1) | 1);
    }

    private struct KeySlot
    {
        public ulong High;
        public uint Low;
        public uint Number;

        public readonly bool IsTaken => Low != 0;
    }

    private struct Part
    {
        public KeySlot[]? Slots;
        public int Taken;

        public void MakeRoom()
        {
            if (Slots is null)
                Slots = new KeySlot[8];
            if (Taken < Slots.Length * 4 / 5)
                return;
            // A third more, not twice as much: the table is 60 to 80 % full.
            var old = Slots;
            Slots = new KeySlot[old.Length + old.Length / 3 + 4];
            foreach (var slot in old)
                if (slot.IsTaken)
                    Find(slot.High, slot.Low) = slot;
        }

        /// <summary>The slot of a key, or the free one where it would stand: the next from where its hash points.</summary>
        public readonly ref KeySlot Find(ulong high, uint low)
        {
            var slots = Slots!;
            var index = (int)(((high << 8) >> 32) * (ulong)slots.Length >> 32);
            while (slots[index].IsTaken && (slots[index].High != high || slots[index].Low != low))
                index = index + 1 == slots.Length ? 0 : index + 1;
            return ref slots[index];
        }
    }
}
