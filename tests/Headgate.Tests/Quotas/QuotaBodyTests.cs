using System.Text;
using Headgate.Quotas;
using static Headgate.Tests.Quotas.Answers;

namespace Headgate.Tests.Quotas;

public sealed class QuotaBodyTests
{
    private static QuotaReport ReadBody(int status, string body, QuotaReport? report = null) => QuotaBody.Read(Encoding.UTF8.GetBytes(body), status, report ?? (status == 429 ? QuotaReport.BareRefusal : QuotaReport.None));

    [Fact]
    public void Google_tells_the_wait_in_the_details_of_its_error()
    {
        var report = ReadBody(429, """{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3.5s"}]}}""");
        Assert.Equal((true, TimeSpan.FromSeconds(3.5)), (report.Refused, report.Pause));
        Assert.True(ReadBody(403, """{"error":{"errors":[{"domain":"usageLimits","reason":"userRateLimitExceeded"}],"code":403}}""").Refused);
    }

    [Fact]
    public void Discord_tells_the_wait_with_a_fraction_and_whether_all_is_concerned()
    {
        var report = ReadBody(429, """{"message":"You are being rate limited.","retry_after":64.57,"global":true}""");
        Assert.Equal((TimeSpan.FromMilliseconds(64_570), true), (report.Pause, report.IsGlobal));
    }

    [Fact]
    public void GitHub_tells_of_a_secondary_limit_in_words_and_wants_a_minute()
    {
        const string Body = """{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again.","documentation_url":"https://docs.github.com/"}""";
        Assert.Equal((true, TimeSpan.FromSeconds(60)), (ReadBody(403, Body).Refused, ReadBody(403, Body).Pause));
        Assert.Equal(TimeSpan.FromSeconds(5), ReadBody(403, Body, Read(403, "Retry-After: 5")).Pause);
    }

    [Fact]
    public void GitHubs_graphql_refuses_with_200()
    {
        var headers = Read(200, "x-ratelimit-limit: 5000", "x-ratelimit-remaining: 0", "x-ratelimit-used: 5000", "x-ratelimit-reset: 1795831260", "x-ratelimit-resource: graphql");
        var report = ReadBody(200, """{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}""", headers);
        Assert.Equal((true, TimeSpan.FromSeconds(61)), (report.Refused, report.Pause));
    }

    [Fact]
    public void Shopifys_graphql_tells_its_bucket_of_points_and_refuses_with_200()
    {
        const string Cost = """ "extensions":{"cost":{"requestedQueryCost":202,"actualQueryCost":46,"throttleStatus":{"maximumAvailable":1000.0,"currentlyAvailable":2,"restoreRate":50.0}}}}""";
        var good = ReadBody(200, """{"data":{"shop":{"code":"THROTTLED","errors":{"type":"RATE_LIMITED"}}},""" + Cost);
        Assert.Equal("points 2/1000 points +50/s", Told(good));
        Assert.Equal((false, 46), (good.Refused, good.ActualPoints));
        var refusal = ReadBody(200, """{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],""" + Cost);
        Assert.Equal((true, TimeSpan.FromSeconds(4)), (refusal.Refused, refusal.Pause));
    }

    [Theory]
    [InlineData("""{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"…"}""", true)]
    [InlineData("""{"code":"ThrottlingException"}""", true)]
    [InlineData("""<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>""", true)]
    [InlineData("""<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>""", true)]
    [InlineData("""{"__type":"ValidationException","message":"SlowDown"}""", false)]
    [InlineData("""<Error><Code>NoSuchKey</Code></Error>""", false)]
    public void Aws_throttles_by_codes_in_answers_of_400_and_503(string body, bool refused)
    {
        Assert.Equal(refused, ReadBody(400, body).Refused);
        Assert.Equal(refused, ReadBody(503, body).Refused);
    }

    [Theory]
    [InlineData("you are doing that too much. try again in 3 minutes.", 181)]
    [InlineData("Looks like you've been doing that a lot. Try again in 9 seconds.", 10)]
    [InlineData("Rate limit reached. Please try again in 6m0s. Visit us.", 361)]
    [InlineData("Please try again in 1.5s.", 2.5)]
    [InlineData("Please try again in 20ms.", 1.02)]
    public void A_wait_in_words_is_read_and_a_second_added_since_it_is_cut_off(string words, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), ReadBody(429, $$$"""{"error":{"message":"{{{words}}}"}}""").Pause);

    [Fact]
    public void Reddit_says_so_in_a_list() =>
        Assert.Equal((true, TimeSpan.FromSeconds(181)), (ReadBody(200, """{"json":{"errors":[["RATELIMIT","try again in 3 minutes","ratelimit"]]}}""") is var report && report.Refused, report.Pause));

    [Fact]
    public void A_wait_in_the_headers_wins() => Assert.Equal(TimeSpan.FromSeconds(5), ReadBody(429, """{"retry_after":1.5}""", Read(429, "Retry-After: 5")).Pause);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("rate limited")]
    [InlineData("<html><body>Too many</body></html>")]
    [InlineData("{\"error\":")]
    [InlineData("{\"retry_after\":\"soon\"}")]
    public void A_body_that_tells_nothing_changes_nothing(string body)
    {
        Assert.Equal(QuotaReport.BareRefusal, ReadBody(429, body));
        Assert.Equal(QuotaReport.None, ReadBody(200, body));
    }

    [Fact]
    public void A_body_cut_off_tells_what_came_before() => Assert.Equal(TimeSpan.FromSeconds(2), ReadBody(429, """{"retry_after":2,"message":"You are being ra""").Pause);

    [Fact]
    public void A_body_of_any_depth_is_read_no_deeper_than_is_sensible() => Assert.Null(ReadBody(429, string.Concat(Enumerable.Repeat("{\"error\":[", 100_000))).Pause);

    [Theory]
    [InlineData(429, "application/json", true)]
    [InlineData(403, "application/problem+json; charset=utf-8", true)]
    [InlineData(503, "text/xml", true)]
    [InlineData(400, null, true)]
    [InlineData(429, "text/html", false)]
    [InlineData(404, "application/json", false)]
    [InlineData(200, "application/json", false)]
    [InlineData(200, "application/json", true, "/admin/api/2026-01/graphql.json")]
    [InlineData(200, "application/graphql-response+json", true)]
    [InlineData(200, "text/html", false, "/graphql")]
    public void Only_a_body_that_may_tell_something_is_worth_reading(int status, string? type, bool worth, string? path = null) =>
        Assert.Equal(worth, QuotaBody.IsWorthReading(status, type, QuotaReport.None, path));

    [Fact]
    public void A_body_is_not_worth_reading_when_the_headers_told_the_wait() => Assert.False(QuotaBody.IsWorthReading(429, "application/json", Read(429, "Retry-After: 5")));
}
