namespace Headgate;

/// <summary>
/// What was read of a body, up to a size: of a larger one nothing is collected, however long it is. Used by whoever reads the body, until it ends.
/// </summary>
/// <param name="announced">How long it says that it is; null if it does not say.</param>
/// <param name="most">How much is collected at most, in bytes.</param>
/// <param name="room">What all that are collected at once may take.</param>
/// <param name="ended">Told once, with what there is, and whether that is all; with null where it is too much.</param>
internal sealed class BodyCollector(long? announced, long most, CollectingRoom room, Action<ReadOnlyMemory<byte>?, bool> ended)
{
    private const int First = 16 * 1024;

    private byte[] _body = [];
    private int _length;
    private bool _hasEnded;

    /// <summary>A piece has come.</summary>
    public void Take(ReadOnlySpan<byte> piece, bool isEnd)
    {
        if (_hasEnded)
            return;
        if (!TryGrow(_length + piece.Length))
        {
            End(null, isWhole: false);
            return;
        }
        piece.CopyTo(_body.AsSpan(_length));
        _length += piece.Length;
        // Readers of a known length do not come back to hear that nothing follows.
        if (_length == announced || isEnd)
            End(isWhole: true);
    }

    /// <summary>Nothing follows.</summary>
    /// <param name="isWhole">It is at its end, as far as the connection tells.</param>
    public void End(bool isWhole)
    {
        if (!_hasEnded)
            End(_length == _body.Length ? _body : _body.AsSpan(0, _length).ToArray(), isWhole && (announced is null || _length == announced));
    }

    private bool TryGrow(int length)
    {
        if (length <= _body.Length)
            return true;
        var size = (int)Math.Min(Math.Min(most, announced ?? most), Math.Max(First, 2L * length));
        if (length > size || !room.TryTake(size - _body.Length))
            return false;
        Array.Resize(ref _body, size);
        return true;
    }

    private void End(ReadOnlyMemory<byte>? body, bool isWhole)
    {
        _hasEnded = true;
        room.Give(_body.Length);
        _body = [];
        ended(body, isWhole);
    }
}
