using Headgate.Time;

namespace Headgate.Jobs;

/// <summary>A request as it was accepted, and what is written of it in the end, whatever happened in between.</summary>
/// <param name="Request">The request; null where a line was none.</param>
/// <param name="RequestId">Our own name for it.</param>
/// <param name="At">When it was accepted.</param>
/// <param name="Mono">The same, in monotonic nanoseconds.</param>
internal sealed record Acceptance(JobRequest? Request, string RequestId, DateTimeOffset At, long Mono)
{
    /// <summary>The line of the input, from 1; null if there is none.</summary>
    public long? Line { get; init; }

    /// <summary>Whether an earlier process may have sent it.</summary>
    public bool IsResent { get; init; }

    /// <summary>What is said of an answer above the largest size.</summary>
    public required string TooLarge { get; init; }

    /// <summary>A moment in monotonic nanoseconds; the last or first there are, for one beyond them.</summary>
    public long? MonoOf(Moment? moment) => moment is { } at ? long.CreateSaturating((Int128)Mono + ((Int128)(at.From(At) - At).Ticks * 100)) : null;

    /// <summary>The result of a request that got an answer, good or bad.</summary>
    /// <param name="answer">The answer; its body has been received.</param>
    /// <param name="body">What was received.</param>
    /// <param name="exchange">Its way.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    public ResultRecord Answered(HttpResponseMessage answer, in ReceivedBody body, Exchange exchange, long now)
    {
        var status = (int)answer.StatusCode;
        var outcome = JobOutcome.Of(status, exchange.Failure, [.. exchange.Terms.Expected]);
        var detail = exchange.Detail;
        if (body.IsTooLarge)
            (outcome, detail) = (JobOutcome.Of(null, FailureClass.Invalid), TooLarge);
        var last = exchange.IsStored ? null : exchange.Last;
        return Record(outcome, detail ?? (outcome.Ok ? null : $"the server answered {status}"), exchange, now, new JobResult
        {
            StatusCode = status,
            Headers = JobFields.Of(answer),
            Content = body.Bytes,
            ContentFile = body.File,
            Elapsed = last is { WasSent: true } ? Clock.Span(last.EndedAt - last.SentAt) : TimeSpan.Zero,
        });
    }

    /// <summary>The result of a request without an answer.</summary>
    public ResultRecord Failed(FailureClass failure, string detail, Exchange? exchange, long now) =>
        Record(JobOutcome.Of(null, failure), detail, exchange, now, null);

    private ResultRecord Record(JobOutcome outcome, string? detail, Exchange? exchange, long now, JobResult? result) => new()
    {
        RequestId = RequestId,
        Id = Request?.Id,
        Line = Line,
        Url = Request?.Url,
        Method = Request?.Method,
        Outcome = outcome,
        Result = result,
        Latency = Clock.Span(now - Mono),
        Attempts = exchange?.Attempts ?? 0,
        CreatedAt = At,
        StartedAt = exchange is { FirstSentAt: > 0 } ? At.AddTicks((exchange.FirstSentAt - Mono) / 100) : null,
        CompletedAt = At.AddTicks((now - Mono) / 100),
        LastError = exchange?.LastError,
        Detail = detail,
        GateWait = Clock.Span(exchange?.Waited ?? 0),
        Holding = exchange?.HeldBy?.Describe(),
        Key = exchange?.Last?.Permit.Key?.Name,
        Proxy = exchange?.Last?.Permit.Proxy?.Name,
        Cache = exchange?.Cache?.Word,
        Chaos = exchange?.Last?.Chaos,
        MaybeSent = IsResent || exchange is { MaybeSent: true },
        Context = Request?.RawContext ?? default,
        Tags = Request?.Tags ?? [],
    };
}
