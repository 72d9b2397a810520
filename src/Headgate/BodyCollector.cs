namespace Headgate;

/// <summary>
/// What was read of a body, up to a size: of a larger one nothing is collected, however long it is. Used by whoever reads the body, until it ends;
/// thread-safe beside that, since it may be given up by others.
/// </summary>
/// <param name="announced">How long it says that it is; null if it does not say.</param>
/// <param name="most">How much is collected at most, in bytes.</param>
/// <param name="room">What all that are collected at once may take.</param>
/// <param name="ended">Told once, with what there is, and whether that is all; with null where it is too much.</param>
internal sealed class BodyCollector(long? announced, long most, CollectingRoom room, Action<ReadOnlyMemory<byte>?, bool> ended)
{
    private const int First = 16 * 1024;

    private readonly Lock _lock = new();
    private byte[] _body = [];
    private int _length;
    private bool _hasEnded;

    /// <summary>A piece has come.</summary>
    public void Take(ReadOnlySpan<byte> piece, bool isEnd)
    {
        bool isTooMuch;
        lock (_lock)
        {
            if (_hasEnded)
                return;
            isTooMuch = !TryGrowNeedsLock(_length + piece.Length);
            if (!isTooMuch)
            {
                piece.CopyTo(_body.AsSpan(_length));
                _length += piece.Length;
            }
        }
        if (isTooMuch)
            GiveUp();
        // Readers of a known length do not come back to hear that nothing follows.
        else if (_length == announced || isEnd)
            End(isWhole: true);
    }

    /// <summary>Nothing follows.</summary>
    /// <param name="isWhole">It is at its end, as far as the connection tells.</param>
    public void End(bool isWhole)
    {
        if (Take() is { } body)
            ended(body.Length == _length ? body : body.AsSpan(0, _length).ToArray(), isWhole && (announced is null || _length == announced));
    }

    /// <summary>It is too much, or whoever reads it has forgotten it: nothing of it is kept.</summary>
    public void GiveUp()
    {
        if (Take() is not null)
            ended(null, false);
    }

    private bool TryGrowNeedsLock(int length)
    {
        if (length <= _body.Length)
            return true;
        var size = (int)Math.Min(Math.Min(most, announced ?? most), Math.Max(First, 2L * length));
        if (length > size || !room.TryTake(size - _body.Length))
            return false;
        Array.Resize(ref _body, size);
        return true;
    }

    /// <summary>All that there is, for the first who ends it; null for others.</summary>
    private byte[]? Take()
    {
        lock (_lock)
        {
            if (_hasEnded)
                return null;
            _hasEnded = true;
            var body = _body;
            room.Give(body.Length);
            _body = [];
            return body;
        }
    }
}
