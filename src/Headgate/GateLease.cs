using System.Threading.RateLimiting;
using Headgate.Gates;
using Headgate.Limits;

namespace Headgate;

/// <summary>
/// What a <see cref="GateLimiter"/> granted, or the reason why it did not. The first of <see cref="Commit(long)"/>, <see cref="Return"/> and
/// disposal ends it; whatever comes after has no effect. Thread-safe.
/// </summary>
/// <remarks>
/// With nominal timing, the default, permits are spent at the grant and there is nothing to give back: all such leases are one and the same
/// object. A lease has something to give back where the timing is guaranteed or bounded, where the limit is one of places in flight
/// (<c>10 concurrent</c>), and where units other than permits were asked for.
/// </remarks>
public sealed class GateLease : RateLimitLease
{
    /// <summary>Every lease of which nothing has to be given back.</summary>
    internal static readonly GateLease ForGood = new();

    private static readonly string[] OfRefusal = [MetadataName.RetryAfter.Name, MetadataName.ReasonPhrase.Name];
    private static readonly string[] OfRefusalWithoutEnd = [MetadataName.ReasonPhrase.Name];

    private readonly Gate? _gate;
    private readonly Checkpoint[] _places = [];
    private readonly Cost _cost = Cost.Nothing;
    private readonly long _grantedAt;

    private readonly Refusal? _refusal;
    private bool _isEnded;

    /// <summary>A lease to be given back.</summary>
    internal GateLease(Gate gate, Checkpoint[] places, Cost cost, long grantedAt) => (_gate, _places, _cost, _grantedAt) = (gate, places, cost, grantedAt);

    /// <summary>A refusal.</summary>
    internal GateLease(object refusedBy, TimeSpan? retryAfter) => (_refusal, _isEnded) = (new Refusal(refusedBy, retryAfter), true);

    private GateLease() => _isEnded = true;

    /// <inheritdoc/>
    public override bool IsAcquired => _refusal is null;

    /// <inheritdoc/>
    public override IEnumerable<string> MetadataNames => _refusal is null ? [] : _refusal.RetryAfter is null ? OfRefusalWithoutEnd : OfRefusal;

    /// <summary>
    /// Of a refusal: <see cref="MetadataName.RetryAfter"/>, after which there will be room if nobody else comes (never too early; missing
    /// where only the end of other leases can tell), and <see cref="MetadataName.ReasonPhrase"/>, which names what holds it.
    /// </summary>
    /// <inheritdoc/>
    public override bool TryGetMetadata(string metadataName, out object? metadata)
    {
        metadata = null;
        if (metadataName == MetadataName.ReasonPhrase.Name)
            metadata = _refusal?.By is Constraint holding ? $"held by {holding.Describe()}" : _refusal?.By;
        else if (metadataName == MetadataName.RetryAfter.Name && _refusal?.RetryAfter is { } after)
            metadata = after;
        return metadata is not null;
    }

    /// <summary>
    /// Ends the lease: what it was for has been answered, and this is what it came to. Less than was asked for is given back; more becomes debt,
    /// which later ones wait for.
    /// </summary>
    /// <param name="actual">The actual cost, zero or more: of the one unit asked for beside permits, or in permits if none was.</param>
    /// <exception cref="ArgumentOutOfRangeException">The actual cost is negative.</exception>
    /// <exception cref="InvalidOperationException">Several units beside permits were asked for: name them.</exception>
    public void Commit(long actual)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(actual);
        if (_cost.Others.Length > 1)
            throw new InvalidOperationException("several units were asked for: commit them by their names");
        End(_cost.Others.Length == 0 ? Cost.Of(actual) : Cost.Of(_cost.Requests, [new(_cost.Others[0].Unit, actual)]));
    }

    /// <summary>As <see cref="Commit(long)"/>, with the actual costs by their units; a unit that is not named came to what was asked for.</summary>
    /// <param name="actual">The actual costs, each zero or more; <c>requests</c> names the permits.</param>
    /// <exception cref="ArgumentOutOfRangeException">A cost is negative.</exception>
    public void Commit(IReadOnlyDictionary<string, long> actual)
    {
        ArgumentNullException.ThrowIfNull(actual);
        var all = new Dictionary<string, long> { [Limit.Requests] = _cost.Requests };
        foreach (var (unit, amount) in _cost.Others)
            all[unit] = amount;
        foreach (var (unit, amount) in actual)
            all[unit] = amount;
        End(Cost.Of(0, all));
    }

    /// <summary>Ends the lease as if it had never been: it was not used, and everything it holds goes back whole.</summary>
    public void Return() => End(Cost.Of(0));

    /// <summary>Ends the lease at what was asked for.</summary>
    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        End(null);
        base.Dispose(disposing);
    }

    private void End(Cost? actual)
    {
        if (_gate is null || Volatile.Read(ref _isEnded))
            return;
        _gate.Dispatcher!.End(this, actual);
    }

    /// <summary>The limits it has places in.</summary>
    internal Checkpoint[] Places => _places;

    /// <summary>Ends it, under the lock of its dispatcher; false if it has ended before.</summary>
    internal bool EndNeedsLock(Cost? actual, long now)
    {
        if (_isEnded)
            return false;
        _isEnded = true;
        _gate!.Leases--;
        if (actual is null && _gate.Straggle > 0 && now < _grantedAt + _gate.MaxHold)
            Gates.Places.Lose(_places, _cost, _grantedAt, wasAnswered: false, now);
        else
            Gates.Places.Settle(_places, _cost, actual ?? _cost, _grantedAt, now);
        _gate.LastUsed = now;
        return true;
    }

    /// <param name="By">Its reason, or what holds it, whose description is made when somebody asks.</param>
    /// <param name="RetryAfter">After what there will be room; null where only the end of other leases can tell.</param>
    private sealed record Refusal(object By, TimeSpan? RetryAfter);
}
