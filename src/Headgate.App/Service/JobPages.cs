using System.Globalization;
using System.Text.Json;
using Headgate.App.Security;
using Headgate.Jobs;
using Headgate.Queues;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary>Jobs that were accepted: ask, wait, cancel; as in the original service.</summary>
internal static class JobPages
{
    private static readonly TimeSpan UsualWait = TimeSpan.FromSeconds(300);

    /// <summary>Results that are read before they are written.</summary>
    private const int AtATime = 16;

    public static void Map(IEndpointRouteBuilder site, ServiceState state)
    {
        site.MapGet("/api/v1/request/{id}", context => ShowAsync(context, state));
        site.MapDelete("/api/v1/request/{id}", context => CancelAsync(context, state));
        site.MapGet("/api/v1/requests", context => SearchAsync(context, state, JobQuery.Page(context, state.Time)));
        site.MapPost("/api/v1/requests/wait", context => WaitAsync(context, state));
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
        await using var json = Json.LongWriter(context.Response);
        json.WriteStartObject();
        json.WriteStartArray("requests");
        while (true)
        {
            foreach (var job in jobs)
            {
                JobJson.Write(json, job);
                await Json.PassAsync(json, context.RequestAborted);
            }
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
        var body = (await CallBody.ReadAsync(context)).With("request_ids", "timeout", "include_open");
        List<string> ids = [.. body.Texts("request_ids").Distinct()];
        var tellsOpen = body.Flag("include_open");
        if (ids.Count > SubmissionPages.MostTogether)
            throw new Problem(StatusCodes.Status400BadRequest, $"request_ids has more than {SubmissionPages.MostTogether} ids; wait for them in parts");
        var (known, longest) = (await KnownAsync(context, state, ids), body.Time("timeout", UsualWait));
        if (!await state.WaitAsync(gone => state.Jobs.WaitAsync(known, longest, gone), context.RequestAborted))
            throw HeldCall.Stopping;
        (context.Response.StatusCode, context.Response.ContentType) = (StatusCodes.Status200OK, Json.Type);
        await using var json = Json.LongWriter(context.Response);
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
                    if (!tellsOpen)
                        continue;
                    JobJson.Write(json, view);
                    await Json.PassAsync(json, context.RequestAborted);
                }
                else
                {
                    count++;
                    completed += view.Stored.End!.Status == JobStatus.Completed ? 1 : 0;
                    JobJson.Write(json, view);
                    await Json.PassAsync(json, context.RequestAborted);
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
