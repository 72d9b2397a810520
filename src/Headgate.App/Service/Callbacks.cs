using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.Jobs;
using Headgate.Queues;

namespace Headgate.App.Service;

/// <summary>
/// Tells callers how their jobs ended, by jobs like any other: each is kept together with the end it tells, so that no death comes in between.
/// Signed as Standard Webhooks 1.0.0, and tried again by its schedule. Thread-safe.
/// </summary>
/// <param name="secrets">Signs.</param>
/// <param name="time">The clock.</param>
/// <param name="say">Told why nothing can be signed, of which callers learn nothing; must not throw.</param>
internal sealed class Callbacks(CallbackSecrets secrets, TimeProvider time, Action<string> say)
{
    /// <summary>The named queue in which they stand; nobody else's job does, since these are signed.</summary>
    public const string QueueName = "callbacks";

    /// <summary>A result that is larger is left out, and can be asked for.</summary>
    private const int LargestResult = 256 << 10;

    /// <summary>The pauses before the second and further calls, as the specification proposes them ("Deliverability and reliability").</summary>
    private static readonly TimeSpan[] Pauses =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5),
        TimeSpan.FromHours(10), TimeSpan.FromHours(14), TimeSpan.FromHours(20), TimeSpan.FromHours(24),
    ];

    /// <summary>The call that follows from the end of a job: the first, or the next one after one that failed. Null for none.</summary>
    public StoredJob? Follow(Job job, ResultRecord record)
    {
        if (job.Queue == QueueName)
            return Again(job, record);
        if (job.Request.Callback is not { } callback || !callback.On.Contains(record.Outcome.Status))
            return null;
        var id = NextAfter(job);
        return new StoredJob(id, RequestOf(callback.Url, job.Request.Tenant, id, BodyOf(job, record), job.Id, 1), time.GetUtcNow()) { Queue = QueueName };
    }

    /// <summary>What signs each attempt of a job; null for one that is no call.</summary>
    public Action<HttpRequestMessage>? SignerOf(StoredJob job) => job.Queue == QueueName ? attempt => Sign(attempt, job.Request) : null;

    private StoredJob? Again(Job job, ResultRecord record)
    {
        var (of, tries) = OriginOf(job.Request);
        // Whoever answers 410 wants no more of them, as the specification has it.
        if (record.Outcome.Ok || record.Outcome.Status == JobStatus.Cancelled || record.Result?.StatusCode == 410 || tries > Pauses.Length)
            return null;
        // Where it may not go today it may not go tomorrow.
        if (record.Outcome.Class == FailureClass.Blocked)
            return null;
        var request = RequestOf(job.Request.Url, job.Request.Tenant, job.Request.IdempotencyKey!, job.Request.Body!.Value, of, tries + 1);
        request.NotBefore = Pauses[tries - 1];
        // In its place: a call that is still made again is no dead letter, and nobody else does it once more.
        return new StoredJob(NextAfter(job), request, time.GetUtcNow()) { Queue = QueueName, Replaces = job.Id };
    }

    private void Sign(HttpRequestMessage attempt, JobRequest request)
    {
        var (id, seconds) = (request.IdempotencyKey!, time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{seconds}."), .. request.Body!.Value.Span];
        attempt.Headers.TryAddWithoutValidation("webhook-timestamp", seconds);
        attempt.Headers.TryAddWithoutValidation("webhook-signature", string.Join(' ', ReadSecrets().Select(secret => $"v1,{Convert.ToBase64String(HMACSHA256.HashData(secret, signed))}")));
    }

    private IReadOnlyList<byte[]> ReadSecrets()
    {
        try
        {
            return secrets.Read();
        }
        catch (CommandException wrong)
        {
            say($"callbacks cannot be signed: {wrong.Message}");
            throw;
        }
    }

    private static JobRequest RequestOf(string url, string? tenant, string id, ReadOnlyMemory<byte> body, string of, int tries)
    {
        var context = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(context))
        {
            json.WriteStartObject();
            json.WriteString("callback_of", of);
            json.WriteNumber("try", tries);
            json.WriteEndObject();
        }
        var request = new JobRequest(url)
        {
            Method = "POST",
            Body = body,
            Tenant = tenant,
            Retries = 0,
            // Whoever gets it twice knows it by its id.
            IdempotencyKey = id,
            RawContext = context.WrittenMemory,
        };
        request.Headers.Add("content-type", "application/json");
        request.Headers.Add("webhook-id", id);
        return request;
    }

    /// <summary>The id of the call that follows from the end of a job: each ends once. No key of a submission begins with a line end, so that nobody can take it before.</summary>
    private static string NextAfter(Job job) => StoredJob.NameOf($"\nafter:{job.Id}", 0);

    private static (string Of, int Tries) OriginOf(JobRequest request)
    {
        using var context = JsonDocument.Parse(request.RawContext);
        return (context.RootElement.GetProperty("callback_of").GetString()!, context.RootElement.GetProperty("try").GetInt32());
    }

    private static ReadOnlyMemory<byte> BodyOf(Job job, ResultRecord record)
    {
        var end = JobEnd.Of(job.Id, record);
        var body = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(body, ResultRecordWriter.Options);
        json.WriteStartObject();
        json.WriteString("type", $"request.{WireNames.Of(record.Outcome.Status)}");
        json.WriteString("timestamp", end.At.UtcDateTime);
        json.WritePropertyName("data");
        JobJson.Write(json, job, end, withResult: end.Record.Length <= LargestResult);
        json.WriteEndObject();
        json.Flush();
        return body.WrittenMemory;
    }
}
