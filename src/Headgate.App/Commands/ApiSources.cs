using Headgate.Configuration;
using Headgate.Connections;
using Headgate.Proxies;

namespace Headgate.App.Commands;

/// <summary>What a configuration names and does not say itself, beside keys: the files of its proxies, the secrets of its clients. Read as a process that sends would.</summary>
internal static class ApiSources
{
    /// <summary>The proxies in the files of a pool, whose certificates are looked at too; those that an address tells are not among them.</summary>
    /// <exception cref="ConfigurationException">A file cannot be used.</exception>
    public static IReadOnlyList<ProxyEntry> ProxiesOf(ProxyPoolConfiguration pool)
    {
        try
        {
            TlsFiles.ReadTrust(pool, TimeProvider.System.GetUtcNow(), static _ => { });
            return ProxyFile.Join(pool.From.Where(IsFile).SelectMany(file => ProxyFile.Read([file])));
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
        var addresses = pool.From.Count(source => !IsFile(source));
        return $"{pool.Name} ({count}{(addresses > 0 ? " and what an address tells" : "")})";
    }

    private static bool IsFile(string source) => source.StartsWith("file:", StringComparison.Ordinal);

    private static ConfigurationException Of(ConfigurationException wrong, string whose) => new([.. wrong.Errors.Select(error => error with { Message = $"{error.Message} ({whose})" })]);
}
