using Headgate.App.Service;
using Headgate.Jobs;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Proxy;

/// <summary>Where a call to a forward proxy goes: its target in absolute form (RFC 9112 §3.2.2), with which no other header competes. Pure.</summary>
/// <param name="upgrades">Hosts, with a port or without, to which http:// goes as https://.</param>
internal sealed class ProxyTarget(IReadOnlyCollection<string> upgrades)
{
    private readonly HashSet<string> _upgrades = new(upgrades, StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a target as it was written.</summary>
    /// <exception cref="Problem">It is not one that this proxy sends to.</exception>
    public Uri Read(string raw)
    {
        if (raw.StartsWith('/') || raw == "*")
            throw Wrong("this is a forward proxy: it is asked for whole URLs, as by curl -x; the API of the service, and its gateway, are at its other port");
        if (raw.Contains('\\', StringComparison.Ordinal) || raw.Contains('#', StringComparison.Ordinal))
            throw Wrong("the URL has a \\ or a # in it, which belong into none that is asked for");
        try
        {
            var canonical = RequestRules.CheckUrl(raw);
            if (!ExactUrl.LeadsElsewhere(PathOf(raw)))
                return Upgraded(ExactUrl.Of(raw) ?? throw Wrong("the URL has characters in it that no URL has"));
            // Dots are followed here, so that the API it belongs to is that of where they lead. Beside slashes in disguise only the server knows.
            return ExactUrl.LeadsElsewhere(canonical.AbsolutePath) ? throw Wrong("the path has segments that lead elsewhere") : Upgraded(canonical);
        }
        catch (ArgumentException wrong)
        {
            throw Wrong(wrong.Message);
        }
    }

    private Uri Upgraded(Uri url)
    {
        if (_upgrades.Count == 0 || url.Scheme != Uri.UriSchemeHttp)
            return url;
        var host = url.IdnHost.Contains(':', StringComparison.Ordinal) ? $"[{url.IdnHost}]" : url.IdnHost.TrimEnd('.');
        var to = url.IsDefaultPort ? _upgrades.FirstOrDefault(upgrade => IsHost(upgrade, host)) : _upgrades.TryGetValue($"{host}:{url.Port}", out var exact) ? exact : null;
        return to is null ? url : ExactUrl.Of($"https://{to}{url.PathAndQuery}")!;
    }

    /// <summary>Whether an entry is for a host, whatever port it names.</summary>
    private static bool IsHost(string upgrade, string host) =>
        upgrade.StartsWith(host, StringComparison.OrdinalIgnoreCase) && (upgrade.Length == host.Length || upgrade[host.Length] == ':');

    private static string PathOf(string url)
    {
        var path = url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var (start, end) = (path.IndexOf('/', StringComparison.Ordinal), path.IndexOf('?', StringComparison.Ordinal));
        return start < 0 || (end >= 0 && end < start) ? "" : end < 0 ? path[start..] : path[start..end];
    }

    private static Problem Wrong(string error) => new(StatusCodes.Status400BadRequest, error);
}
