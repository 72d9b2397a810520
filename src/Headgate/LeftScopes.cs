using Headgate.Gates;
using Headgate.Keys;

namespace Headgate;

/// <summary>
/// What an API does not have any more by its configuration, while something that was let go there is still under way: that is recorded as it was to be,
/// and what comes back before it has ended goes on as it was. Immutable.
/// </summary>
internal sealed record LeftScopes
{
    public static LeftScopes None { get; } = new();

    /// <summary>The scopes of routes and countries, by their place in the API.</summary>
    public IReadOnlyDictionary<string, Scope> Parts { get; init; } = new Dictionary<string, Scope>();

    public KeyPool? Keys { get; init; }

    public IEnumerable<Scope> All => Parts.Values.Concat(Keys?.Keys.Select(key => key.Scope) ?? []);

    /// <summary>Those of them in which something is under way. Needs the lock of the dispatcher.</summary>
    public LeftScopes Within(UnderWay underWay)
    {
        if (Parts.Count == 0 && Keys is null)
            return this;
        var used = underWay.All.SelectMany(permit => permit.Lane.Gate.Scopes).ToHashSet();
        return new LeftScopes
        {
            Parts = Parts.Where(part => used.Contains(part.Value)).ToDictionary(),
            Keys = underWay.All.Any(permit => permit.Key is { } key && Keys?.Keys.Contains(key) == true) ? Keys : null,
        };
    }
}
