using System.Text.Json;
using Headgate.Jobs;
using Headgate.Queues;

namespace Headgate.App.Service;

/// <summary>A job as the service tells of it: the members of a line out of <c>run</c>, and in its result those that the original service has beside them.</summary>
internal static class JobJson
{
    /// <summary>Writes a job as it stands.</summary>
    public static void Write(Utf8JsonWriter json, JobView view)
    {
        json.WriteStartObject();
        if (view.Stored.End is { } end)
            WriteMembers(json, end, withResult: true);
        else
            ResultRecordWriter.WriteMembers(json, OnItsWay(view));
        WritePlace(json, view.Stored.Request, view.Stored.Api, view.Stored.Queue, view.Stored.Batch);
        if (view.Stored.ReplacedBy is { } replacedBy)
            json.WriteString("replaced_by"u8, replacedBy);
        json.WriteEndObject();
    }

    /// <summary>Writes the end of a job, as it is told where it has ended.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="job">The job.</param>
    /// <param name="end">Its end.</param>
    /// <param name="withResult">Whether the answer it got is written, or only that there is one.</param>
    public static void Write(Utf8JsonWriter json, Job job, JobEnd end, bool withResult)
    {
        json.WriteStartObject();
        WriteMembers(json, end, withResult);
        WritePlace(json, job.Request, job.Place.Api, job.Queue, job.Place.Batch);
        json.WriteEndObject();
    }

    /// <summary>Whose it is, and where it stands or stood.</summary>
    private static void WritePlace(Utf8JsonWriter json, JobRequest request, string? api, string? queue, string? batch)
    {
        json.WriteString("api"u8, api);
        json.WriteString("queue"u8, queue ?? JobQueues.Default);
        json.WriteString("batch"u8, batch);
        json.WriteNumber("priority"u8, (int)request.Priority);
        json.WriteString("tenant"u8, request.Tenant);
    }

    private static void WriteMembers(Utf8JsonWriter json, JobEnd end, bool withResult)
    {
        using var record = JsonDocument.Parse(end.Record, RawJson.Around);
        foreach (var member in record.RootElement.EnumerateObject())
            if (member.NameEquals("result"u8) && member.Value.ValueKind == JsonValueKind.Object && !withResult)
            {
                json.WriteNull("result"u8);
                json.WriteBoolean("result_omitted"u8, true);
            }
            else if (member.NameEquals("result"u8) && member.Value.ValueKind == JsonValueKind.Object)
            {
                json.WritePropertyName("result"u8);
                WriteResult(json, record.RootElement);
            }
            else if (!member.NameEquals("history"u8))
                Copy(member, json);
    }

    /// <summary>Whether a job got an answer, of whatever status.</summary>
    public static bool HasResult(JobEnd end)
    {
        using var record = JsonDocument.Parse(end.Record, RawJson.Around);
        return record.RootElement.GetProperty("result"u8).ValueKind == JsonValueKind.Object;
    }

    /// <summary>Writes the answer a job got.</summary>
    public static void WriteResult(Utf8JsonWriter json, JobEnd end)
    {
        using var record = JsonDocument.Parse(end.Record, RawJson.Around);
        WriteResult(json, record.RootElement);
    }

    /// <summary>Writes the attempts of a job, as the member <c>history</c>.</summary>
    public static void WriteHistory(Utf8JsonWriter json, JobEnd end)
    {
        using var record = JsonDocument.Parse(end.Record, RawJson.Around);
        if (record.RootElement.TryGetProperty("history"u8, out var history))
            history.WriteTo(json, "history"u8);
        else
            ResultRecordWriter.WriteHistory(json, []);
    }

    /// <summary>Why a job did not end well.</summary>
    public static (FailureClass Class, string Detail) ErrorOf(JobEnd end)
    {
        using var record = JsonDocument.Parse(end.Record, RawJson.Around);
        return record.RootElement.GetProperty("error"u8) is { ValueKind: JsonValueKind.Object } error
            ? (WireNames.FailureOf(error.GetProperty("class"u8).GetString()!), error.GetProperty("detail"u8).GetString() ?? "failed")
            : (FailureClass.None, "");
    }

    private static void WriteResult(Utf8JsonWriter json, JsonElement record)
    {
        json.WriteStartObject();
        record.GetProperty("request_id"u8).WriteTo(json, "request_id"u8);
        var result = record.GetProperty("result"u8);
        foreach (var member in result.EnumerateObject())
            Copy(member, json);
        if (result.TryGetProperty("content"u8, out var content))
            content.WriteTo(json, "text"u8);
        else
            json.WriteNull("text"u8);
        record.GetProperty("proxy"u8).WriteTo(json, "proxy_used"u8);
        json.WriteBoolean("cached"u8, record.GetProperty("cache"u8).ValueKind == JsonValueKind.String && record.GetProperty("cache"u8).ValueEquals("hit"u8));
        record.GetProperty("last_error"u8).WriteTo(json, "error"u8);
        json.WriteEndObject();
    }

    private static void WriteTo(this JsonElement value, Utf8JsonWriter json, ReadOnlySpan<byte> name)
    {
        json.WritePropertyName(name);
        RawJson.Copy(value, json);
    }

    private static void Copy(JsonProperty member, Utf8JsonWriter json)
    {
        json.WritePropertyName(member.Name);
        RawJson.Copy(member.Value, json);
    }

    private static ResultRecord OnItsWay(JobView view)
    {
        var (job, live) = (view.Stored, view.Live);
        return new ResultRecord
        {
            RequestId = job.Id,
            Id = job.Request.Id,
            Url = job.Request.Url,
            Method = job.Request.Method,
            Outcome = new JobOutcome(live?.Status is { } status and < JobStatus.Completed ? status : JobStatus.Queued, false, FailureClass.None),
            Attempts = live?.Attempts ?? 0,
            CreatedAt = job.CreatedAt,
            StartedAt = live?.StartedAt,
            LastError = live?.LastError,
            GateWait = live?.Wait ?? TimeSpan.Zero,
            Holding = live?.WaitingFor,
            Context = job.Request.RawContext,
            Tags = job.Request.Tags,
        };
    }
}
