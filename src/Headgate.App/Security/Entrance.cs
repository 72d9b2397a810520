using System.Net;
using Headgate.App.Service;
using Headgate.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Security;

/// <summary>What every call passes before it comes to its page: the name it asks by, the page it is made for, its token, and how often its caller calls. Thread-safe.</summary>
/// <param name="access">Who may call, from where, and how often; that may change.</param>
/// <param name="names">By what names the service is asked, beside those of the configuration: those it listens at.</param>
/// <param name="time">The clock.</param>
internal sealed class Entrance(Access access, IEnumerable<string> names, TimeProvider time) : IDisposable
{
    private readonly string[] _ownNames = [.. names, "localhost"];
    private readonly Lock _changing = new();
    private volatile Terms? _terms;

    /// <summary>Looks at a call before it is known to what page it comes.</summary>
    /// <returns>Whether it is answered already.</returns>
    /// <exception cref="Problem">It comes from where it may not.</exception>
    public bool Meet(HttpContext context)
    {
        var (_, names, pages, _) = Current();
        if (!IsOurs(names, context.Request.Host.Host))
            throw new Problem(StatusCodes.Status421MisdirectedRequest, "this service answers by the name localhost, by an address, and by the names in serve.hosts of its configuration");
        if (!pages.Allows(context.Request))
            throw new Problem(StatusCodes.Status403Forbidden, "pages of other origins may not use this service, but for those in serve.cors of its configuration");
        if (pages.TryAnswerPreflight(context))
            return true;
        pages.MarkAnswer(context);
        return false;
    }

    /// <summary>Lets a call in to its page, if its caller may.</summary>
    /// <param name="context">The call, whose page is known.</param>
    /// <param name="next">The page.</param>
    /// <param name="keyHeaderOf">The header in which an API has its keys, by its name (null for that of the whole port); null for none.</param>
    /// <exception cref="Problem">It shows no token, or its token is not for this, or it calls too often.</exception>
    public async Task AdmitAsync(HttpContext context, RequestDelegate next, Func<string?, string?> keyHeaderOf)
    {
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        var need = CallNeeds.Of(context.Request.Method, route);
        if (need.IsForAnybody)
        {
            await next(context);
            return;
        }
        var isGateway = CallNeeds.IsGateway(route);
        var token = isGateway ? Credentials.Take(context.Request, keyHeaderOf(context.Request.RouteValues["api"] as string)) : Credentials.Shown(context.Request);
        var caller = access.Of(token) ?? throw Unknown(context, token);
        // Of what is not there nobody but callers learns.
        if (route is not null)
            Check(caller, need);
        context.Features.Set(caller);
        using var place = Current().Rates.Take(context, caller, isGateway);
        await next(context);
    }

    /// <summary>Lets a call in to the forward proxy, if its caller may.</summary>
    /// <param name="token">What it shows; null for nothing.</param>
    /// <param name="from">Where it comes from.</param>
    /// <returns>Who calls; and what is to be disposed when the call has ended, null where nothing is limited.</returns>
    /// <exception cref="Problem">It shows no token, or its token is not for this, or it calls too often.</exception>
    public (Caller Caller, IDisposable? Place) AdmitToProxy(string? token, IPAddress? from)
    {
        if (access.Of(token) is not { } caller)
            throw (token is null ? null : TooManyWrong(from)) ?? new Problem(StatusCodes.Status407ProxyAuthenticationRequired, token is null
                ? "a token is needed, as the password of the proxy: http://any:hg_…@HOST:PORT"
                : "the token is not known, was removed, or has expired")
            {
                Headers = [("Proxy-Authenticate", "Basic realm=\"headgate\"")],
            };
        Check(caller, CallNeeds.OfGateway);
        return (caller, Current().Rates.Take(caller.KeyAt(from)));
    }

    public void Dispose() => _terms?.Rates.Dispose();

    /// <summary>What holds now: the configuration may have changed since the last call.</summary>
    private Terms Current()
    {
        if (_terms is { } terms && ReferenceEquals(terms.Of, access.Configuration))
            return terms;
        lock (_changing)
        {
            var (last, now) = (_terms, access.Configuration);
            // What callers have used stays used.
            var rates = last?.Rates ?? new CallRates(now.RateLimits, time);
            if (last is not null && last.Of.RateLimits != now.RateLimits)
                rates.Change(now.RateLimits);
            return _terms = new Terms(now, new HashSet<string>([.. now.Hosts, .. _ownNames], StringComparer.OrdinalIgnoreCase), new CrossOrigin(now.Cors), rates);
        }
    }

    /// <summary>
    /// A page of somebody else's must not speak to us through the browser of whoever looks at it, by a name of theirs that leads here. It has no
    /// token to show, so that where one is needed any name will do.
    /// </summary>
    private bool IsOurs(HashSet<string> names, string host) => access.IsRequired || names.Contains(host) || IPAddress.TryParse(host.Trim('[', ']'), out _);

    private Problem Unknown(HttpContext context, string? token)
    {
        if (token is null)
            return new Problem(StatusCodes.Status401Unauthorized, "a token is needed: Authorization: Bearer hg_…, or Headgate-Token: hg_…") { Challenge = "Bearer realm=\"headgate\"" };
        return TooManyWrong(context.Connection.RemoteIpAddress) ?? new Problem(StatusCodes.Status401Unauthorized, TokenText.IsOne(token)
            ? "the token is not known, was removed, or has expired"
            : "these credentials are no token of this service: its tokens begin with hg_") { Challenge = "Bearer realm=\"headgate\", error=\"invalid_token\"" };
    }

    /// <summary>Counts a wrong token; null where there were not too many.</summary>
    private Problem? TooManyWrong(IPAddress? from) => access.CountWrong(from) is { } wait
        ? new Problem(StatusCodes.Status429TooManyRequests, "too many wrong tokens came from your address") { RetryAfter = (int)Math.Max(1, Math.Ceiling(wait.TotalSeconds)) }
        : null;

    private static void Check(Caller caller, CallNeed need)
    {
        if (!caller.May(need.Scope))
        {
            var missing = string.Join(' ', AccessScopeNames.NamesOf(need.Scope));
            throw new Problem(StatusCodes.Status403Forbidden, $"this needs the scope {missing}; the token \"{caller.Name}\" has {string.Join(", ", AccessScopeNames.NamesOf(caller.Scopes))}")
            {
                Challenge = $"Bearer realm=\"headgate\", error=\"insufficient_scope\", scope=\"{missing}\"",
            };
        }
        if (caller.Tenant is { } tenant && !need.IsForTenants)
            throw new Problem(StatusCodes.Status403Forbidden, $"this is of the whole service, and the token \"{caller.Name}\" is for the tenant {tenant} only");
    }

    /// <summary>What a configuration comes to.</summary>
    private sealed record Terms(AccessConfiguration Of, HashSet<string> Names, CrossOrigin Pages, CallRates Rates);
}
