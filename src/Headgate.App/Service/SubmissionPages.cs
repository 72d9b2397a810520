using System.Globalization;
using Headgate.App.Security;
using Headgate.Configuration;
using Headgate.Jobs;
using Headgate.Queues;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary>Requests become jobs: one, or many at once; as in the original service.</summary>
internal static class SubmissionPages
{
    /// <summary>Jobs that are submitted or waited for with one call.</summary>
    public const int MostTogether = 100_000;

    private const int LongestKey = 255;

    /// <summary>No caller is kept waiting for longer, in seconds.</summary>
    private const int LongestWait = 300;

    public static void Map(IEndpointRouteBuilder site, ServiceState state)
    {
        site.MapPost("/api/v1/request", context => SubmitAsync(context, state));
        site.MapPost("/api/v1/requests/bulk", context => SubmitManyAsync(context, state));
    }

    /// <summary>Accepts a request.</summary>
    /// <exception cref="Problem">It cannot be accepted.</exception>
    public static async Task<string> SubmitAsync(HttpContext context, ServiceState state, JobRequest request)
    {
        if (Caller.Of(context).WhyForeign(request.Tenant) is { } foreign)
            throw new Problem(StatusCodes.Status403Forbidden, foreign);
        var verdict = (await SubmitAsync(context, state, [request]))[0];
        return verdict.Id ?? throw (verdict.Error!.Message == DurableJobs.OtherRequest
            ? new Problem(StatusCodes.Status422UnprocessableEntity, verdict.Error.Message)
            : new Problem(StatusCodes.Status400BadRequest, verdict.Error.Message) { Class = verdict.Error.FailureClass });
    }

    /// <summary>Accepts requests, each by itself.</summary>
    /// <param name="context">The call.</param>
    /// <param name="state">What accepts.</param>
    /// <param name="requests">The requests.</param>
    /// <param name="batch">Under which name; null for none.</param>
    /// <param name="places">Where each stands in the call, of which these are a part; null where they are all of it.</param>
    /// <exception cref="Problem">None can be accepted.</exception>
    public static async Task<IReadOnlyList<JobVerdict>> SubmitAsync(HttpContext context, ServiceState state, IReadOnlyList<JobRequest> requests, string? batch = null, IReadOnlyList<int>? places = null)
    {
        var key = context.Request.Headers["Idempotency-Key"] is [{ Length: > 0 } given] ? given : null;
        if (key is { Length: > LongestKey })
            throw new Problem(StatusCodes.Status400BadRequest, $"the Idempotency-Key is longer than {LongestKey} characters");
        PressureOn(state, requests);
        var caller = Caller.Of(context);
        foreach (var request in requests)
            request.Tenant ??= caller.Tenant;
        // What one tenant calls its submissions says nothing to another. No header has a line end in it.
        return await state.Jobs.SubmitAsync(requests, caller.Tenant is { } tenant && key is not null ? $"{tenant}\n{key}" : key, batch, state.PressureAfter, places);
    }

    /// <summary>What many waiting jobs mean for new ones.</summary>
    /// <param name="state">What accepts.</param>
    /// <param name="requests">The new ones; without any it is asked whether some are accepted at all.</param>
    /// <exception cref="Problem">None of them can be accepted.</exception>
    public static BackpressureAct PressureOn(ServiceState state, IReadOnlyList<JobRequest> requests)
    {
        state.RefuseDraining();
        var act = state.Pressure;
        return act == BackpressureAct.Reject || (requests.Count > 0 && requests.All(request => Backpressure.Refuses(act, request.Priority)))
            ? throw new Problem(StatusCodes.Status429TooManyRequests, Backpressure.RefusalOf(act)) { RetryAfter = 1 }
            : act;
    }

