using System.Collections.Frozen;

namespace Headgate.Quotas;

/// <summary>The words by which errors say that a limit was met, whatever the status of the answer.</summary>
internal static class ThrottleCodes
{
    private static readonly FrozenSet<string> Codes = new[]
    {
        // AWS, as its SDKs take them; a request is not refused for a limit by the one they add for transactions in progress.
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled", "TooManyRequestsException",
        "ProvisionedThroughputExceededException", "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown",
        "PriorRequestNotComplete", "EC2ThrottledException",
        // Google: google.rpc.Code, and the reasons of the older errors.
        "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded",
        // GraphQL of GitHub and Shopify; Reddit.
        "RATE_LIMITED", "THROTTLED", "RATELIMIT",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Spans = Codes.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Whether a code is one of them, also as <c>com.amazonaws.dynamodb.v20120810#ThrottlingException</c> or <c>ThrottlingException:http://…</c>.</summary>
    public static bool Contains(ReadOnlySpan<char> code)
    {
        if (code.IndexOf(':') is > 0 and var end)
            code = code[..end];
        return Spans.Contains(code[(code.LastIndexOf('#') + 1)..]);
    }
}
