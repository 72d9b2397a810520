using Headgate.Jobs;

namespace Headgate.Tests.Jobs;

public sealed class JobOutcomeTests
{
    [Theory]
    [InlineData(200, FailureClass.None, JobStatus.Completed, true, FailureClass.None)]
    [InlineData(299, FailureClass.None, JobStatus.Completed, true, FailureClass.None)]
    [InlineData(304, FailureClass.None, JobStatus.Completed, false, FailureClass.Client)]
    [InlineData(404, FailureClass.None, JobStatus.Completed, false, FailureClass.Client)]
    [InlineData(429, FailureClass.None, JobStatus.Failed, false, FailureClass.RateLimit)]
    [InlineData(429, FailureClass.RateLimit, JobStatus.Failed, false, FailureClass.RateLimit)]
    [InlineData(500, FailureClass.None, JobStatus.Failed, false, FailureClass.Server)]
    [InlineData(503, FailureClass.Server, JobStatus.Failed, false, FailureClass.Server)]
    [InlineData(200, FailureClass.Timeout, JobStatus.Timeout, false, FailureClass.Timeout)]
    [InlineData(200, FailureClass.RateLimit, JobStatus.Failed, false, FailureClass.RateLimit)]
    [InlineData(200, FailureClass.Invalid, JobStatus.Failed, false, FailureClass.Invalid)]
    [InlineData(null, FailureClass.Network, JobStatus.Failed, false, FailureClass.Network)]
    [InlineData(null, FailureClass.Proxy, JobStatus.Failed, false, FailureClass.Proxy)]
    [InlineData(null, FailureClass.Auth, JobStatus.Failed, false, FailureClass.Auth)]
    [InlineData(null, FailureClass.CircuitOpen, JobStatus.Failed, false, FailureClass.CircuitOpen)]
    [InlineData(null, FailureClass.Blocked, JobStatus.Failed, false, FailureClass.Blocked)]
    [InlineData(null, FailureClass.MaybeSent, JobStatus.Failed, false, FailureClass.MaybeSent)]
    [InlineData(null, FailureClass.Timeout, JobStatus.Timeout, false, FailureClass.Timeout)]
    [InlineData(503, FailureClass.Deadline, JobStatus.Timeout, false, FailureClass.Deadline)]
    [InlineData(null, FailureClass.Cancelled, JobStatus.Cancelled, false, FailureClass.Cancelled)]
    public void The_table_of_answers(int? code, FailureClass failure, JobStatus status, bool ok, FailureClass found) =>
        Assert.Equal(new JobOutcome(status, ok, found), JobOutcome.Of(code, failure));

    [Theory]
    [InlineData(404, FailureClass.None, true)]
    [InlineData(404, FailureClass.Client, true)]
    [InlineData(503, FailureClass.Server, true)]
    [InlineData(429, FailureClass.RateLimit, true)]
    [InlineData(404, FailureClass.Timeout, false)]
    [InlineData(200, FailureClass.RateLimit, false)]
    [InlineData(410, FailureClass.None, false)]
    public void An_expected_status_is_ok_unless_the_failure_says_more(int code, FailureClass failure, bool ok) =>
        Assert.Equal((ok, ok), (JobOutcome.Of(code, failure, [200, 404, 429, 503]).Ok, JobOutcome.Of(code, failure, [299], [200, 404, 429, 503]).Ok));

    [Fact]
    public void Names_are_in_snake_case()
    {
        Assert.Equal(
            ["none", "network", "timeout", "rate_limit", "server", "client", "circuit_open", "proxy", "auth", "deadline", "cancelled", "blocked", "invalid", "maybe_sent"],
            Enum.GetValues<FailureClass>().Select(WireNames.Of));
        Assert.Equal(
            ["pending", "queued", "processing", "retrying", "rate_limited", "completed", "failed", "timeout", "cancelled"],
            Enum.GetValues<JobStatus>().Select(WireNames.Of));
        Assert.Equal(
            ["id", "custom_id", "url", "method", "headers", "params", "data", "body_base64", "body_file", "priority", "timeout", "retries", "retry_delay", "context", "tags", "tenant", "queue", "not_before", "start_by", "deadline", "idempotency_key", "cost", "country", "expect", "callback"],
            JobFieldNames.All);
    }
}
