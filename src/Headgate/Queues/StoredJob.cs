using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.Queues;

/// <summary>A job as a store keeps it: what is to be sent, and in the end what became of it. Immutable.</summary>
/// <param name="Id">Its name, unique in the store.</param>
/// <param name="Request">What is to be sent.</param>
/// <param name="CreatedAt">When it was accepted, by the wall clock: durations of the request count from here, after a restart too.</param>
internal sealed record StoredJob(string Id, JobRequest Request, DateTimeOffset CreatedAt)
{
    /// <summary>What became of it; null while it has not ended.</summary>
    public JobEnd? End { get; init; }

    /// <summary>The name of the API it goes to, as it was called when it was accepted.</summary>
    public string? Api { get; init; }

    /// <summary>The named queue it stands in; null for the default one.</summary>
    public string? Queue { get; init; }

    /// <summary>The submission it belongs to, where that has a name.</summary>
    public string? Batch { get; init; }

    /// <summary>If it is not begun by then, it ends as too late; null for never.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>A job that has ended and is done once more by this one: it is accepted only if no other has taken that place.</summary>
    public string? Replaces { get; init; }

    /// <summary>The job by which this one, which has ended, is done once more.</summary>
    public string? ReplacedBy { get; init; }

    /// <summary>A name by the key of a submission, and the job's place in it: the store itself sees to it that there is one.</summary>
    public static string NameOf(string key, int index) => new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{index}:{key}"))).AsSpan(0, 16)).ToString();

    /// <summary>Too many waited when it came: it is not begun before. The queue keeps that, not the store.</summary>
    public DateTimeOffset RestsUntil { get; init; }

    /// <summary>It is not begun before.</summary>
    public DateTimeOffset Due => Latest(Latest(Request.NotBefore?.From(CreatedAt), CreatedAt), RestsUntil);

    private static DateTimeOffset Latest(DateTimeOffset? one, DateTimeOffset other) => one > other ? one.Value : other;
}

/// <summary>The one end of a job. Immutable.</summary>
/// <param name="Id">The job.</param>
/// <param name="Status">How it ended.</param>
/// <param name="At">When.</param>
/// <param name="Record">All that is told of it: a JSON object, a line out of <c>run</c>.</param>
internal sealed record JobEnd(string Id, JobStatus Status, DateTimeOffset At, ReadOnlyMemory<byte> Record)
{
    /// <summary>Why it did not end well; none if it did.</summary>
    public FailureClass Class { get; init; }

    /// <summary>A job that follows from this end, and is kept together with it or not at all; null for none. Not told again by the store.</summary>
    public StoredJob? Then { get; init; }

    /// <summary>The end that is told by a record.</summary>
    public static JobEnd Of(string id, ResultRecord record)
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(bytes, ResultRecordWriter.Options))
            ResultRecordWriter.Write(json, record);
        return new JobEnd(id, record.Outcome.Status, record.CompletedAt ?? record.CreatedAt, bytes.WrittenMemory) { Class = record.Outcome.Class };
    }
}
