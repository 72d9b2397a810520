namespace Headgate.Jobs;

/// <summary>
/// Everything that is told of a finished job: a line out of <c>run</c>, and the answer to a question about a job over REST.
/// <see cref="ResultRecordWriter"/> gives it its letters.
/// </summary>
internal sealed class ResultRecord
{
    /// <summary>Our own name for it; in <c>run</c> <c>#line:hash</c>, so that a changed line is noticed on resume.</summary>
    public required string RequestId { get; init; }

    /// <summary>The caller's name for it.</summary>
    public string? Id { get; init; }

    /// <summary>The line of the input file, from 1.</summary>
    public long? Line { get; init; }

    /// <summary>Null when a line was so broken that it has no URL.</summary>
    public string? Url { get; init; }

    public string? Method { get; init; }

    public required JobOutcome Outcome { get; init; }

    public JobResult? Result { get; init; }

    /// <summary>From acceptance to the end.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>Sends, redirects and retries included.</summary>
    public int Attempts { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The first send; null when there was none.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>What the last failed attempt said, even if a later one went well.</summary>
    public string? LastError { get; init; }

    /// <summary>Why it is not ok, in words; written only when the outcome has a class.</summary>
    public string? Detail { get; init; }

    /// <summary>The time spent waiting in gates.</summary>
    public TimeSpan GateWait { get; init; }

    /// <summary>The limit that held it longest.</summary>
    public string? Holding { get; init; }

    /// <summary>The name of the key.</summary>
    public string? Key { get; init; }

    /// <summary>The name of the proxy.</summary>
    public string? Proxy { get; init; }

    /// <summary>What the cache did: hit, miss, revalidated.</summary>
    public string? Cache { get; init; }

    public bool MaybeSent { get; init; }

    /// <summary>What was put in the way of its last attempt on purpose: error, latency, reset; null, and not written, for nothing.</summary>
    public string? Chaos { get; init; }

    /// <summary>Every attempt, in their order; null, and not written, where they are not kept.</summary>
    public IReadOnlyList<AttemptNote>? History { get; set; }

    /// <summary>JSON as it came with the request; empty for none.</summary>
    public ReadOnlyMemory<byte> Context { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];
}
