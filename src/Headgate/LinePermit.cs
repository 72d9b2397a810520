using Headgate.Gates;

namespace Headgate;

/// <summary>The permit of one attempt of a request. It knows of which, so that a limit that comes while it is under way finds what counts in it.</summary>
internal sealed class LinePermit(Exchange exchange, Cost cost, long expiresAt) : Permit(cost, expiresAt)
{
    private long _number;

    public Exchange Exchange => exchange;

    /// <summary>The number under which it is recorded; 0 until it is about to be. May be read by anybody.</summary>
    public long Number
    {
        get => Volatile.Read(ref _number);
        set => Volatile.Write(ref _number, value);
    }
}