    private static async Task SubmitAsync(HttpContext context, ServiceState state)
    {
        var id = await SubmitAsync(context, state, (await CallBody.ReadAsync(context)).Request());
        JobView? view = null;
        if (Preferred(context) is { } wait)
            await state.WaitAsync(async gone => view = await state.Jobs.EndAsync(id, wait, gone), context.RequestAborted);
        if (view is { HasEnded: true } ended)
        {
            context.Response.Headers["Preference-Applied"] = "wait";
            context.Response.Headers.Location = PathOf(id);
            await Json.AnswerAsync(context, StatusCodes.Status200OK, json => JobJson.Write(json, ended));
            return;
        }
        await AnswerAcceptedAsync(context, state, id);
    }

    /// <summary>Answers that a job was accepted.</summary>
    /// <param name="context">The call.</param>
    /// <param name="state">Knows the time.</param>
    /// <param name="id">The job.</param>
    /// <param name="replaces">The job that it stands for from now on; null for none.</param>
    public static Task AnswerAcceptedAsync(HttpContext context, ServiceState state, string id, string? replaces = null)
    {
        context.Response.Headers.Location = PathOf(id);
        return Json.AnswerAsync(context, StatusCodes.Status202Accepted, json =>
        {
            json.WriteStartObject();
            json.WriteString("request_id", id);
            json.WriteString("status", "submitted");
            if (replaces is not null)
                json.WriteString("replaces", replaces);
            json.WriteString("timestamp", state.Timestamp);
            json.WriteEndObject();
        });
    }

    /// <summary>Where a job is asked for.</summary>
    public static string PathOf(string id) => $"/api/v1/request/{id}";

    private static async Task SubmitManyAsync(HttpContext context, ServiceState state)
    {
        var body = (await CallBody.ReadAsync(context)).With("requests", "batch");
        var (requests, batch) = (body.ManyRequests("requests"), body.Name("batch"));
        if (requests.Count > MostTogether)
            throw new Problem(StatusCodes.Status400BadRequest, $"requests has more than {MostTogether} requests; submit them in parts");
        var errors = new List<(int Index, string Error)>();
        var (good, indexes) = (new List<JobRequest>(), new List<int>());
        for (var index = 0; index < requests.Count; index++)
            if (requests[index] is not ({ } request, _))
                errors.Add((index, requests[index].Error!));
            else if (Caller.Of(context).WhyForeign(request.Tenant) is { } foreign)
                errors.Add((index, foreign));
            else
            {
                good.Add(request);
                indexes.Add(index);
            }
        var verdicts = good.Count == 0 ? [] : await SubmitAsync(context, state, good, batch);
        for (var at = 0; at < verdicts.Count; at++)
            if (verdicts[at].Error is { } refused)
                errors.Add((indexes[at], refused.Message));
        var ids = verdicts.Where(verdict => verdict.IsAccepted).Select(verdict => verdict.Id!).ToList();
        await Json.AnswerAsync(context, StatusCodes.Status202Accepted, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("request_ids");
            foreach (var id in ids)
                json.WriteStringValue(id);
            json.WriteEndArray();
            json.WriteNumber("count", ids.Count);
            json.WriteString("status", "submitted");
            json.WriteString("timestamp", state.Timestamp);
            if (batch is not null)
                json.WriteString("batch", batch);
            json.WriteStartArray("errors");
            foreach (var (index, error) in errors.OrderBy(error => error.Index))
            {
                json.WriteStartObject();
                json.WriteNumber("index", index);
                json.WriteString("error", error);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    /// <summary>How long the caller would rather wait than come again: <c>Prefer: wait=10</c> (RFC 7240 §4.3).</summary>
    private static TimeSpan? Preferred(HttpContext context)
    {
        foreach (var preference in context.Request.Headers["Prefer"].SelectMany(value => value!.Split(',', StringSplitOptions.TrimEntries)))
            if (preference.Split('=', StringSplitOptions.TrimEntries) is ["wait", var seconds] && int.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var wait))
                return TimeSpan.FromSeconds(Math.Min(wait, LongestWait));
        return null;
    }
}
