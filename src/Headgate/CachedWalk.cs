namespace Headgate;

/// <summary>What stands around the line where answers are stored: what stands in for an API out of reach, and that nobody waits for a request that is over.</summary>
internal static class CachedWalk
{
    /// <inheritdoc cref="StraightLine.WalkAsync"/>
    /// <param name="line">The line.</param>
    /// <param name="exchange">The request.</param>
    /// <param name="cancellation">The caller's.</param>
    public static async ValueTask<HttpResponseMessage> SendAsync(StraightLine line, Exchange exchange, CancellationToken cancellation)
    {
        exchange.MayVisit = true;
        try
        {
            return await line.StepAsync(exchange, cancellation).ConfigureAwait(false);
        }
        catch (HeadgateException failure) when (exchange.Visit?.StandsInFor(failure) == true)
        {
            return await exchange.Visit.ServeAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            exchange.Visit?.Leave(FailureClass.Cancelled);
            throw;
        }
        finally
        {
            exchange.Visit?.Leave(exchange.Failure);
        }
    }
}
