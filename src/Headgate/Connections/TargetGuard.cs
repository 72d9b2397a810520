using System.Net;
using Headgate.Time;

namespace Headgate.Connections;

/// <summary>
/// Keeps callers from reaching through a proxy what they may not reach without one. The proxy looks names up by itself, so this is as much as
/// can be known here: a name has to be known here as well, and all its addresses have to be allowed. Thread-safe.
/// </summary>
/// <param name="mayReach">Whether an address may be reached.</param>
/// <param name="clock">The clock.</param>
internal sealed class TargetGuard(Func<IPAddress, bool> mayReach, Clock clock)
{
    private const long Holds = 30 * Clock.Second;

    /// <summary>An API has one host, or few.</summary>
    private volatile Allowed? _last;

    /// <summary>Finds the addresses of a name.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = static (host, cancellation) => Dns.GetHostAddressesAsync(host, cancellation);

    /// <exception cref="AddressBlockedException">It may not be reached.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">Its name is not known here.</exception>
    public async ValueTask CheckAsync(string host, CancellationToken cancellation)
    {
        if (_last is { } last && last.Host == host && clock.Now < last.Until)
            return;
        var found = IPAddress.TryParse(host, out var address) ? [address] : await Resolve(host, cancellation).WaitAsync(cancellation).ConfigureAwait(false);
        if (!found.All(mayReach))
            throw new AddressBlockedException();
        _last = new Allowed(host, clock.Now + Holds);
    }

    private sealed record Allowed(string Host, long Until);
}
