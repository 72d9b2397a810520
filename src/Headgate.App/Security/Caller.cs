using System.Net;
using System.Net.Sockets;
using Headgate.Configuration;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Security;

/// <summary>Who calls: the owner of a token, or anybody where none is needed. Immutable.</summary>
/// <param name="Name">The name of the token; null where none is needed.</param>
/// <param name="Scopes">What it may do, with all that is implied.</param>
/// <param name="Tenant">Whose jobs it sees and makes; null for all.</param>
internal sealed record Caller(string? Name, AccessScopes Scopes, string? Tenant)
{
    /// <summary>Whoever calls where no token is needed.</summary>
    public static readonly Caller Anybody = new(null, AccessScopeNames.All, null);

    /// <summary>Who made a call. It is there once the call has come to a page.</summary>
    public static Caller Of(HttpContext context) => context.Features.Get<Caller>() ?? throw new InvalidOperationException("the call has not passed the entrance");

    public bool May(AccessScopes scope) => Scopes.HasFlag(scope);

    /// <summary>Whether it knows of a job of a tenant: its own, if it has one, else all.</summary>
    public bool Sees(string? tenant) => Tenant is null || Tenant == tenant;

    /// <summary>Why it may not act on behalf of a tenant, in words for people; null if it may.</summary>
    /// <param name="tenant">The tenant; null where nobody is named.</param>
    public string? WhyForeign(string? tenant) => tenant is null || Sees(tenant) ? null : $"tenant \"{Excerpt.Of(tenant)}\": the token \"{Name}\" is for the tenant {Tenant} only";

    /// <summary>By what it is told apart from others: its name, else the address it calls from.</summary>
    public string KeyAt(IPAddress? address) => Name is null ? PlaceOf(address) : $"token {Name}";

    /// <summary>Where somebody calls from: an address, or, since of IPv6 each has very many, their network of 64 bits.</summary>
    public static string PlaceOf(IPAddress? address)
    {
        if (address is null)
            return "unknown";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || IPAddress.IsLoopback(address))
            return address.ToString();
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return $"{new IPAddress(bytes)}/64";
    }
}
