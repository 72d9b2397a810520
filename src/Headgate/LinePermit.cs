using Headgate.Gates;

namespace Headgate;

/// <summary>The permit of one attempt of a request. It knows of which, so that a limit that comes while it is under way finds what counts in it.</summary>
internal sealed class LinePermit : Permit
{
    /// <summary>The request; once there is one, the attempt, which knows its request. One place for both: many wait.</summary>
    private volatile object _of;

    public LinePermit(Exchange exchange, Cost cost, long expiresAt) : base(cost, expiresAt)
    {
        _of = exchange;
        exchange.Asked = this;
    }

    public Exchange Exchange => _of as Exchange ?? ((Attempt)_of).Exchange;

    /// <summary>The attempt that it was given to; null before. May be read by anybody.</summary>
    public Attempt? Attempt
    {
        get => _of as Attempt;
        set => _of = value ?? throw new ArgumentNullException(nameof(value));
    }
}
