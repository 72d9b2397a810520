using System.Threading.RateLimiting;
using System.Threading.Tasks.Sources;

namespace Headgate.Gates;

/// <summary>A place in the queue of a limiter: whoever awaits it gets a lease, acquired or not.</summary>
internal sealed class LimiterPermit(Cost cost, long expiresAt) : Permit(cost, expiresAt), IValueTaskSource<GateLease>, IValueTaskSource<RateLimitLease>
{
    private GateLease? _refusal;

    public ValueTask<GateLease> Lease => new(this, Version);

    public ValueTask<RateLimitLease> BaseLease => new(this, Version);

    public override void Refuse(RefusedException why)
    {
        _refusal = LimiterGate.Refusal(Lane.Gate, Cost, why);
        Complete();
    }

    GateLease IValueTaskSource<GateLease>.GetResult(short token)
    {
        GetResult(token);
        return _refusal ?? LimiterGate.Granted(Lane.Gate, Taken, Cost, GrantedAt);
    }

    RateLimitLease IValueTaskSource<RateLimitLease>.GetResult(short token) => ((IValueTaskSource<GateLease>)this).GetResult(token);
}
