using System.Net;

namespace Headgate.Proxies;

/// <summary>
/// Has the handler write requests of plain http in absolute form, to this proxy. Those of https it takes for direct: their tunnels are made
/// where connections are. There are no credentials here, so that it answers no challenge: that would send again, unseen.
/// </summary>
/// <param name="proxy">The proxy.</param>
internal sealed class AbsoluteForm(ProxyEndpoint proxy) : IWebProxy
{
    // TLS with the proxy is made where connections are as well.
    private readonly Uri _address = new UriBuilder("http", proxy.Host, proxy.Port).Uri;

    public ICredentials? Credentials
    {
        get => null;
        set => throw new NotSupportedException();
    }

    public static bool IsFor(Uri target) => target.Scheme == Uri.UriSchemeHttp;

    public Uri GetProxy(Uri destination) => _address;

    public bool IsBypassed(Uri host) => !IsFor(host);
}
