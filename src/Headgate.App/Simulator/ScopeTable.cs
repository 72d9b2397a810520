using System.Security.Cryptography;
using System.Text;

namespace Headgate.App.Simulator;

/// <summary>Those whom limits are counted for. Up to 100,000 are told apart; all further ones are one, <c>(other)</c>.</summary>
internal sealed class ScopeTable(ScopeKind kind, Func<LimitTally[]> newTallies)
{
    private const int Most = 100_000;

    private readonly Dictionary<string, Scope> _scopes = [];
    private readonly List<Scope> _inOrder = [];
    private Scope? _nobody;
    private Scope? _other;

    /// <summary>All that were seen; a scope's number is its place here, from 1.</summary>
    public IReadOnlyList<Scope> InOrder => _inOrder;

    /// <summary>Whose limits hold for a request of this key or address; one that names nobody shares limits with all that name nobody.</summary>
    public Scope Of(ReadOnlySpan<char> identity)
    {
        if (identity.IsEmpty)
            return _nobody ??= Add(kind == ScopeKind.All ? "all" : "(no key)", fingerprint: null);
        if (_scopes.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(identity, out var scope))
            return scope;
        return _scopes.Count >= Most ? _other ??= Add("(other)", fingerprint: null) : AddNew(identity.ToString());
    }

    /// <summary>A name for a secret that does not tell it.</summary>
    public static string Fingerprint(string value) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)).AsSpan(0, 4));

    private Scope AddNew(string identity) => _scopes[identity] = kind == ScopeKind.Key
        ? Add($"key-{_scopes.Count + 1}", Fingerprint(identity))
        : Add(identity, fingerprint: null);

    private Scope Add(string name, string? fingerprint)
    {
        var scope = new Scope(_inOrder.Count + 1, name, fingerprint, newTallies());
        _inOrder.Add(scope);
        return scope;
    }
}
