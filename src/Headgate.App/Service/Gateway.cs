using System.Buffers;
using System.Net;
using Headgate.Retries;
using Headgate.Time;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary>
/// <c>/up/{api}/…</c>: whatever is called there goes to that API through the straight line, and its answer comes back as it comes in, so that any
/// client whose base URL can be set gains limits, keys and retries.
/// </summary>
/// <param name="state">What sends.</param>
/// <param name="patience">How long a call waits for its turn.</param>
/// <param name="root">The API that all other paths of the port belong to; null for none.</param>
internal sealed class Gateway(ServiceState state, TimeSpan patience, string? root)
{
    /// <summary>The pattern of all paths that are not the service's own.</summary>
    public const string RootRoute = "{**path}";

    private const int PieceSize = 64 * 1024;

    public void Map(IEndpointRouteBuilder site)
    {
        site.Map("/up/{api}", context => AnswerAsync(context, (string)context.Request.RouteValues["api"]!, GatewayRequest.BehindName(context)));
        site.Map("/up/{api}/{**path}", context => AnswerAsync(context, (string)context.Request.RouteValues["api"]!, GatewayRequest.BehindName(context)));
        if (root is not null)
            site.MapFallback(RootRoute, context => AnswerAsync(context, root, GatewayRequest.PathAndQuery(context)));
    }

    private async Task AnswerAsync(HttpContext context, string name, string rest)
    {
        using var call = state.Enter();
        // What passes through is not kept, however large it is.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        using var message = GatewayRequest.Of(context, TargetOf(name, rest));
        Exchange exchange = null!;
        exchange = new Exchange(message)
        {
            IsDirect = true,
            Priority = GatewayRequest.PriorityOf(context),
            Tenant = GatewayRequest.TenantOf(context),
            OwnKey = GatewayRequest.OwnKeyOf(context),
            StartBy = state.Engine.Clock.Now + Clock.Nanoseconds(patience),
            Receive = (answer, cancellation) => RelayAsync(context, exchange, answer, cancellation),
            Watch = (_, step) =>
            {
                // Its end is counted with that of every attempt.
                if (step == LineStep.Sent)
                    state.Jobs.Counts.CountSent();
            },
        };
        try
        {
            using var answer = await state.Line.SendAsync(exchange, context.RequestAborted);
        }
        catch (HeadgateException failure) when (!context.Response.HasStarted)
        {
            throw Told(failure);
        }
        catch (Exception) when (context.Response.HasStarted)
        {
            // The caller has part of an answer already: only a broken connection says that the rest is missing.
            context.Abort();
        }
        finally
        {
            exchange.Last?.TryWriteEnd();
        }
    }

    /// <summary>The same path and query at the API's own base.</summary>
    private Uri TargetOf(string name, string rest)
    {
        var api = state.Configuration.Upstreams.FirstOrDefault(api => api.Name == name)
            ?? throw new Problem(StatusCodes.Status404NotFound, $"no API is called \"{Excerpt.Of(name)}\"; configured are: {string.Join(", ", state.Configuration.Upstreams.Select(api => api.Name))}");
        if (!Uri.TryCreate($"{api.Bases[0]}{rest}", UriKind.Absolute, out var url) || state.Engine.UpstreamOf(url).Name != name)
            throw new Problem(StatusCodes.Status400BadRequest, "the path leads out of the API");
        return url;
    }

    /// <summary>The answer goes to the caller while it comes. Once the first byte is on its way no other attempt can take its place.</summary>
    private static async ValueTask RelayAsync(HttpContext context, Exchange exchange, HttpResponseMessage answer, CancellationToken cancellation)
    {
        var response = context.Response;
        // An attempt before this one may have come as far as its headers.
        response.Headers.Clear();
        response.StatusCode = (int)answer.StatusCode;
        GatewayRequest.CopyHeaders(answer, response);
        response.Headers["Headgate-Wait"] = (exchange.Waited / (double)Clock.Second).ToString("0.######", System.Globalization.CultureInfo.InvariantCulture);
        var piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            var body = await answer.Content.ReadAsStreamAsync(cancellation);
            long relayed = 0;
            for (int count; (count = await body.ReadAsync(piece, cancellation)) > 0; relayed += count)
            {
                await response.Body.WriteAsync(piece.AsMemory(0, count), context.RequestAborted);
                await response.Body.FlushAsync(context.RequestAborted);
            }
            if (exchange.Method != HttpMethod.Head && answer.StatusCode is not (HttpStatusCode.NoContent or HttpStatusCode.NotModified))
                BodyLength.ThrowIfCut(exchange.Last!.AnnouncedLength, relayed);
            foreach (var trailer in answer.TrailingHeaders.NonValidated)
                if (response.SupportsTrailers())
                    response.AppendTrailer(trailer.Key, trailer.Value.ToString());
        }
        catch (Exception broken) when (response.HasStarted)
        {
            throw new RelayBrokenException(broken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private static Problem Told(HeadgateException failure)
    {
        var wait = (int)Math.Ceiling((failure.RetryAfter ?? TimeSpan.FromSeconds(1)).TotalSeconds);
        return failure.FailureClass switch
        {
            FailureClass.Deadline or FailureClass.RateLimit => new Problem(StatusCodes.Status429TooManyRequests, failure.Message) { Class = failure.FailureClass, RetryAfter = wait },
            FailureClass.CircuitOpen => new Problem(StatusCodes.Status503ServiceUnavailable, failure.Message) { Class = failure.FailureClass, RetryAfter = wait },
            FailureClass.Timeout => new Problem(StatusCodes.Status504GatewayTimeout, failure.Message) { Class = failure.FailureClass },
            FailureClass.Blocked => new Problem(StatusCodes.Status403Forbidden, failure.Message) { Class = failure.FailureClass },
            _ => new Problem(StatusCodes.Status502BadGateway, failure.Message) { Class = failure.FailureClass },
        };
    }

    /// <summary>Part of an answer is with the caller, and the rest will not come. Not an exception of the transport: nothing is tried again.</summary>
    private sealed class RelayBrokenException(Exception cause) : Exception("the answer broke off on its way to the caller", cause);
}
