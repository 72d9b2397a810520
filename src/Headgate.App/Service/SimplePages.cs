using Headgate.Jobs;
using Headgate.Queues;
using Headgate.Resilience;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary>One call, one answer: a request is submitted, waited for, and its result given back, as in the original service.</summary>
internal static class SimplePages
{
    /// <summary>The patience of the original.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static void Map(IEndpointRouteBuilder site, ServiceState state)
    {
        site.MapGet("/api/v1/get", context => AnswerAsync(context, state, OfQuery(context, "GET")));
        site.MapDelete("/api/v1/delete", context => AnswerAsync(context, state, OfQuery(context, "DELETE")));
        site.MapPost("/api/v1/post", context => AnswerBodyAsync(context, state, "POST"));
        site.MapPut("/api/v1/put", context => AnswerBodyAsync(context, state, "PUT"));
    }

    private static async Task AnswerBodyAsync(HttpContext context, ServiceState state, string method)
    {
        var request = (await CallBody.ReadAsync(context)).Request();
        request.Method = method;
        await AnswerAsync(context, state, request);
    }

    private static JobRequest OfQuery(HttpContext context, string method)
    {
        if (context.Request.Query["url"] is not [{ Length: > 0 } url])
            throw new Problem(StatusCodes.Status400BadRequest, "url parameter is required");
        try
        {
            return new JobRequest(url) { Method = method };
        }
        catch (ArgumentException wrong)
        {
            throw new Problem(StatusCodes.Status400BadRequest, wrong.Message);
        }
    }

    private static async Task AnswerAsync(HttpContext context, ServiceState state, JobRequest request)
    {
        request.Deadline ??= Patience;
        var id = await SubmissionPages.SubmitAsync(context, state, request);
        var end = await EndAsync(context, state, id);
        // Of an answer that was larger than is kept there is the head alone, which nobody is to take for all of it.
        if (!JobJson.HasResult(end) || JobJson.ErrorOf(end).Class == FailureClass.Invalid)
            throw Failed(end, IsBroken(state, request));
        context.Response.Headers.Location = SubmissionPages.PathOf(id);
        await Json.AnswerAsync(context, StatusCodes.Status200OK, json => JobJson.WriteResult(json, end));
    }

    private static async Task<JobEnd> EndAsync(HttpContext context, ServiceState state, string id)
    {
        JobView? view = null;
        try
        {
            if (!await state.WaitAsync(async gone => view = await state.Jobs.EndAsync(id, Patience + TimeSpan.FromSeconds(1), gone), context.RequestAborted))
                throw HeldCall.Stopping;
        }
        finally
        {
            // Nobody waits for it any more, unless somebody else has told it with the same key.
            if (view is not { HasEnded: true } && context.Request.Headers["Idempotency-Key"].Count == 0)
                await state.Jobs.CancelAsync(id);
        }
        return view?.Stored.End ?? throw new Problem(StatusCodes.Status408RequestTimeout, "Request timeout");
    }

    /// <summary>Whether its API is asked nothing at present, after it has failed too often.</summary>
    private static bool IsBroken(ServiceState state, JobRequest request)
    {
        var name = state.Engine.ConfigurationOf(JobMessage.Target(request)).Name;
        return state.Engine.Upstreams.Any(api => api.Name == name && api.Watch is { Position: BreakerPosition.Open });
    }

    private static Problem Failed(JobEnd end, bool isBroken)
    {
        var (failure, detail) = JobJson.ErrorOf(end);
        return failure switch
        {
            // The breaker stays open for longer than anybody waits here.
            FailureClass.Deadline when isBroken => new Problem(StatusCodes.Status503ServiceUnavailable, detail) { Class = failure },
            FailureClass.Timeout or FailureClass.Deadline => new Problem(StatusCodes.Status408RequestTimeout, "Request timeout") { Class = failure },
            FailureClass.Blocked => new Problem(StatusCodes.Status403Forbidden, detail) { Class = failure },
            FailureClass.CircuitOpen => new Problem(StatusCodes.Status503ServiceUnavailable, detail) { Class = failure },
            _ => new Problem(StatusCodes.Status502BadGateway, detail) { Class = failure },
        };
    }
}
