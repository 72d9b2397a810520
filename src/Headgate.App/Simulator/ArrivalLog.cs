using System.Runtime.InteropServices;

namespace Headgate.App.Simulator;

/// <summary>One request that arrived, as kept: names are numbers.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ArrivalEntry(long Time, int Scope, int Path, int Item, short Status, bool Accepted);

/// <summary>One request that arrived, as told.</summary>
/// <param name="N">Its number, from 1, in the order of arrival.</param>
/// <param name="TUs">When: microseconds of the machine's monotonic clock.</param>
/// <param name="Key">The name of whom its limits are counted for.</param>
/// <param name="Path">The path, without the query.</param>
/// <param name="Item">The item it named, if any.</param>
/// <param name="Status">The status decided on at arrival; 0 where no answer is given.</param>
/// <param name="Accepted">Whether all limits let it in.</param>
internal sealed record Arrival(long N, long TUs, string Key, string Path, string? Item, int Status, bool Accepted);

/// <summary>The latest arrivals: at least <see cref="Kept"/> are kept, 32 bytes each, in chunks; the oldest chunk makes room.</summary>
internal sealed class ArrivalLog
{
    public const int Kept = 5_000_000;
    private const int ChunkSize = 1 << 16;

    private readonly LinkedList<ArrivalEntry[]> _chunks = [];
    private long _dropped;

    /// <summary>How many came in all.</summary>
    public long Count { get; private set; }

    public void Add(in ArrivalEntry entry)
    {
        var at = (int)((Count - _dropped) % ChunkSize);
        if (at == 0)
            AddChunk();
        _chunks.Last!.Value[at] = entry;
        Count++;
    }

    /// <summary>Copies entries from number <paramref name="from"/> (0 is the first that came) on; the number of the first one copied is returned, since older ones may be gone.</summary>
    public long CopyTo(Span<ArrivalEntry> target, long from, out int copied)
    {
        from = Math.Max(from, _dropped);
        copied = (int)Math.Max(0, Math.Min(target.Length, Count - from));
        var chunk = _chunks.First;
        var first = _dropped;
        for (var done = 0; done < copied;)
        {
            var offset = from + done - first;
            if (offset >= ChunkSize)
            {
                (chunk, first) = (chunk!.Next, first + ChunkSize);
                continue;
            }
            var part = Math.Min(copied - done, ChunkSize - (int)offset);
            chunk!.Value.AsSpan((int)offset, part).CopyTo(target[done..]);
            done += part;
        }
        return from;
    }

    private void AddChunk()
    {
        if ((long)_chunks.Count * ChunkSize < Kept + ChunkSize)
        {
            _chunks.AddLast(new ArrivalEntry[ChunkSize]);
            return;
        }
        var oldest = _chunks.First!;
        _chunks.RemoveFirst();
        _chunks.AddLast(oldest);
        _dropped += ChunkSize;
    }
}
