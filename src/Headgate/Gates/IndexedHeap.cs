namespace Headgate.Gates;

/// <summary>Knows its own place in the one heap it can be in.</summary>
internal interface IHeapItem
{
    /// <summary>The place, or -1.</summary>
    int HeapIndex { get; set; }
}

/// <summary>A binary heap whose members can leave from anywhere or move when their order has changed, in O(log n).</summary>
internal sealed class IndexedHeap<T, TOrder>
    where T : class, IHeapItem
    where TOrder : struct, IComparer<T>
{
    private T?[] _items = [];

    public int Count { get; private set; }

    public T? First => Count > 0 ? _items[0] : null;

    public ReadOnlySpan<T> Items => _items.AsSpan(0, Count)!;

    public void Add(T item)
    {
        if (Count == _items.Length)
            Array.Resize(ref _items, Math.Max(4, Count * 2));
        Count++;
        Rise(Count - 1, item);
    }

    public void Remove(T item)
    {
        var index = item.HeapIndex;
        item.HeapIndex = -1;
        var last = _items[--Count]!;
        _items[Count] = null;
        if (last != item)
            Place(index, last);
    }

    /// <summary>Its order has changed.</summary>
    public void Update(T item) => Place(item.HeapIndex, item);

    private void Place(int index, T item)
    {
        if (index > 0 && default(TOrder).Compare(item, _items[(index - 1) / 2]) < 0)
            Rise(index, item);
        else
            Sink(index, item);
    }

    private void Rise(int index, T item)
    {
        while (index > 0)
        {
            var parent = (index - 1) / 2;
            if (default(TOrder).Compare(item, _items[parent]) >= 0)
                break;
            Set(index, _items[parent]!);
            index = parent;
        }
        Set(index, item);
    }

    private void Sink(int index, T item)
    {
        while (true)
        {
            var child = index * 2 + 1;
            if (child >= Count)
                break;
            if (child + 1 < Count && default(TOrder).Compare(_items[child + 1], _items[child]) < 0)
                child++;
            if (default(TOrder).Compare(item, _items[child]) <= 0)
                break;
            Set(index, _items[child]!);
            index = child;
        }
        Set(index, item);
    }

    private void Set(int index, T item)
    {
        _items[index] = item;
        item.HeapIndex = index;
    }
}
