using System.Buffers;
using System.Text.Json;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.Remote;

/// <summary>What is said to a service, and what its answers say. Pure, but for the streams it reads.</summary>
internal static class ServiceWords
{
    /// <summary>A question about jobs.</summary>
    public static byte[] Wait(IEnumerable<string> ids, TimeSpan timeout, bool includeOpen) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("request_ids"u8);
        foreach (var id in ids)
            json.WriteStringValue(id);
        json.WriteEndArray();
        json.WriteString("timeout"u8, Duration.Format(timeout));
        json.WriteBoolean("include_open"u8, includeOpen);
        json.WriteEndObject();
    });

    /// <summary>Requests to be submitted together.</summary>
    public static byte[] Bulk(IEnumerable<ReadOnlyMemory<byte>> requests) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("requests"u8);
        foreach (var request in requests)
            json.WriteRawValue(request.Span, skipInputValidation: true);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>The jobs that an answer tells of, by their ids, and the ids that the service does not know.</summary>
    public static async Task<(Dictionary<string, Job> Jobs, List<string> Unknown)> ReadJobsAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        var (jobs, unknown) = (new Dictionary<string, Job>(), new List<string>());
        await foreach (var part in PartsOf(answer, cancellation).ConfigureAwait(false))
            if (part.Member == "results")
            {
                var job = JobOf(part.Json.Span);
                jobs[job.Id] = job;
            }
            else if (part.Member == "unknown")
                unknown.Add(TextOf(part.Json));
        return (jobs, unknown);
    }

    /// <summary>What became of each of so many requests.</summary>
    public static async Task<List<JobVerdict>> ReadVerdictsAsync(HttpResponseMessage answer, int count, CancellationToken cancellation)
    {
        var (ids, errors) = (new Queue<string>(), new Dictionary<int, string>());
        await foreach (var part in PartsOf(answer, cancellation).ConfigureAwait(false))
            if (part.Member == "request_ids")
                ids.Enqueue(TextOf(part.Json));
            else if (part.Member == "errors")
            {
                using var error = JsonDocument.Parse(part.Json);
                errors[error.RootElement.GetProperty("index"u8).GetInt32()] = error.RootElement.GetProperty("error"u8).GetString() ?? "refused";
            }
        if (ids.Count + errors.Count != count || errors.Keys.Any(index => index < 0 || index >= count))
            throw new JsonException($"{count} requests were submitted, and the answer tells of {ids.Count + errors.Count}");
        return [.. Enumerable.Range(0, count).Select(index => errors.TryGetValue(index, out var error)
            ? new JobVerdict(null, new HeadgateException(FailureClass.Invalid, error))
            : new JobVerdict(ids.Dequeue(), null))];
    }

    /// <summary>The id of a job that was submitted.</summary>
    public static async Task<string> ReadIdAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        await foreach (var part in PartsOf(answer, cancellation).ConfigureAwait(false))
            if (part.Member == "request_id")
                return TextOf(part.Json);
        throw new JsonException("the answer has no request_id");
    }

    /// <summary>What a service has done since it was started.</summary>
    public static async Task<MultiplexerStatistics> ReadStatisticsAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        using var json = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false), default, cancellation).ConfigureAwait(false);
        var (requests, performance) = (json.RootElement.GetProperty("requests"u8), json.RootElement.GetProperty("performance"u8));
        var inFlight = performance.GetProperty("current_concurrency"u8).GetInt64();
        return new MultiplexerStatistics
        {
            Submitted = requests.GetProperty("total"u8).GetInt64(),
            Completed = requests.GetProperty("completed"u8).GetInt64(),
            Ok = requests.GetProperty("ok"u8).GetInt64(),
            Failed = requests.GetProperty("failed"u8).GetInt64(),
            TimedOut = requests.GetProperty("timeout"u8).GetInt64(),
            Cancelled = requests.GetProperty("cancelled"u8).GetInt64(),
            Retries = requests.GetProperty("retried"u8).GetInt64(),
            Refusals = requests.GetProperty("rate_limited"u8).GetInt64(),
            Processing = inFlight,
            Queued = Math.Max(0, requests.GetProperty("open"u8).GetInt64() - inFlight),
            AverageLatency = Seconds(performance.GetProperty("average_latency"u8)),
            PeakConcurrency = performance.GetProperty("peak_concurrency"u8).GetInt64(),
            Uptime = Seconds(performance.GetProperty("uptime"u8)),
        };
    }

    /// <summary>Whether an answer is that of a service.</summary>
    public static async Task<bool> ReadHealthAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        if (!answer.IsSuccessStatusCode)
            return true;
        await foreach (var part in PartsOf(answer, cancellation).ConfigureAwait(false))
            if (part.Member == "status")
                return true;
        throw new JsonException("its /health has no status");
    }

    /// <summary>A job as a record tells of it.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static Job JobOf(ReadOnlySpan<byte> json)
    {
        try
        {
            return Job.Told(ResultRecordReader.Read(json, out var fault) ?? throw new JsonException(fault));
        }
        catch (ArgumentException wrong)
        {
            throw new JsonException(wrong.Message, wrong);
        }
    }

    private static TimeSpan Seconds(JsonElement number) => TimeSpan.FromSeconds(Math.Clamp(number.GetDouble(), 0, Duration.Longest.TotalSeconds));

    private static string TextOf(ReadOnlyMemory<byte> json)
    {
        using var text = JsonDocument.Parse(json);
        return text.RootElement.GetString() ?? throw new JsonException("null where a text should be");
    }

    private static async IAsyncEnumerable<JsonPart> PartsOf(HttpResponseMessage answer, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var stream = await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await foreach (var part in JsonParts.ReadAsync(stream, cancellation).ConfigureAwait(false))
            yield return part;
    }

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(bytes, ResultRecordWriter.Options))
            write(json);
        return bytes.WrittenSpan.ToArray();
    }
}
