using System.Net;
using Headgate.App.Security;
using Headgate.App.Service;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Proxy;

/// <summary>The door of the forward proxy, for CONNECT and for whole URLs alike. Thread-safe.</summary>
/// <param name="entrance">That of the service, which knows its callers.</param>
internal sealed class ProxyAccess(Entrance entrance)
{
    /// <summary>Lets a call in. Where tokens are needed it shows one with <c>Proxy-Authorization: Basic any:TOKEN</c>, which is never passed on.</summary>
    /// <param name="headers">Its headers.</param>
    /// <param name="shown">The token it shows elsewhere; null for none.</param>
    /// <param name="from">Where it comes from.</param>
    /// <returns>Who calls; how it is to be sent; and what is to be disposed when it has ended.</returns>
    /// <exception cref="Problem">It may not, or what it says cannot be read.</exception>
    public (Caller Caller, CallTerms Terms, IDisposable? Place) Admit(IHeaderDictionary headers, string? shown, IPAddress? from)
    {
        var credentials = headers.ProxyAuthorization is [{ Length: > 0 } given, ..] ? given : null;
        var (caller, place) = entrance.AdmitToProxy(Credentials.TokenIn(credentials) ?? shown, from);
        try
        {
            return (caller, CallTerms.Of(headers, caller), place);
        }
        catch
        {
            place?.Dispose();
            throw;
        }
    }
}
