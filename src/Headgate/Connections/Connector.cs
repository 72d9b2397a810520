using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using Headgate.Time;

namespace Headgate.Connections;

/// <summary>
/// Makes the TCP connections to a host. All its addresses are tried, each 250 ms after the one before it or as soon as that has failed, and
/// the first that answers is taken (RFC 8305 §5): an address that is dead costs 250 ms rather than the connect timeout. Thread-safe.
/// </summary>
/// <param name="clock">Measures, and waits.</param>
/// <param name="measured">Told the round trip of the connection that was taken, in nanoseconds.</param>
internal sealed class Connector(Clock clock, Action<long> measured)
{
    /// <summary>The Connection Attempt Delay that RFC 8305 §8 recommends.</summary>
    private static readonly TimeSpan NextAfter = TimeSpan.FromMilliseconds(250);

    /// <summary>Finds the addresses of a name, the best first.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = static (host, cancellation) => Dns.GetHostAddressesAsync(host, cancellation);

    /// <summary>Connects to one of them.</summary>
    public Func<IPEndPoint, CancellationToken, Task<Stream>> Dial { get; init; } = DialAsync;

    /// <summary>Whether an address may be connected to; by default each.</summary>
    public Func<IPAddress, bool> MayConnect { get; init; } = static _ => true;

    /// <summary>Told of every connection that was taken, and of those that could not be made.</summary>
    public ConnectionCounts Counts { get; init; } = new();

    /// <summary>The callback of the handler, whose connect timeout is in the token.</summary>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        try
        {
            var connection = await ConnectAsync(context.DnsEndPoint, cancellation).ConfigureAwait(false);
            Counts.Watch(connection);
            return connection;
        }
        catch
        {
            Counts.CountFailed();
            throw;
        }
    }

    /// <summary>Connects to a host.</summary>
    /// <exception cref="SocketException">The name is not known, or no address answers: why the last of them did not.</exception>
    /// <exception cref="AddressBlockedException">None of its addresses may be connected to.</exception>
    /// <exception cref="OperationCanceledException">The token.</exception>
    public async ValueTask<Stream> ConnectAsync(DnsEndPoint host, CancellationToken cancellation)
    {
        // No name is looked for behind an address, and 0.0.0.0 the resolver would not take for one. The system's resolver goes on without us where it cannot be stopped.
        var found = IPAddress.TryParse(host.Host, out var address) ? [address] : await Resolve(host.Host, cancellation).WaitAsync(cancellation).ConfigureAwait(false);
        var addresses = AddressOrder.Alternate([.. found.Where(MayConnect)]);
        if (addresses.Length == 0 && found.Length > 0)
            throw new AddressBlockedException();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var underWay = new List<Task<Made>>();
        try
        {
            Exception failure = new SocketException((int)SocketError.HostNotFound);
            for (var next = 0; ;)
            {
                if (next < addresses.Length)
                    underWay.Add(MeasureAsync(new IPEndPoint(addresses[next++], host.Port), stop.Token));
                else if (underWay.Count == 0)
                    ExceptionDispatchInfo.Throw(failure);
                if (await FirstAsync(underWay, next < addresses.Length, stop.Token).ConfigureAwait(false) is not { } ended)
                    continue;
                underWay.Remove(ended);
                if (ended.IsCompletedSuccessfully)
                {
                    var connection = await ended.ConfigureAwait(false);
                    measured(connection.RoundTrip);
                    return connection.Stream;
                }
                cancellation.ThrowIfCancellationRequested();
                failure = ended.Exception?.InnerException ?? failure;
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            foreach (var loser in underWay)
                _ = DropAsync(loser);
        }
    }

    /// <summary>The first that ends, well or not; null when it is time for the next address.</summary>
    private async Task<Task<Made>?> FirstAsync(List<Task<Made>> underWay, bool hasNext, CancellationToken stop)
    {
        if (!hasNext)
            return await Task.WhenAny(underWay).ConfigureAwait(false);
        var first = await Task.WhenAny([.. underWay, Task.Delay(NextAfter, clock.Provider, stop)]).ConfigureAwait(false);
        return first as Task<Made>;
    }

    private async Task<Made> MeasureAsync(IPEndPoint address, CancellationToken cancellation)
    {
        var before = clock.Now;
        var stream = await Dial(address, cancellation).ConfigureAwait(false);
        return new Made(stream, clock.Now - before);
    }

    private static async Task<Stream> DialAsync(IPEndPoint address, CancellationToken cancellation)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancellation).ConfigureAwait(false);
            return new Connection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task DropAsync(Task<Made> loser)
    {
        try
        {
            await (await loser.ConfigureAwait(false)).Stream.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            // It lost by failing, which is nobody's trouble any more.
        }
    }

    private sealed record Made(Stream Stream, long RoundTrip);
}
