using Headgate.App.Security;
using Headgate.Jobs;
using Headgate.Limits;
using Headgate.Queues;
using Headgate.Time;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary>What is done to many jobs at once, and to those that failed: cancel, do once more, forget; and how far a batch has come.</summary>
internal static class ManyPages
{
    public static void Map(IEndpointRouteBuilder site, ServiceState state)
    {
        site.MapPost("/api/v1/requests:cancel", context => CancelAsync(context, state, JobQuery.Many(context, state.Time)));
        site.MapPost("/api/v1/requests:retry", context => ReplayAsync(context, state, JobQuery.Many(context, state.Time) with { IsOk = false, IsLast = true }));
        site.MapGet("/api/v1/dlq", context => JobPages.SearchAsync(context, state, JobQuery.Page(context, state.Time) with { IsDead = true }));
        site.MapPost("/api/v1/dlq:replay", context => ReplayAsync(context, state, JobQuery.Many(context, state.Time) with { IsDead = true }));
        site.MapPost("/api/v1/dlq/{id}:replay", async context => await ReplayOneAsync(context, state, await DeadAsync(context, state)));
        site.MapPost("/api/v1/request/{id}:retry", async context => await ReplayOneAsync(context, state, await NotOkAsync(context, state)));
        site.MapDelete("/api/v1/dlq", context => ForgetAsync(context, state, JobQuery.Many(context, state.Time) with { IsDead = true }));
        site.MapDelete("/api/v1/dlq/{id}", context => ForgetOneAsync(context, state));
        site.MapGet("/api/v1/batches/{batch}", context => BatchAsync(context, state));
    }

    private static async Task CancelAsync(HttpContext context, ServiceState state, JobSearch search)
    {
        search = search with { HasEnded = false };
        var matched = (await state.Jobs.CountAsync(search)).All;
        long cancelled = 0;
        if (!JobQuery.IsDryRun(context))
            // Together, since each waits for the disk.
            await ForEachPageAsync(state, search, async jobs => cancelled += (await Task.WhenAll(jobs.Select(job => state.Jobs.CancelAsync(job.Id)))).Count(isCancelled => isCancelled));
        await AnswerAsync(context, state, matched, "cancelled", cancelled);
    }

    private static async Task ReplayAsync(HttpContext context, ServiceState state, JobSearch search)
    {
        var pace = JobQuery.Text(context, "rate") is { } rate ? Limit.TryParse(rate, out var limit, out var error) && limit!.Algorithm != LimitAlgorithm.Concurrent
            ? limit.Period / limit.Amount
            : throw new Problem(StatusCodes.Status400BadRequest, $"rate: {error ?? "an amount for a period, such as 10/s"}") : TimeSpan.Zero;
        var matched = (await state.Jobs.CountAsync(search)).All;
        var isDryRun = JobQuery.IsDryRun(context);
        if (!isDryRun)
            SubmissionPages.PressureOn(state, []);
        long submitted = 0, maybeSent = 0, refused = 0, count = 0;
        await ForEachPageAsync(state, search, async jobs =>
        {
            var act = state.Pressure;
            List<StoredJob> harmless = [.. jobs.Where(job => job.Request.IsRepeatable || job.End!.Class != FailureClass.MaybeSent || search.Class == FailureClass.MaybeSent)];
            // Those that are refused stay what they are, and are found by the same search later.
            List<StoredJob> again = [.. harmless.Where(job => !Backpressure.Refuses(act, job.Request.Priority))];
            maybeSent += jobs.Count - harmless.Count;
            refused += harmless.Count - again.Count;
            if (!isDryRun)
                submitted += (await state.Jobs.ReplayAsync(again, at => Again(again[at], pace * count++ + Backpressure.DelayOf(act), state.Time.GetUtcNow()))).Count(id => id is not null);
        });
        await AnswerAsync(context, state, matched, "submitted", submitted, ("maybe_sent", maybeSent), ("refused", refused));
    }

    private static async Task ReplayOneAsync(HttpContext context, ServiceState state, StoredJob job)
    {
        var request = Again(job, TimeSpan.Zero, state.Time.GetUtcNow());
        if (await CallBody.ReadIfAnyAsync(context) is { } change)
            request = Changed(job, request, change.MergedInto(JobRequestWriter.ToBytes(request)).Request());
        if (Caller.Of(context).WhyForeign(request.Tenant) is { } foreign)
            throw new Problem(StatusCodes.Status403Forbidden, foreign);
        if (Backpressure.DelayOf(SubmissionPages.PressureOn(state, [request])) is var rest && rest > TimeSpan.Zero && request.NotBefore is null)
            request.NotBefore = state.Time.GetUtcNow() + rest;
        string? id;
        try
        {
            id = (await state.Jobs.ReplayAsync([job], _ => request))[0];
        }
        catch (HeadgateException wrong)
        {
            throw new Problem(StatusCodes.Status400BadRequest, wrong.Message) { Class = wrong.FailureClass };
        }
        if (id is null)
            throw new Problem(StatusCodes.Status409Conflict, "it was replayed already");
        state.Audit.Write(context, "job.replay", job.Id, ("by", id));
        await SubmissionPages.AnswerAcceptedAsync(context, state, id, replaces: job.Id);
    }

    private static async Task ForgetAsync(HttpContext context, ServiceState state, JobSearch search)
    {
        var matched = (await state.Jobs.CountAsync(search)).All;
        long deleted = 0;
        if (!JobQuery.IsDryRun(context))
            await ForEachPageAsync(state, search, async jobs => deleted += await state.Jobs.DeleteAsync([.. jobs.Select(job => job.Id)]));
        await AnswerAsync(context, state, matched, "deleted", deleted);
    }

