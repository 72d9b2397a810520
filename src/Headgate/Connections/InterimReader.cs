namespace Headgate.Connections;

/// <summary>
/// Looks at what a connection answers to one attempt until the answer itself begins. Changes and delays nothing of it: whatever it cannot read it lets
/// go by, and whoever reads the answer says what is wrong with it. Called by one reader at a time.
/// </summary>
/// <param name="tell">Told each interim answer, in their order. Must not throw, nor wait.</param>
internal sealed class InterimReader(Action<InterimAnswer> tell)
{
    /// <summary>No head is held that is longer, in bytes: the transport takes none.</summary>
    private const int LongestHead = 64 * 1024;

    private Action<InterimAnswer>? _tell = tell;

    /// <summary>The beginning of a head that came in pieces.</summary>
    private byte[] _held = [];
    private int _length;

    /// <summary>Whether the answer has begun: nothing more is looked at. It holds nothing then, neither bytes nor whom it told.</summary>
    public bool IsOver => Volatile.Read(ref _tell) is null;

    /// <summary>One that tells somebody; null for nobody.</summary>
    public static InterimReader? For(Action<InterimAnswer>? tell) => tell is null ? null : new InterimReader(tell);

    /// <summary>The next bytes have come.</summary>
    public void Read(ReadOnlySpan<byte> bytes)
    {
        var searched = _length;
        if (searched > 0)
        {
            Hold(bytes);
            bytes = _held.AsSpan(0, _length);
        }
        while (_tell is { } tell)
        {
            var end = -1;
            if (InterimHead.Begins(bytes) == false || ((end = InterimHead.EndOf(bytes, searched)) < 0 && bytes.Length >= LongestHead))
            {
                End();
                return;
            }
            if (end < 0)
            {
                Keep(bytes);
                return;
            }
            tell(InterimHead.Read(bytes[..end]));
            bytes = bytes[end..];
            searched = 0;
        }
    }

    private void End()
    {
        Volatile.Write(ref _tell, null);
        (_held, _length) = ([], 0);
    }

    private void Hold(ReadOnlySpan<byte> more)
    {
        if (_held.Length < _length + more.Length)
            Array.Resize(ref _held, Math.Max(2 * _held.Length, _length + more.Length));
        more.CopyTo(_held.AsSpan(_length));
        _length += more.Length;
    }

    /// <summary>Keeps what is left: perhaps the end of what is held already.</summary>
    private void Keep(ReadOnlySpan<byte> rest)
    {
        if (_length == rest.Length)
            return;
        if (_length > 0)
        {
            rest.CopyTo(_held);
            _length = rest.Length;
            return;
        }
        Hold(rest);
    }
}
