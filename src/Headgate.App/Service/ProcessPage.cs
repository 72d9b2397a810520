using System.Text.Json;
using Headgate.App.Security;
using Headgate.Jobs;
using Headgate.Queues;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary>
/// <c>POST /process</c> of the key distributor: a batch whose results come together. With <c>requests</c> these are sent, each with a key of its API;
/// without, so many calls are simulated as the service was set up for.
/// </summary>
internal sealed class ProcessPage(ServiceState state)
{
    /// <summary>Results that are read before they are written, and jobs that are cancelled at once.</summary>
    private const int AtATime = 16;

    public void Map(IEndpointRouteBuilder site) => site.MapPost("/process", ProcessAsync);

    private async Task ProcessAsync(HttpContext context)
    {
        var body = await CallBody.ReadIfAnyAsync(context);
        if (body?.Has("requests") == true)
            await SendAsync(context, body.ManyRequests("requests"));
        else
            await SimulateAsync(context, body?.Has("requestCount") != true ? null : body.Number("requestCount", 1, Distribution.DistributorOptions.MostCalls));
    }

    private async Task SimulateAsync(HttpContext context, int? count)
    {
        var options = state.Distributor.Options;
        if (!options.IsOn)
            throw new Problem(StatusCodes.Status400BadRequest, "requests field is required; calls are simulated only by a service that was started with --profile test or --profile prod");
        using var call = state.Enter();
        var began = state.Time.GetTimestamp();
        bool[] results;
        try
        {
            results = await (await state.Distributor.CallsAsync()).RunAsync(count ?? options.Calls, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // Nobody waits for it any more.
            return;
        }
        await Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("results");
            foreach (var isOk in results)
                json.WriteStringValue(isOk ? "success" : "error");
            json.WriteEndArray();
            WriteEnd(json, began, results.Length);
        });
    }

    private async Task SendAsync(HttpContext context, List<(JobRequest? Request, string? Error)> requests)
    {
        if (requests.Count > SubmissionPages.MostTogether)
            throw new Problem(StatusCodes.Status400BadRequest, $"requests has more than {SubmissionPages.MostTogether} requests; send them in parts");
        var began = state.Time.GetTimestamp();
        var (ids, errors) = await SubmitAsync(context, requests);
        try
        {
            await state.Jobs.WaitAsync([.. ids.OfType<string>()], Timeout.InfiniteTimeSpan, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // Nobody waits for them any more: what has not ended would use up keys for nothing.
            foreach (var some in ids.OfType<string>().Chunk(AtATime))
                await Task.WhenAll(some.Select(state.Jobs.CancelAsync));
            return;
        }
        (context.Response.StatusCode, context.Response.ContentType) = (StatusCodes.Status200OK, Json.Type);
        await using var json = Json.LongWriter(context.Response);
        json.WriteStartObject();
        json.WriteStartArray("results");
        foreach (var some in Enumerable.Range(0, ids.Length).Chunk(AtATime))
        {
            var found = await state.Jobs.FindAsync([.. some.Select(at => ids[at] ?? "")]);
            foreach (var (job, at) in found.Zip(some))
            {
                if (job is not null)
                    JobJson.Write(json, job);
                else
                    WriteError(json, errors[at] ?? "it was forgotten");
                await Json.PassAsync(json, context.RequestAborted);
            }
        }
        json.WriteEndArray();
        WriteEnd(json, began, ids.Length);
        await json.FlushAsync(context.RequestAborted);
    }

    private static void WriteError(Utf8JsonWriter json, string error)
    {
        json.WriteStartObject();
        json.WriteString("error", error);
        json.WriteEndObject();
    }

    /// <summary>The id of each, or why it has none.</summary>
    private async Task<(string?[] Ids, string?[] Errors)> SubmitAsync(HttpContext context, List<(JobRequest? Request, string? Error)> requests)
    {
        var caller = Caller.Of(context);
        var (ids, errors) = (new string?[requests.Count], new string?[requests.Count]);
        for (var at = 0; at < ids.Length; at++)
            errors[at] = requests[at].Request is { } request ? caller.WhyForeign(request.Tenant) : requests[at].Error;
        List<int> good = [.. Enumerable.Range(0, ids.Length).Where(at => errors[at] is null)];
        var verdicts = good.Count == 0 ? [] : await SubmissionPages.SubmitAsync(context, state, [.. good.Select(at => requests[at].Request!)]);
        foreach (var (at, verdict) in good.Zip(verdicts))
            (ids[at], errors[at]) = (verdict.Id, verdict.Error?.Message);
        return (ids, errors);
    }

    private void WriteEnd(System.Text.Json.Utf8JsonWriter json, long began, int count)
    {
        json.WriteNumber("processingTime", (long)state.Time.GetElapsedTime(began).TotalMilliseconds);
        json.WriteNumber("requestCount", count);
        json.WriteString("timestamp", state.Timestamp);
        json.WriteEndObject();
    }
}
