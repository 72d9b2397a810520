using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace Headgate.App.Simulator;

/// <summary>The pages that speak of the simulator itself; no limit holds for them and nothing counts them.</summary>
internal sealed class ReportPages(Judge judge)
{
    private const int ArrivalsAtOnce = 4096;

    public Task AnswerAsync(IFeatureCollection context, IHttpRequestFeature request, CancellationToken stopping)
    {
        switch (request.Method, request.Path)
        {
            case ("GET" or "HEAD", "/__report"):
                return WriteAsync(context, 200, JsonSerializer.SerializeToUtf8Bytes(judge.Report(), ReportJson.Default.SimulatorReport));
            case ("POST", "/__reset"):
                judge.Reset();
                return WriteAsync(context, 200, """{"ok":true}"""u8.ToArray());
            case ("GET", "/__arrivals"):
                var since = PleaReader.FromQuery(request.QueryString, "since") ?? "0";
                return long.TryParse(since, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    ? StreamArrivalsAsync(context, number, stopping)
                    : WriteAsync(context, 400, """{"ok":false,"error":"since must be the number of an arrival, for example /__arrivals?since=100"}"""u8.ToArray());
            case ("POST", "/__limits"):
                return ChangeLimitsAsync(context, request, stopping);
            case (_, "/__report" or "/__reset" or "/__arrivals" or "/__limits"):
                return WriteAsync(context, 405, """{"ok":false,"error":"use GET /__report, GET /__arrivals, POST /__limits or POST /__reset"}"""u8.ToArray());
            default:
                return WriteAsync(context, 404, """{"ok":false,"error":"there are GET /__report, GET /__arrivals?since=N, POST /__limits and POST /__reset"}"""u8.ToArray());
        }
    }

    /// <summary>All arrivals after number <paramref name="since"/>, a JSON object each on a line.</summary>
    private async Task StreamArrivalsAsync(IFeatureCollection context, long since, CancellationToken stopping)
    {
        var gone = context.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;
        var body = context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;
        context.GetRequiredFeature<IHttpResponseFeature>().Headers.ContentType = "application/x-ndjson";
        using var json = new Utf8JsonWriter(body, new JsonWriterOptions { SkipValidation = true });
        while (judge.ArrivalsSince(since, ArrivalsAtOnce) is { Count: > 0 } arrivals && !stopping.IsCancellationRequested && !gone.IsCancellationRequested)
        {
            foreach (var arrival in arrivals)
            {
                JsonSerializer.Serialize(json, arrival, ArrivalJson.Default.Arrival);
                json.Flush();
                json.Reset();
                body.GetSpan(1)[0] = (byte)'\n';
                body.Advance(1);
            }
            since = arrivals[^1].N;
            await body.FlushAsync(gone);
        }
    }

    /// <summary>A JSON list of limits, as many as there are, with other amounts.</summary>
    private async Task ChangeLimitsAsync(IFeatureCollection context, IHttpRequestFeature request, CancellationToken stopping)
    {
        string? wrong;
        try
        {
            var texts = await JsonSerializer.DeserializeAsync(request.Body, ReportJson.Default.StringArray, stopping) ?? [];
            wrong = judge.Change([.. texts.Select(Headgate.Limits.Limit.Parse)]);
        }
        catch (Exception fault) when (fault is JsonException or FormatException)
        {
            wrong = fault is FormatException ? fault.Message : "send a JSON list of limits, as many as there are, each a text";
        }
        await WriteAsync(context, wrong is null ? 200 : 400, wrong is null ? """{"ok":true}"""u8.ToArray() : JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["error"] = wrong }, ReportJson.Default.DictionaryStringString));
    }

    private static async Task WriteAsync(IFeatureCollection context, int status, byte[] json)
    {
        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        response.StatusCode = status;
        response.Headers.ContentType = "application/json";
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentLength = json.Length;
        await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(json);
    }
}