    private static async Task ForgetOneAsync(HttpContext context, ServiceState state)
    {
        await state.Jobs.DeleteAsync([(await DeadAsync(context, state)).Id]);
        await AnswerAsync(context, state, 1, "deleted", 1);
    }

    private static async Task BatchAsync(HttpContext context, ServiceState state)
    {
        var batch = (string)context.Request.RouteValues["batch"]!;
        // Of a job that was done once more only the last counts.
        var search = new JobSearch { Batch = batch, IsLast = true, Tenant = JobQuery.TenantOf(context) };
        var tally = await state.Jobs.CountAsync(search);
        if (tally.All == 0)
            throw new Problem(StatusCodes.Status404NotFound, "Batch not found");
        var left = tally.Open == 0 ? null : await state.Forecast.LeftAsync(search);
        await Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteString("batch", batch);
            json.WriteString("status", tally.Open == 0 ? "ended" : "open");
            json.WriteNumber("total", tally.All);
            json.WriteNumber("open", tally.Open);
            json.WriteNumber("ended", tally.Ended);
            json.WriteNumber("ok", tally.Ok);
            json.WriteNumber("completed", tally.Completed);
            json.WriteNumber("failed", tally.Failed);
            json.WriteNumber("timeout", tally.Timeout);
            json.WriteNumber("cancelled", tally.Cancelled);
            json.WriteNumber("progress", Math.Round((double)tally.Ended / tally.All, 4));
            if (left is { } span)
            {
                json.WriteNumber("eta_seconds", Math.Round(span.TotalSeconds, 1));
                json.WriteString("eta", (state.Time.GetUtcNow() + span).UtcDateTime);
            }
            else
            {
                json.WriteNull("eta_seconds");
                json.WriteNull("eta");
            }
            json.WriteEndObject();
        });
    }

    /// <summary>What is to be sent instead. Calls of our own are signed: they say what they said, wherever they go.</summary>
    private static JobRequest Changed(StoredJob job, JobRequest request, JobRequest changed)
    {
        if (job.Queue != Callbacks.QueueName)
            return changed;
        request.SetUrl(changed.Url);
        return JobRequestWriter.ToBytes(request).AsSpan().SequenceEqual(JobRequestWriter.ToBytes(changed)) ? request
            : throw new Problem(StatusCodes.Status400BadRequest, "a callback is signed as it is: of it only the url can be another");
    }

    /// <summary>
    /// The request of a job, to be sent once more: times that were fixed when it was accepted would be over, and those that are relative count from when
    /// it is begun, which is later for each.
    /// </summary>
    private static JobRequest Again(StoredJob job, TimeSpan after, DateTimeOffset now)
    {
        var again = new CallBody(JobRequestWriter.ToBytes(job.Request)).Request();
        after = after < Duration.Longest ? after : Duration.Longest;
        // One that was done once more before is counted from when that was begun.
        var shift = after - (job is { Replaces: not null, Request.NotBefore: { IsAfterAcceptance: true } begun } ? SpanOf(begun) : TimeSpan.Zero);
        again.NotBefore = after > TimeSpan.Zero ? new Moment(after) : null;
        again.Deadline = Later(again.Deadline);
        again.StartBy = Later(again.StartBy);
        return again;

        Moment? Later(Moment? moment)
        {
            if (moment is not { } at || SpanOf(at) is var span && span <= TimeSpan.Zero)
                return null;
            if (!at.IsAfterAcceptance || span + shift <= TimeSpan.Zero)
                return at;
            return new Moment(span + shift < Duration.Longest ? span + shift : Duration.Longest);
        }

        TimeSpan SpanOf(Moment moment) => moment.From(now) - now;
    }

    private static async Task<StoredJob> DeadAsync(HttpContext context, ServiceState state) =>
        (await JobPages.FindAsync(context, state)).Stored is var job && new JobSearch { IsDead = true }.Fits(job)
            ? job
            : throw new Problem(StatusCodes.Status404NotFound, "there is no dead letter of that id");

    private static async Task<StoredJob> NotOkAsync(HttpContext context, ServiceState state)
    {
        var job = (await JobPages.FindAsync(context, state)).Stored;
        if (job.End is null)
            throw new Problem(StatusCodes.Status409Conflict, "it has not ended yet");
        return new JobSearch { IsOk = false }.Fits(job) ? job : throw new Problem(StatusCodes.Status409Conflict, "it ended well: submit its request anew");
    }

    private static async Task ForEachPageAsync(ServiceState state, JobSearch search, Func<IReadOnlyList<StoredJob>, Task> act)
    {
        for (long? after = 0; after is not null;)
        {
            var (jobs, next) = await state.Jobs.SearchAsync(search with { After = after });
            await act([.. jobs.Select(job => job.Stored)]);
            after = next;
        }
    }

    private static Task AnswerAsync(HttpContext context, ServiceState state, long matched, string what, long count, params (string Why, long Count)[] left)
    {
        if (!JobQuery.IsDryRun(context))
            state.Audit.Write(context, $"jobs.{what}", JobQuery.Told(context), ("jobs", count.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        return Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("matched", matched);
            json.WriteNumber(what, count);
            foreach (var (why, some) in left)
                json.WriteNumber(why, some);
            json.WriteBoolean("dry_run", JobQuery.IsDryRun(context));
            json.WriteEndObject();
        });
    }
}
