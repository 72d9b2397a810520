using System.Globalization;
using System.Text.Json;
using Headgate.App.Security;
using Headgate.Configuration;
using Headgate.Jobs;
using Headgate.Queues;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary>Jobs over HTTP: submit, ask, wait, cancel; as in the original service.</summary>
internal static class JobPages
{
    private static readonly TimeSpan UsualWait = TimeSpan.FromSeconds(300);

    private const int LongestKey = 255;

    /// <summary>Jobs that are submitted or waited for with one call.</summary>
    public const int MostTogether = 100_000;

    /// <summary>Results that are read before they are written.</summary>
    private const int AtATime = 16;

    public static void Map(IEndpointRouteBuilder site, ServiceState state)
    {
        site.MapPost("/api/v1/request", context => SubmitAsync(context, state));
        site.MapGet("/api/v1/request/{id}", context => ShowAsync(context, state));
        site.MapDelete("/api/v1/request/{id}", context => CancelAsync(context, state));
        site.MapGet("/api/v1/requests", context => SearchAsync(context, state, JobQuery.Page(context, state.Time)));
        site.MapPost("/api/v1/requests/bulk", context => SubmitManyAsync(context, state));
        site.MapPost("/api/v1/requests/wait", context => WaitAsync(context, state));
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
        var act = PressureOn(state, requests);
        var caller = Caller.Of(context);
        foreach (var request in requests)
            request.Tenant ??= caller.Tenant;
        // What one tenant calls its submissions says nothing to another. No header has a line end in it.
        return await state.Jobs.SubmitAsync(requests, caller.Tenant is { } tenant && key is not null ? $"{tenant}\n{key}" : key, batch, act, places);
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
        if (Preferred(context) is { } wait && await state.Jobs.EndAsync(id, wait, context.RequestAborted) is { HasEnded: true } ended)
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
        var body = await CallBody.ReadAsync(context);
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

    /// <summary>The job that a call names.</summary>
    /// <exception cref="Problem">There is none.</exception>
    public static async Task<JobView> FindAsync(HttpContext context, ServiceState state) => (await FindAsync(context, state, [IdOf(context)]))[0] ?? throw NotFound();

    private static async Task ShowAsync(HttpContext context, ServiceState state)
    {
        var view = await FindAsync(context, state);
        await Json.AnswerAsync(context, StatusCodes.Status200OK, json => JobJson.Write(json, view));
    }

    /// <summary>Answers with a page of jobs.</summary>
    public static async Task SearchAsync(HttpContext context, ServiceState state, JobSearch search)
    {
        // A few at a time: together they may be larger than the memory there is. What cannot be read is told while there is nothing of the answer yet.
        var left = search.Limit;
        var (jobs, next) = await state.Jobs.SearchAsync(search with { Limit = Math.Min(left, AtATime) });
        (context.Response.StatusCode, context.Response.ContentType) = (StatusCodes.Status200OK, Json.Type);
        await using var json = Json.Writer(context.Response);
        json.WriteStartObject();
        json.WriteStartArray("requests");
        while (true)
        {
            foreach (var job in jobs)
                JobJson.Write(json, job);
            await json.FlushAsync(context.RequestAborted);
            left -= jobs.Count;
            if (next is null || left == 0)
                break;
            (jobs, next) = await state.Jobs.SearchAsync(search with { Limit = Math.Min(left, AtATime), After = next });
        }
        json.WriteEndArray();
        json.WriteString("next", next?.ToString(CultureInfo.InvariantCulture));
        json.WriteEndObject();
        await json.FlushAsync(context.RequestAborted);
    }

    /// <summary>How long the caller would rather wait than come again: <c>Prefer: wait=10</c> (RFC 7240 §4.3).</summary>
    private static TimeSpan? Preferred(HttpContext context)
    {
        foreach (var preference in context.Request.Headers["Prefer"].SelectMany(value => value!.Split(',', StringSplitOptions.TrimEntries)))
            if (preference.Split('=', StringSplitOptions.TrimEntries) is ["wait", var seconds] && int.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var wait))
                return TimeSpan.FromSeconds(Math.Min(wait, UsualWait.TotalSeconds));
        return null;
    }

    private static async Task CancelAsync(HttpContext context, ServiceState state)
    {
        var id = IdOf(context);
        if ((await FindAsync(context, state, [id]))[0] is null)
            throw NotFound();
        if (!await state.Jobs.CancelAsync(id))
            throw new Problem(StatusCodes.Status400BadRequest, "Cannot cancel request");
        state.Audit.Write(context, "job.cancel", id);
        await Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteString("status", "cancelled");
            json.WriteString("request_id", id);
            json.WriteEndObject();
        });
    }

    private static async Task WaitAsync(HttpContext context, ServiceState state)
    {
        var body = await CallBody.ReadAsync(context);
        List<string> ids = [.. body.Texts("request_ids").Distinct()];
        var tellsOpen = body.Flag("include_open");
        if (ids.Count > MostTogether)
            throw new Problem(StatusCodes.Status400BadRequest, $"request_ids has more than {MostTogether} ids; wait for them in parts");
        await state.Jobs.WaitAsync(await KnownAsync(context, state, ids), body.Time("timeout", UsualWait), context.RequestAborted);
        (context.Response.StatusCode, context.Response.ContentType) = (StatusCodes.Status200OK, Json.Type);
        await using var json = Json.Writer(context.Response);
        var (count, completed, pending, unknown) = (0, 0, new List<string>(), new List<string>());
        json.WriteStartObject();
        json.WriteStartArray("results");
        // A few at a time: together they may be larger than the memory there is.
        foreach (var some in ids.Chunk(AtATime))
        {
            var views = await FindAsync(context, state, some);
            for (var at = 0; at < some.Length; at++)
                if (views[at] is not { } view)
                    unknown.Add(some[at]);
                else if (!view.HasEnded)
                {
                    pending.Add(some[at]);
                    if (tellsOpen)
                        JobJson.Write(json, view);
                }
                else
                {
                    count++;
                    completed += view.Stored.End!.Status == JobStatus.Completed ? 1 : 0;
                    JobJson.Write(json, view);
                    await json.FlushAsync(context.RequestAborted);
                }
        }
        json.WriteEndArray();
        json.WriteNumber("count", count);
        json.WriteNumber("completed_count", completed);
        json.WriteNumber("failed_count", count - completed);
        WriteTexts(json, "pending", pending);
        WriteTexts(json, "unknown", unknown);
        json.WriteEndObject();
        await json.FlushAsync(context.RequestAborted);
    }

    /// <summary>Jobs that the caller may know of; null for others.</summary>
    private static async Task<IReadOnlyList<JobView?>> FindAsync(HttpContext context, ServiceState state, IReadOnlyList<string> ids)
    {
        var caller = Caller.Of(context);
        return [.. (await state.Jobs.FindAsync(ids)).Select(view => view is not null && caller.Sees(view.Stored.Request.Tenant) ? view : null)];
    }

    /// <summary>Those that the caller may wait for: how long others take is not for it to know.</summary>
    private static async Task<IReadOnlyList<string>> KnownAsync(HttpContext context, ServiceState state, List<string> ids)
    {
        if (Caller.Of(context).Tenant is null)
            return ids;
        var known = new List<string>();
        foreach (var some in ids.Chunk(AtATime))
            known.AddRange((await FindAsync(context, state, some)).OfType<JobView>().Select(view => view.Stored.Id));
        return known;
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, List<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static string IdOf(HttpContext context) => (string)context.Request.RouteValues["id"]!;

    private static Problem NotFound() => new(StatusCodes.Status404NotFound, "Request not found");
}
