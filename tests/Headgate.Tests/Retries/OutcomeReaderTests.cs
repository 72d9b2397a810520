using System.Net;
using Headgate.Quotas;
using Headgate.Retries;

namespace Headgate.Tests.Retries;

public sealed class OutcomeReaderTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 6, 8, 49, 37, TimeSpan.Zero);

    private static HttpResponseMessage Answer(int status, params (string Name, string Value)[] headers)
    {
        var answer = new HttpResponseMessage((HttpStatusCode)status);
        foreach (var (name, value) in headers)
            answer.Headers.TryAddWithoutValidation(name, value);
        return answer;
    }

    private static QuotaReport Told(HttpResponseMessage answer) => QuotaReader.Read((int)answer.StatusCode, answer.Headers, Now);

    [Theory]
    [InlineData(200, true)]
    [InlineData(304, true)]
    [InlineData(404, true)]
    [InlineData(429, true)]
    [InlineData(500, true)]
    [InlineData(503, true)]
    [InlineData(408, false)]
    [InlineData(502, false)]
    [InlineData(504, false)]
    [InlineData(103, false)]
    public void An_answer_proves_arrival_unless_an_intermediary_may_have_spoken_it(int status, bool bounds)
    {
        var outcome = OutcomeReader.Read(status);
        Assert.Equal((status, FailureClass.None, true, bounds), (outcome.Status, outcome.Class, outcome.Sent, outcome.BoundsArrival));
    }

    [Theory]
    [InlineData(429, null, true)]
    [InlineData(429, "5", true)]
    [InlineData(503, "5", true)]
    [InlineData(503, null, false)]
    [InlineData(503, "soon", false)]
    [InlineData(403, "5", true)]
    [InlineData(403, null, false)]
    [InlineData(500, "5", false)]
    public void A_refusal_by_limit_is_429_or_503_or_403_with_retry_after(int status, string? retryAfter, bool refused) =>
        Assert.Equal(refused, Told(retryAfter is null ? Answer(status) : Answer(status, ("Retry-After", retryAfter))).Refused);

    [Fact]
    public void A_date_is_read_against_the_answers_own_clock() =>
        Assert.Equal(TimeSpan.FromSeconds(30), Told(Answer(503, ("Date", "Thu, 01 Jan 1998 00:00:00 GMT"), ("Retry-After", "Thu, 01 Jan 1998 00:00:30 GMT"))).Pause);

    [Fact]
    public void Of_several_values_the_longest_that_can_be_read_counts() =>
        Assert.Equal(TimeSpan.FromSeconds(9), Told(Answer(429, ("Retry-After", "3"), ("Retry-After", "soon"), ("Retry-After", "9"))).Pause);

    [Fact]
    public void Reading_leaves_the_headers_as_they_came()
    {
        var answer = Answer(429, ("Retry-After", " 3 ,x"), ("Date", "not a date"));
        Told(answer);
        Assert.Equal(" 3 ,x", answer.Headers.NonValidated["Retry-After"].ToString());
        Assert.Equal("not a date", answer.Headers.NonValidated["Date"].ToString());
    }
}
