using System.Globalization;
using System.Text.Json;
using Headgate.App.Service;
using Headgate.Backends.Sqlite;
using Headgate.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Recording;

/// <summary>Calls that passed through, searched by every word in them.</summary>
internal static class CallPages
{
    private const int MostWords = 1000;

    public static void Map(IEndpointRouteBuilder site, CallRecorder? recorder) => site.MapGet("/api/v1/calls", context => SearchAsync(context, recorder));

    private static async Task SearchAsync(HttpContext context, CallRecorder? recorder)
    {
        if (recorder is null)
            throw new Problem(StatusCodes.Status404NotFound, "calls are not recorded: start the service with --record errors, or --record all");
        var search = new CallSearch
        {
            Words = JobQuery.Text(context, "q") is not { } words || string.IsNullOrWhiteSpace(words) ? null
                : words.Length <= MostWords ? words : throw new Problem(StatusCodes.Status400BadRequest, $"q is at most {MostWords} characters"),
            Api = JobQuery.Text(context, "api"),
            Status = JobQuery.Text(context, "status") is { } status ? (int)JobQuery.Number(status, "status", 599) : null,
            IsFailed = JobQuery.Flag(context, "failed"),
            Before = JobQuery.Text(context, "before") is { } before ? JobQuery.Number(before, "before", long.MaxValue) : null,
            Limit = JobQuery.Text(context, "limit") is { } limit ? (int)JobQuery.Number(limit, "limit", 1000) : 100,
        };
        var calls = recorder.Search(search);
        await Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("calls");
            foreach (var call in calls)
                Write(json, call);
            json.WriteEndArray();
            json.WriteString("next", calls.Count == search.Limit ? calls[^1].Number.ToString(CultureInfo.InvariantCulture) : null);
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, RecordedCall call)
    {
        json.WriteStartObject();
        json.WriteNumber("number", call.Number);
        json.WriteString("at", call.At.UtcDateTime);
        json.WriteString("method", call.Method);
        json.WriteString("url", call.Url);
        json.WriteString("api", call.Api);
        if (call.Status is { } status)
            json.WriteNumber("status_code", status);
        else
            json.WriteNull("status_code");
        if (call.Class != FailureClass.None)
            json.WriteString("class", WireNames.Of(call.Class));
        json.WriteString("error", call.Error);
        json.WriteNumber("attempts", call.Attempts);
        json.WriteNumber("wait", Math.Round(call.Wait.TotalSeconds, 6));
        json.WriteNumber("elapsed", Math.Round(call.Elapsed.TotalSeconds, 6));
        json.WriteString("caller", call.Caller);
        json.WriteString("request_headers", call.RequestHeaders);
        json.WriteString("request_body", call.RequestBody);
        json.WriteString("answer_headers", call.AnswerHeaders);
        json.WriteString("answer_body", call.AnswerBody);
        json.WriteEndObject();
    }
}
