using System.Text.Json.Nodes;
using Headgate.App.CommandLine;
using Headgate.Configuration;
using Headgate.Proxies;

namespace Headgate.App.Secrets;

/// <summary>Reads proxies of the store as those of a file are read: what a file cannot say the store cannot hold.</summary>
internal static class StoredProxies
{
    /// <summary>The proxies of a pool.</summary>
    /// <exception cref="ConfigurationException">One is none, or does not go with the others.</exception>
    public static IReadOnlyList<ProxyEntry> Read(IReadOnlyList<(StoredSecret Stored, string Url)> pool)
    {
        var list = new JsonArray([.. pool.Select(proxy => (JsonNode)new JsonObject
        {
            ["url"] = proxy.Url,
            ["country"] = proxy.Stored.Country,
            ["exit"] = proxy.Stored.Exit,
            ["weight"] = proxy.Stored.Weight,
            ["limits"] = proxy.Stored.Limits is { } limits ? new JsonArray([.. limits.Select(limit => (JsonNode?)limit)]) : null,
        })]);
        return ProxyFile.ReadList(System.Text.Encoding.UTF8.GetBytes(list.ToJsonString()), Scalars.FromStore + pool[0].Stored.Pool);
    }
}
