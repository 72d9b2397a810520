using System.Buffers;
using System.Net.Sockets;
using Headgate.App.Service;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Headgate.App.Proxy;

/// <summary>
/// Passes bytes between a caller and a server until both have said that they are through, each to the other's knowledge: an end of one direction
/// ends that direction, a broken connection breaks the other. Holds no buffer while nothing moves. Its members may be called from any thread.
/// </summary>
/// <param name="caller">Whose first bytes may have come already.</param>
/// <param name="server">The connection that was made for it; it is closed at the end.</param>
/// <param name="counts">Told what passes.</param>
/// <param name="time">The clock.</param>
internal sealed class Tunnel(ConnectionContext caller, Stream server, TunnelCounts counts, TimeProvider time) : IDisposable
{
    private const int PieceSize = 64 * 1024;

    // The server would close a connection of which one direction has ended; this one is not its own any more. Null where what is written has to be
    // encrypted first: TLS has no end of one direction alone that others would understand.
    private readonly Socket? _caller = caller.Features.Get<ITlsHandshakeFeature>() is null ? caller.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket : null;

    // Within TLS to a proxy the same holds of the other side.
    private readonly Socket? _server = (server as NetworkStream)?.Socket;
    private readonly CancellationTokenSource _cut = new();
    private long _movedAt = time.GetTimestamp();

    /// <summary>For how long nothing has passed.</summary>
    public TimeSpan Idle => time.GetElapsedTime(Volatile.Read(ref _movedAt));

    /// <summary>Ends it, whatever is under way.</summary>
    public void Cut()
    {
        try
        {
            _cut.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended meanwhile.
        }
    }

    /// <summary>Tells the caller that it is there, and passes bytes until it ends. Does not throw.</summary>
    /// <param name="head">What the caller is told.</param>
    public async Task RunAsync(ReadOnlyMemory<byte> head)
    {
        Task[] directions = [];
        try
        {
            await SendAsync(head);
            directions = [UpAsync(), DownAsync()];
            // Whichever breaks first takes the other with it.
            await await Task.WhenAny(directions);
            await Task.WhenAll(directions);
        }
        catch (Exception broken) when (broken is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            if (!_cut.IsCancellationRequested)
                Break();
        }
        finally
        {
            await _cut.CancelAsync();
            await Task.WhenAll(directions).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose()
    {
        server.Dispose();
        _cut.Dispose();
    }

    private async Task UpAsync()
    {
        var input = caller.Transport.Input;
        for (var isOver = false; !isOver;)
        {
            var read = await input.ReadAsync(_cut.Token);
            foreach (var piece in read.Buffer)
                await server.WriteAsync(piece, _cut.Token);
            counts.CountUp(read.Buffer.Length);
            Moved();
            isOver = read.IsCompleted;
            input.AdvanceTo(read.Buffer.End);
        }
        _server?.Shutdown(SocketShutdown.Send);
    }

    private async Task DownAsync()
    {
        while (true)
        {
            // Asked without a buffer, the socket says when there is something to read.
            _ = await server.ReadAsync(Memory<byte>.Empty, _cut.Token);
            var piece = ArrayPool<byte>.Shared.Rent(PieceSize);
            try
            {
                var count = await server.ReadAsync(piece, _cut.Token);
                if (count == 0)
                    break;
                await SendAsync(piece.AsMemory(0, count));
                counts.CountDown(count);
                Moved();
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(piece);
            }
        }
        if (_caller is null)
            await caller.Transport.Output.CompleteAsync();
        else
            _caller.Shutdown(SocketShutdown.Send);
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_caller is null)
        {
            if ((await caller.Transport.Output.WriteAsync(bytes, _cut.Token)).IsCompleted)
                throw new IOException("the caller has gone");
            return;
        }
        for (int sent; !bytes.IsEmpty; bytes = bytes[sent..])
            sent = await _caller.SendAsync(bytes, SocketFlags.None, _cut.Token);
    }

    private void Moved() => Volatile.Write(ref _movedAt, time.GetTimestamp());

    /// <summary>Both learn that it did not end well.</summary>
    private void Break()
    {
        try
        {
            _server?.LingerState = new LingerOption(enable: true, seconds: 0);
            if (_caller is not null)
                _caller.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // One that is closed already.
        }
        caller.Abort(new ConnectionAbortedException("the tunnel broke"));
    }
}

/// <summary>What passes through tunnels, since the start. Thread-safe.</summary>
internal sealed class TunnelCounts
{
    private long _open;
    private long _opened;
    private long _up;
    private long _down;

    public long Open => Volatile.Read(ref _open);

    public long Opened => Volatile.Read(ref _opened);

    public long Up => Volatile.Read(ref _up);

    public long Down => Volatile.Read(ref _down);

    public void Begin()
    {
        Interlocked.Increment(ref _open);
        Interlocked.Increment(ref _opened);
    }

    public void End() => Interlocked.Decrement(ref _open);

    public void CountUp(long bytes) => Interlocked.Add(ref _up, bytes);

    public void CountDown(long bytes) => Interlocked.Add(ref _down, bytes);
}
