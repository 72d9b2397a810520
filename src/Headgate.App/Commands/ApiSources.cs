using Headgate.App.Secrets;
using Headgate.Configuration;
using Headgate.Connections;
using Headgate.Proxies;

namespace Headgate.App.Commands;

/// <summary>What a configuration names and does not say itself, beside keys: its proxies, the secrets of its clients. Read as a process that sends would.</summary>
internal static class ApiSources
{
    /// <summary>The proxies of a pool, whose certificates are looked at too; those that an address tells are not among them.</summary>
    /// <exception cref="ConfigurationException">A file or a pool of the store cannot be used.</exception>
    public static IReadOnlyList<ProxyEntry> ProxiesOf(ProxyPoolConfiguration pool)
    {
        try
        {
            TlsFiles.ReadTrust(pool, TimeProvider.System.GetUtcNow(), static _ => { });
            return ProxyFile.Of(pool, static source => ProxyFile.Read(source, SecretStore.ProxiesOfProcess));
        }
        catch (ConfigurationException wrong)
        {
            throw Of(wrong, $"proxies of \"{pool.Name}\"");
        }
    }

    /// <summary>Looks whether the secret of an API's client can be read.</summary>
    /// <exception cref="ConfigurationException">It cannot.</exception>
    public static void CheckSecret(UpstreamConfiguration api)
    {
        if (api.OAuth is not { } oauth)
            return;
        try
        {
            SecretSource.Read(oauth.ClientSecret);
        }
        catch (ConfigurationException wrong)
        {
            throw Of(wrong, $"oauth.clientSecret of \"{api.Name}\"");
        }
    }

    /// <summary>What a pool is made of, in a few words.</summary>
    public static string Describe(ProxyPoolConfiguration pool, int count)
    {
        var addresses = pool.From.Count(ProxyFile.IsAddress);
        return $"{pool.Name} ({count}{(addresses > 0 ? " and what an address tells" : "")})";
    }

    private static ConfigurationException Of(ConfigurationException wrong, string whose) => new([.. wrong.Errors.Select(error => error with { Message = $"{error.Message} ({whose})" })]);
}
