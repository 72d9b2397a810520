namespace Headgate.Configuration;

/// <summary>How scopes are written, and what each of them includes.</summary>
internal static class AccessScopeNames
{
    public const string Expects = "a scope: \"read\", \"submit\", \"operate\" or \"admin\"";

    public const AccessScopes All = AccessScopes.Read | AccessScopes.Submit | AccessScopes.Operate | AccessScopes.Admin;

    private static readonly (string Name, AccessScopes Scope)[] Names =
        [("read", AccessScopes.Read), ("submit", AccessScopes.Submit), ("operate", AccessScopes.Operate), ("admin", AccessScopes.Admin)];

    public static bool TryParse(string text, out AccessScopes scope)
    {
        scope = Array.Find(Names, entry => entry.Name == text).Scope;
        return scope != AccessScopes.None;
    }

    /// <summary>The names of scopes, in a fixed order.</summary>
    public static IEnumerable<string> NamesOf(AccessScopes scopes) => Names.Where(entry => scopes.HasFlag(entry.Scope)).Select(entry => entry.Name);

    /// <summary>The same with all that they include: who may administer may operate, and who may operate may submit and look.</summary>
    public static AccessScopes WithImplied(AccessScopes scopes) => scopes switch
    {
        _ when scopes.HasFlag(AccessScopes.Admin) => All,
        _ when scopes.HasFlag(AccessScopes.Operate) => scopes | AccessScopes.Submit | AccessScopes.Read,
        _ => scopes,
    };
}
