namespace Headgate.Gates;

/// <summary>The order of a heap, and where its members keep their place in it.</summary>
internal interface IHeapOrder<T> : IComparer<T>
{
    /// <summary>The place of a member; -1 while it is in no heap of this order.</summary>
    static abstract ref int PlaceOf(T item);
}

/// <summary>A binary heap whose members can leave from anywhere or move when their order has changed, in O(log n).</summary>
internal sealed class IndexedHeap<T, TOrder>
    where T : class
    where TOrder : struct, IHeapOrder<T>
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
        ref var place = ref TOrder.PlaceOf(item);
        var index = place;
        place = -1;
        var last = _items[--Count]!;
        _items[Count] = null;
        if (last != item)
            Place(index, last);
        // What a million waiters needed once is not kept for ever.
        if (_items.Length > 64 && Count < _items.Length / 4)
            Array.Resize(ref _items, _items.Length / 2);
    }

    /// <summary>Its order has changed.</summary>
    public void Update(T item) => Place(TOrder.PlaceOf(item), item);

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
        TOrder.PlaceOf(item) = index;
    }
}
