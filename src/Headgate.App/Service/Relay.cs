using System.Buffers;
using System.Globalization;
using System.Net;
using Headgate.App.Recording;
using Headgate.Caching;
using Headgate.Retries;
using Headgate.Time;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Headgate.App.Service;

/// <summary>Sends a call on through the straight line, and its answer back as it comes in: what gateway and forward proxy have in common.</summary>
/// <param name="state">What sends.</param>
/// <param name="patience">How long a call waits for its turn.</param>
/// <param name="isProxy">
/// Whether requests and answers say by <c>Via</c> that they went through a proxy, as RFC 9110 §7.6.3 asks of one. A gateway stands for the caller: servers
/// that pack nothing for proxies, as nginx is set up to do, are to pack for it.
/// </param>
internal sealed class Relay(ServiceState state, TimeSpan patience, bool isProxy = false)
{
    private const int PieceSize = 64 * 1024;

    private static readonly int[] Redirects = [301, 302, 303, 307, 308];

    /// <summary>Answers a call with what its target answers.</summary>
    /// <param name="context">The call.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="terms">How it is sent.</param>
    /// <param name="followsRedirects">Whether redirects are followed, rather than passed back.</param>
    /// <exception cref="Problem">There is no answer.</exception>
    public async Task AnswerAsync(HttpContext context, Uri target, CallTerms terms, bool followsRedirects)
    {
        using var held = new HeldCall(context.RequestAborted);
        using var call = state.Enter(held);
        // What passes through is not kept, however large it is.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        GatewayRequest.Check(context.Request);
        var body = await BodyOfAsync(context);
        using var message = GatewayRequest.Of(context, target, body);
        if (isProxy)
            message.Headers.TryAddWithoutValidation("Via", Via(context.Request.Protocol["HTTP/".Length..]));
        var recording = state.Recorder?.Begin(context, target, state.Engine.ConfigurationOf(target).Keys?.Template, body?.Beginning ?? default);
        var exchange = ExchangeOf(context, held, message, terms, followsRedirects, recording);
        Problem? problem = null;
        try
        {
            using var answer = await state.Line.SendAsync(exchange, held.Token);
        }
        catch (Exception) when (held.WasGivenUp && !context.Response.HasStarted)
        {
            throw problem = HeldCall.Stopping;
        }
        catch (Exception) when (held.WasCutOff && !context.Response.HasStarted)
        {
            throw problem = HeldCall.Stopped;
        }
        catch (HeadgateException) when (!context.Response.HasStarted && body?.Failure is { } broken)
        {
            throw problem = Unreadable(broken);
        }
        catch (HeadgateException failure) when (!context.Response.HasStarted)
        {
            throw problem = Of(failure, Told(exchange, ProxyStatus.Of(failure)), exchange.Visit is { IsCutOff: true });
        }
        catch (Exception) when (context.Response.HasStarted)
        {
            // The caller has part of an answer already: only a broken connection says that the rest is missing.
            context.Abort();
        }
        finally
        {
            exchange.Last?.TryWriteEnd();
            recording?.End(state.Engine.ConfigurationOf(target).Name, exchange, problem);
        }
    }

