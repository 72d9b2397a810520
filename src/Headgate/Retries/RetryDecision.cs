namespace Headgate.Retries;

/// <summary>What becomes of a request after an attempt.</summary>
internal enum RetryKind
{
    /// <summary>The answer is the result.</summary>
    Done,

    /// <summary>Another attempt, charged to its retries and to the budget, not before <see cref="RetryDecision.Until"/>.</summary>
    Retry,

    /// <summary>Back to the gate, counted as a hold and not charged, not before <see cref="RetryDecision.Until"/>.</summary>
    Hold,

    /// <summary>It has failed; an answer, if there is one, is kept.</summary>
    Fail,
}

/// <summary>The decision after an attempt, with its reason.</summary>
internal readonly record struct RetryDecision
{
    public RetryKind Kind { get; init; }

    /// <summary>For <see cref="RetryKind.Retry"/> and <see cref="RetryKind.Hold"/>: when at the earliest, in monotonic nanoseconds. Of a refusal by a limit, whatever the kind: until when nobody should go.</summary>
    public long Until { get; init; }

    /// <summary>For <see cref="RetryKind.Fail"/> its class; for <see cref="RetryKind.Done"/> <see cref="FailureClass.None"/>, or <see cref="FailureClass.Client"/> for 3xx and 4xx.</summary>
    public FailureClass Class { get; init; }

    /// <summary>For <see cref="RetryKind.Fail"/>: why, and why it is not tried again, for people.</summary>
    public string? Detail { get; init; }

    /// <summary>For <see cref="RetryKind.Fail"/>: the server may have acted on the last attempt.</summary>
    public bool MaybeSent { get; init; }
}
