using Headgate.App.Simulator;
using Headgate.Limits;
using Headgate.Time;
using Microsoft.AspNetCore.Http;

namespace Headgate.Tests.Simulator;

public sealed class AnswerStylesTests
{
    private readonly VirtualTime _time = new(new DateTimeOffset(2026, 3, 27, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Plain_says_Retry_After_in_seconds_rounded_up()
    {
        Assert.Equal("", Answer(AnswerStyle.Plain, 1, "1/min").Headers);
        Assert.Equal((429, "Retry-After: 60"), Answer(AnswerStyle.Plain, 2, "1/min"));
    }

    [Fact]
    public void None_is_a_bare_429() => Assert.Equal((429, ""), Answer(AnswerStyle.None, 2, "1/min"));

    [Fact]
    public void GitHub_tells_the_reset_as_a_second_of_the_epoch_and_refuses_its_primary_limit_with_403()
    {
        // 12:00:00 on 27 March 2026 is 1774612800.
        Assert.Equal((200, "x-ratelimit-limit: 5000, x-ratelimit-remaining: 4999, x-ratelimit-reset: 1774616400, x-ratelimit-resource: core, x-ratelimit-used: 1"), Answer(AnswerStyle.GitHub, 1, "5000/h fixed"));
        var (status, headers) = Answer(AnswerStyle.GitHub, 3, "2/h");
        Assert.Equal(403, status);
        Assert.Contains("x-ratelimit-remaining: 0", headers, StringComparison.Ordinal);
        Assert.DoesNotContain("Retry-After", headers, StringComparison.Ordinal);
    }

    [Fact]
    public void GitHub_refuses_its_secondary_limits_with_429_and_Retry_After()
    {
        var (status, headers) = Answer(AnswerStyle.GitHub, 3, "5000/h", "2/s");
        Assert.Equal(429, status);
        Assert.Contains("Retry-After: 1", headers, StringComparison.Ordinal);
    }

    [Fact]
    public void OpenAI_tells_requests_and_tokens_with_the_time_until_all_is_free()
    {
        Assert.Equal(
            (200, "x-ratelimit-limit-requests: 60, x-ratelimit-limit-tokens: 1000, x-ratelimit-remaining-requests: 59, x-ratelimit-remaining-tokens: 900, x-ratelimit-reset-requests: 1s, x-ratelimit-reset-tokens: 6s"),
            Answer(AnswerStyle.OpenAI, 1, "60 bucket 60/min", "1000 bucket 1000 tokens/min"));
        var (status, headers) = Answer(AnswerStyle.OpenAI, 61, "60 bucket 60/min");
        Assert.Equal(429, status);
        Assert.Contains("Retry-After: 1, retry-after-ms: 1000", headers, StringComparison.Ordinal);
        Assert.Contains("x-ratelimit-reset-requests: 1m0s", headers, StringComparison.Ordinal);
    }

    [Fact]
    public void Shopify_tells_how_full_its_bucket_is_and_waits_in_tenths()
    {
        Assert.Equal((200, "X-Shopify-Shop-Api-Call-Limit: 3/40"), Answer(AnswerStyle.Shopify, 3, "40 bucket 2/s"));
        Assert.Equal((429, "Retry-After: 0.5, X-Shopify-Shop-Api-Call-Limit: 40/40"), Answer(AnswerStyle.Shopify, 41, "40 bucket 2/s"));
    }

    [Fact]
    public void Ietf_lists_every_policy_with_what_is_left() => Assert.Equal(
        (429, """RateLimit: "2/s";r=0;t=1, "100/min";r=98;t=60, "5 concurrent";r=3;t=1, RateLimit-Policy: "2/s";q=2;w=1, "100/min";q=100;w=60, "5 concurrent";q=5;qu="concurrent-requests", Retry-After: 1"""),
        Answer(AnswerStyle.Ietf, 3, "2/s", "100/min", "5 concurrent"));

    [Fact]
    public void What_can_never_go_is_not_told_when()
    {
        var options = new SimulatorOptions { Limits = [Limit.Parse("10 tokens/s")] };
        var judge = new Judge(options, new SimulatorClock(_time));
        Assert.True(judge.Costs.TryRead("tokens=11", out var cost));
        var headers = new HeaderDictionary();
        AnswerStyles.WriteHeaders(AnswerStyle.Plain, headers, judge.Arrive(new Plea("GET", "/", "", null, cost, default)));
        Assert.Empty(headers);
    }

    /// <summary>Status and sorted headers of the n-th answer, when all requests come at once.</summary>
    private (int Status, string Headers) Answer(AnswerStyle style, int n, params string[] limits)
    {
        var judge = new Judge(new SimulatorOptions { Style = style, Limits = [.. limits.Select(Limit.Parse)] }, new SimulatorClock(_time));
        Assert.True(judge.Costs.TryRead("tokens=100", out var cost));
        Verdict verdict;
        do
            verdict = judge.Arrive(new Plea("GET", "/", "", null, cost, default));
        while (verdict.Number < n);
        var headers = new HeaderDictionary();
        AnswerStyles.WriteHeaders(style, headers, verdict);
        return (AnswerStyles.StatusOf(style, verdict), string.Join(", ", headers.OrderBy(header => header.Key, StringComparer.OrdinalIgnoreCase).Select(header => $"{header.Key}: {header.Value}")));
    }
}
