using System.Net;
using Headgate.Caching;

namespace Headgate;

/// <summary>Validates a stored answer that was given although it is stale (RFC 5861 §3): a request of its own, which nobody waits for and which takes permits like any other.</summary>
internal static class CacheRefresh
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>Begins, unless somebody asks for the same at this moment.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="given">The request that got the stale answer.</param>
    /// <param name="request">The same as the cache sees it.</param>
    public static void Begin(ApiCache cache, Exchange given, CacheRequest request)
    {
        var message = new HttpRequestMessage(given.Method, given.Uri);
        foreach (var (name, value) in request.Fields)
            message.Headers.TryAddWithoutValidation(name, value);
        var engine = cache.Engine;
        var terms = new SendTerms
        {
            Priority = given.Terms.Priority,
            Tenant = given.Terms.Tenant,
            Queue = given.Terms.Queue,
            Country = given.Terms.Country,
            OwnKey = given.Terms.OwnKey,
            Timeout = given.Terms.Timeout,
            IsPassedOn = given.Terms.IsPassedOn,
            DeclaredCost = given.Terms.DeclaredCost,
            Deadline = engine.Clock.Now + Time.Clock.Nanoseconds(Longest),
            // A place that a request elsewhere has is kept: this one leads where the first one led.
            Expected = [301, 302, 303, 307, 308],
        };
        var exchange = new Exchange(message, terms)
        {
            Redirect = given.Redirect,
            Receive = static (answer, cancellation) => new ValueTask(answer.Content.CopyToAsync(Stream.Null, cancellation)),
        };
        var visit = exchange.Visit = cache.Begin(exchange);
        if (visit.BeginRefresh())
            engine.Leave(RunAsync(engine, exchange));
        else
            message.Dispose();
    }

    private static async Task RunAsync(Engine engine, Exchange exchange)
    {
        await Task.Yield();
        try
        {
            using var answer = await new StraightLine(engine).SendAsync(exchange, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is HeadgateException or OperationCanceledException or Ledgers.LedgerException or Ledgers.ScopeHeldException or ObjectDisposedException)
        {
            // The next request that comes for it asks again.
        }
        finally
        {
            exchange.Last?.TryWriteEnd();
            exchange.Last?.LetGo();
            exchange.Request.Dispose();
        }
    }
}