    /// <summary>The body of a call, the beginning of it read; null if it has none.</summary>
    private static async Task<CallerBody?> BodyOfAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != true)
            return null;
        var body = new CallerBody(context.Request.Body);
        try
        {
            await body.ReadAheadAsync(context.Request.ContentLength, context.RequestAborted);
            return body;
        }
        catch (Exception broken) when (broken is not OperationCanceledException)
        {
            throw Unreadable(broken);
        }
    }

    private static Problem Unreadable(Exception broken)
    {
        var (status, why) = broken is BadHttpRequestException bad ? (bad.StatusCode, bad.Message) : (StatusCodes.Status400BadRequest, "the body of the call cannot be read");
        return new Problem(status, why) { Headers = [(ProxyStatus.Header, ProxyStatus.Error("http_request_error"))] };
    }

    private Exchange ExchangeOf(HttpContext context, HeldCall held, HttpRequestMessage message, CallTerms terms, bool followsRedirects, CallRecording? recording)
    {
        var clock = state.Engine.Clock;
        Exchange exchange = null!;
        var said = new SendTerms
        {
            IsDirect = true,
            IsPassedOn = true,
            Priority = terms.Priority,
            Tenant = terms.Tenant,
            OwnKey = GatewayRequest.OwnKeyOf(context),
            DeclaredCost = terms.Cost,
            Deadline = terms.DeadlineOn(clock),
            WaitsUntil = clock.Now + Clock.Nanoseconds(patience),
            Interim = EarlyAnswers.For(context, isProxy ? Via("1.1") : null, state.Time),
            Expected = followsRedirects ? [] : Redirects,
            Watch = (_, step) =>
            {
                held.Follow(step);
                state.Jobs.Counts.CountSent(step);
            },
        };
        return exchange = new Exchange(message, said) { Receive = (answer, cancellation) => PassBackAsync(context, exchange, answer, recording, cancellation) };
    }

    /// <summary>The answer goes to the caller while it comes. Once the first byte is on its way no other attempt can take its place.</summary>
    private async ValueTask PassBackAsync(HttpContext context, Exchange exchange, HttpResponseMessage answer, CallRecording? recording, CancellationToken cancellation)
    {
        var response = context.Response;
        GatewayRequest.Check(answer);
        // An attempt before this one may have come as far as its headers.
        response.Headers.Clear();
        response.StatusCode = (int)answer.StatusCode;
        recording?.Answered(response.StatusCode);
        GatewayRequest.CopyHeaders(answer, response);
        if (isProxy)
            response.Headers.Append("Via", Via(answer.Version.ToString()));
        response.Headers["Headgate-Wait"] = Waited(exchange);
        if (exchange.Cache is { } cache)
            response.Headers.Append(CacheStatus.Name, cache.Header);
        if (!exchange.IsStored)
            response.Headers.Append(ProxyStatus.Header, ProxyStatus.Received(response.StatusCode));
        var isPassed = GatewayRequest.HasBody(answer.StatusCode);
        var passed = new AnswerBody(context, answer, isPassed && exchange.Method != HttpMethod.Head && answer.StatusCode != HttpStatusCode.NotModified);
        var piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            var body = await answer.Content.ReadAsStreamAsync(cancellation);
            long relayed = 0;
            for (int count; (count = await ReadAsync(body, piece, response, cancellation)) > 0; relayed += count)
            {
                if (!isPassed)
                    continue;
                recording?.Answered(piece.AsSpan(0, count));
                await passed.WriteAsync(piece.AsMemory(0, count), context.RequestAborted);
            }
            if (exchange.Method != HttpMethod.Head && answer.StatusCode is not (HttpStatusCode.NoContent or HttpStatusCode.NotModified))
                BodyLength.ThrowIfCut(BodyLength.Announced(answer), relayed);
            await passed.EndAsync(answer.TrailingHeaders, context.RequestAborted);
        }
        catch (HttpIOException cut) when (response.HasStarted)
        {
            throw new BrokenAnswerException(cut);
        }
        catch (Exception broken) when (response.HasStarted && broken is not BrokenAnswerException)
        {
            throw new RelayBrokenException(broken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    /// <summary>Reads a piece; what breaks off here the server has broken off, or what stands in between.</summary>
    private static async ValueTask<int> ReadAsync(Stream body, Memory<byte> piece, HttpResponse response, CancellationToken cancellation)
    {
        // Its time was over while the caller took what he has: that is no fault of the server's.
        var wasBusy = cancellation.IsCancellationRequested;
        try
        {
            return await body.ReadAsync(piece, cancellation);
        }
        catch (Exception broken) when (response.HasStarted && !wasBusy && FailureReader.IsOfTransport(broken))
        {
            throw new BrokenAnswerException(broken);
        }
    }

    private static string Via(string version) => $"{version} headgate";

    /// <summary>How long it has waited for its turn, in seconds.</summary>
    private static string Waited(Exchange exchange) => (exchange.Waited / (double)Clock.Second).ToString("0.######", CultureInfo.InvariantCulture);

    private static (string, string)[] Told(Exchange exchange, string status) => [("Headgate-Wait", Waited(exchange)), (ProxyStatus.Header, status)];

    private static Problem Of(HeadgateException failure, (string, string)[] headers, bool isCutOff)
    {
        var wait = Math.Max(1, (int)Math.Min(int.MaxValue, Math.Ceiling((failure.RetryAfter ?? TimeSpan.Zero).TotalSeconds)));
        var (status, after) = failure.FailureClass switch
        {
            // Sent, and not answered by then: nothing to wait for.
            FailureClass.Deadline when failure.MaybeSent => (StatusCodes.Status504GatewayTimeout, (int?)null),
            FailureClass.Deadline or FailureClass.RateLimit => (StatusCodes.Status429TooManyRequests, wait),
            FailureClass.CircuitOpen => (StatusCodes.Status503ServiceUnavailable, wait),
            FailureClass.Timeout => (StatusCodes.Status504GatewayTimeout, null),
            // What is stored must not be used unvalidated, and nobody can validate it (RFC 9111 §5.2.2.2).
            FailureClass.Network when isCutOff => (StatusCodes.Status504GatewayTimeout, null),
            FailureClass.Blocked => (StatusCodes.Status403Forbidden, null),
            // It costs more than is ever allowed: nothing that the API has said.
            FailureClass.Invalid when failure.Attempts == 0 => (StatusCodes.Status400BadRequest, null),
            _ => (StatusCodes.Status502BadGateway, null),
        };
        return new Problem(status, failure.Message) { Class = failure.FailureClass, RetryAfter = after, Headers = headers };
    }

    /// <summary>Part of an answer is with the caller, who does not take the rest. Not an exception of the transport: nothing is tried again.</summary>
    private sealed class RelayBrokenException(Exception cause) : Exception("the answer broke off on its way to the caller", cause);
}
