using Headgate.Configuration;

namespace Headgate.App.Security;

/// <summary>What a call needs. Pure.</summary>
/// <param name="Scope">The scope.</param>
/// <param name="IsForTenants">Whether its page keeps the jobs of tenants apart: others are not for tokens of one tenant.</param>
internal readonly record struct CallNeed(AccessScopes Scope, bool IsForTenants)
{
    /// <summary>Orchestrators have no token.</summary>
    public bool IsForAnybody => Scope == AccessScopes.None;
}

/// <summary>
/// Which scope each call needs: the one table of it. What is not in it needs more rather than less: to look, read; to change anything, operate;
/// and in any case a token that is not of one tenant.
/// </summary>
internal static class CallNeeds
{
    private static readonly CallNeed Anybody = new(AccessScopes.None, true);
    private static readonly CallNeed Look = new(AccessScopes.Read, true);
    private static readonly CallNeed Send = new(AccessScopes.Submit, true);
    private static readonly CallNeed SendForAll = new(AccessScopes.Submit, false);
    private static readonly CallNeed Operate = new(AccessScopes.Operate, true);
    private static readonly CallNeed Administer = new(AccessScopes.Admin, false);

    private static readonly Dictionary<(string Method, string Route), CallNeed> Table = new()
    {
        [("GET", "/livez")] = Anybody,
        [("GET", "/readyz")] = Anybody,
        [("GET", "/startupz")] = Anybody,
        [("GET", "/health")] = Look,
        [("GET", "/openapi.json")] = Look,
        [("POST", "/api/v1/request")] = Send,
        [("GET", "/api/v1/request/{id}")] = Look,
        [("DELETE", "/api/v1/request/{id}")] = Send,
        [("POST", "/api/v1/request/{id}:retry")] = Send,
        [("GET", "/api/v1/requests")] = Look,
        [("POST", "/api/v1/requests/bulk")] = Send,
        [("POST", "/api/v1/requests/wait")] = Look,
        [("POST", "/api/v1/requests:import")] = Send,
        [("POST", "/api/v1/requests:cancel")] = Send,
        [("POST", "/api/v1/requests:retry")] = Send,
        [("GET", "/api/v1/request/{id}/attempts")] = Look,
        [("GET", "/api/v1/request/{id}/curl")] = Look,
        [("GET", "/api/v1/request/{id}/explain")] = Look,
        [("GET", "/api/v1/batches/{batch}")] = Look,
        [("GET", "/api/v1/events")] = Look,
        [("GET", "/api/v1/dlq")] = Look,
        [("POST", "/api/v1/dlq:replay")] = Operate,
        [("POST", "/api/v1/dlq/{id}:replay")] = Operate,
        [("DELETE", "/api/v1/dlq")] = Operate,
        [("DELETE", "/api/v1/dlq/{id}")] = Operate,
        [("POST", "/process")] = SendForAll,
        [("GET", "/api/v1/get")] = Send,
        [("DELETE", "/api/v1/delete")] = Send,
        [("POST", "/api/v1/post")] = Send,
        [("PUT", "/api/v1/put")] = Send,
        [("GET", "/api/v1/tokens")] = Administer,
        [("POST", "/api/v1/tokens")] = Administer,
        [("DELETE", "/api/v1/tokens/{name}")] = Administer,
    };

    /// <summary>What a call needs that is passed on.</summary>
    public static CallNeed OfGateway => Send;

    /// <summary>What a call needs.</summary>
    /// <param name="method">Its method.</param>
    /// <param name="route">The pattern of the page it comes to; null if there is none.</param>
    public static CallNeed Of(string method, string? route) =>
        IsGateway(route) ? OfGateway
        : route is not null && Table.TryGetValue((method == "HEAD" ? "GET" : method, route), out var need) ? need
        : method is "GET" or "HEAD" ? new CallNeed(AccessScopes.Read, false)
        : new CallNeed(AccessScopes.Operate, false);

    /// <summary>Whether a page passes calls on to an API.</summary>
    public static bool IsGateway(string? route) => route is not null && (route.StartsWith("/up/{api}", StringComparison.Ordinal) || route == Service.Gateway.RootRoute);
}
