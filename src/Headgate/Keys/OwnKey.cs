using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Limits;

namespace Headgate.Keys;

/// <summary>Credentials that a caller brought itself, as a key of its own: not one of the pool, and known by a name that tells nothing of them.</summary>
/// <param name="name">The name.</param>
/// <param name="scope">Its limits, and what holds it.</param>
internal sealed class OwnKey(string name, Scope scope)
{
    public string Name => name;

    public Scope Scope => scope;

    /// <summary>The limits that were declared for it.</summary>
    public ValueList<Limit> Declared { get; set; } = [];

    /// <summary>When a request last came with it, monotonic nanoseconds.</summary>
    public long LastUsed { get; set; }
}
