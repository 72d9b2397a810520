using Headgate.App.Security;
using Headgate.Configuration;

namespace Headgate.Tests.Security;

public sealed class CallNeedsTests
{
    [Theory]
    [InlineData("GET", "/livez", "", true)]
    [InlineData("GET", "/readyz", "", true)]
    [InlineData("GET", "/startupz", "", true)]
    [InlineData("GET", "/health", "read", true)]
    [InlineData("GET", "/metrics", "read", false)]
    [InlineData("POST", "/api/v1/request", "submit", true)]
    [InlineData("DELETE", "/api/v1/request/{id}", "submit", true)]
    [InlineData("POST", "/api/v1/request/{id}:retry", "submit", true)]
    [InlineData("POST", "/api/v1/requests/wait", "read", true)]
    [InlineData("GET", "/api/v1/get", "submit", true)]
    [InlineData("GET", "/up/{api}/{**path}", "submit", true)]
    [InlineData("PROPFIND", "{**path}", "submit", true)]
    [InlineData("POST", "/api/v1/tokens", "admin", false)]
    [InlineData("GET", "/api/v1/tokens", "admin", false)]
    // What nobody has thought of needs more, not less.
    [InlineData("GET", "/api/v1/new", "read", false)]
    [InlineData("POST", "/api/v1/new", "operate", false)]
    [InlineData("POST", null, "operate", false)]
    public void A_call_needs_a_scope(string method, string? route, string scope, bool isForTenants) =>
        Assert.Equal((scope, isForTenants), (string.Join(',', AccessScopeNames.NamesOf(CallNeeds.Of(method, route).Scope)), CallNeeds.Of(method, route).IsForTenants));

    [Fact]
    public void Scopes_include_those_below()
    {
        const AccessScopes all = AccessScopes.Read | AccessScopes.Submit | AccessScopes.Operate | AccessScopes.Admin;

        Assert.Equal(all, AccessScopeNames.WithImplied(AccessScopes.Admin));
        Assert.Equal(AccessScopes.Read | AccessScopes.Submit | AccessScopes.Operate, AccessScopeNames.WithImplied(AccessScopes.Operate));
        Assert.Equal(AccessScopes.Submit, AccessScopeNames.WithImplied(AccessScopes.Submit));
        Assert.Equal(AccessScopes.Read, AccessScopeNames.WithImplied(AccessScopes.Read));
    }

    [Fact]
    public void A_caller_of_one_tenant_knows_of_no_other()
    {
        var caller = new Caller("ci", AccessScopes.Read, "acme");

        Assert.True(caller.Sees("acme"));
        Assert.False(caller.Sees("other"));
        Assert.False(caller.Sees(null));
        Assert.Null(caller.WhyForeign(null));
        Assert.Null(caller.WhyForeign("acme"));
        Assert.NotNull(caller.WhyForeign("other"));
        Assert.True(Caller.Anybody.Sees(null));
        Assert.Null(Caller.Anybody.WhyForeign("acme"));
    }
}
