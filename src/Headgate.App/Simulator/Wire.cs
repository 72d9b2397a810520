using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Headgate.App.Simulator;

/// <summary>Ends exchanges in ways that no answer can.</summary>
internal sealed class Wire(TimeProvider time, CancellationToken stopping)
{
    /// <summary>How long the client has to close its side of a connection that we closed in good order.</summary>
    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestHang = TimeSpan.FromMinutes(10);
    private const int Http2InternalError = 2;
    private const int Http2RefusedStream = 7;

    /// <summary>Ends a request without an answer: in HTTP/1.1 with its connection, in HTTP/2 with its stream only.</summary>
    public static void Abort(IFeatureCollection context) => context.GetRequiredFeature<IHttpRequestLifetimeFeature>().Abort();

    /// <summary>Says nothing until the client leaves.</summary>
    public async Task HangAsync(IFeatureCollection context)
    {
        await WaitUntilGoneAsync(context, LongestHang);
        Abort(context);
    }

    /// <summary>In HTTP/2 a reset is one of the stream, while a close in good order takes the whole connection.</summary>
    public async Task BreakAsync(IFeatureCollection context, FaultKind kind)
    {
        var stream = context.Get<IHttpResetFeature>();
        if (kind == FaultKind.RefusedStream && stream is not null)
            stream.Reset(Http2RefusedStream);
        else if (kind == FaultKind.Reset && stream is not null)
            stream.Reset(Http2InternalError);
        else if (kind == FaultKind.Reset)
            ResetConnection(context);
        else
            await FinishConnectionAsync(context);
    }

    private static void ResetConnection(IFeatureCollection context)
    {
        // Closing with a linger time of zero makes the system drop what is unsent and send RST.
        context.GetRequiredFeature<IConnectionSocketFeature>().Socket.Close(0);
        context.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
    }

    private async Task FinishConnectionAsync(IFeatureCollection context)
    {
        // With bytes left unread the system would send RST when the socket is closed, so the body is taken first.
        try
        {
            await context.GetRequiredFeature<IHttpRequestFeature>().Body.CopyToAsync(Stream.Null, stopping);
            context.GetRequiredFeature<IConnectionSocketFeature>().Socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // The client closed first: there is nobody left to see how we do.
        }
        await WaitUntilGoneAsync(context, FarewellTime);
        context.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
    }

    private async Task WaitUntilGoneAsync(IFeatureCollection context, TimeSpan longest)
    {
        var gone = context.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(gone, stopping);
        await Task.Delay(longest, time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
