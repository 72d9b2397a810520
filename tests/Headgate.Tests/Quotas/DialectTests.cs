using Headgate.Quotas;
using static Headgate.Tests.Quotas.Answers;

namespace Headgate.Tests.Quotas;

/// <summary>A realistic answer for each row of the table.</summary>
public sealed class DialectTests
{
    private static void Tells(string expected, params ReadOnlySpan<string> lines) => Assert.Equal(expected, Told(Read(200, lines)));

    [Fact]
    public void Ietf_draft_tells_several_policies_with_windows_units_and_what_is_left() => Tells(
        "burst 50/100 requests in 31s more per 60s; daily /1000 requests per 86400s; bytes 65000/65535 content_bytes per 10s; open 3/5 requests at once",
        """RateLimit-Policy: "burst";q=100;w=60,"daily";q=1000;w=86400""", """RateLimit-Policy: "bytes";q=65535;qu="content-bytes";w=10;pk=:sdfjLJUOUH==:, open;q=5;qu="concurrent-requests" """,
        """RateLimit: "burst";r=50;t=30, "bytes";r=65000, open;r=3""");

    [Fact]
    public void Ietf_draft_of_one_policy_may_call_it_two_things_and_without_one_stands_alone()
    {
        Tells("quota 0/100 requests in 2s more per 1s", "RateLimit-Policy: quota;q=100;w=1", """RateLimit: "default";r=0;t=1""");
        Tells("default 50/ requests in 31s more", """RateLimit: "default";r=50;t=30""");
    }

    [Fact]
    public void Ietf_draft_that_is_malformed_is_ignored_as_a_whole()
    {
        Tells("", """RateLimit: "default";r=50;t=30,""");
        Tells("", """RateLimit: "default;r=50;t=30""", """RateLimit-Policy: "default";q=""");
        Tells("p /10 requests per 1s", """RateLimit: "p";r=5;T=1""", """RateLimit-Policy: "p";q=10;w=1""");
    }

    [Fact]
    public void Ietf_drafts_6_and_7_have_members_and_policies_without_names() => Tells(
        "10;w=1 10/10 requests in 5s per 1s; 50;w=60 /50 requests per 60s",
        "RateLimit: limit=10, remaining=10, reset=4", "RateLimit-Policy: 10;w=1, 50;w=60");

    [Fact]
    public void Ietf_drafts_up_to_5_have_three_headers_and_the_window_among_the_policies()
    {
        Tells("requests 40/100 requests in 8s per 10s", "RateLimit-Limit: 100, 100;w=10, 1000;w=3600", "RateLimit-Remaining: 40", "RateLimit-Reset: 7");
        Tells("100;w=10 40/100 requests in 8s per 10s", "RateLimit-Policy: 100;w=10", "RateLimit-Limit: 100", "RateLimit-Remaining: 40", "RateLimit-Reset: 7");
    }

    [Fact]
    public void GitHub_tells_an_instant_of_the_epoch_and_which_resource()
    {
        var report = Read(200, "x-ratelimit-limit: 5000", "x-ratelimit-remaining: 4987", "x-ratelimit-used: 13", "x-ratelimit-reset: 1795834800", "x-ratelimit-resource: core");
        Assert.Equal("requests 4987/5000 requests in 3601s", Told(report));
        Assert.Equal("core", report.Resource);
    }

    [Fact]
    public void GitHub_refuses_its_primary_limit_with_403_and_nothing_left()
    {
        var report = Read(403, "x-ratelimit-limit: 60", "x-ratelimit-remaining: 0", "x-ratelimit-reset: 1795831260", "x-ratelimit-resource: core");
        Assert.Equal((true, TimeSpan.FromSeconds(61)), (report.Refused, report.Pause));
        Assert.False(Read(403, "x-ratelimit-limit: 60", "x-ratelimit-remaining: 59", "x-ratelimit-reset: 1795831260").Refused);
    }

    [Fact]
    public void OpenAI_tells_durations_of_go_until_all_is_back()
    {
        Tells(
            "requests 59/60 requests in 1.001s full; tokens 149984/150000 tokens in 360.001s full",
            "x-ratelimit-limit-requests: 60", "x-ratelimit-remaining-requests: 59", "x-ratelimit-reset-requests: 1s",
            "x-ratelimit-limit-tokens: 150000", "x-ratelimit-remaining-tokens: 149984", "x-ratelimit-reset-tokens: 6m0s");
        var refusal = Read(429, "x-ratelimit-limit-requests: 60", "x-ratelimit-remaining-requests: 0", "x-ratelimit-reset-requests: 1m0s", "x-should-retry: true");
        // One of sixty is back after a sixtieth.
        Assert.Equal((true, true, TimeSpan.FromTicks(10_000_167)), (refusal.Refused, refusal.ShouldRetry, refusal.Pause));
    }

    [Fact]
    public void Azure_OpenAI_tells_whole_seconds_or_that_it_does_not_know()
    {
        Tells("tokens 119500/120000 tokens in 2s full", "x-ratelimit-limit-tokens: 120000", "x-ratelimit-remaining-tokens: 119500", "x-ratelimit-reset-tokens: 1");
        Tells("", "x-ratelimit-limit-requests: -1", "x-ratelimit-remaining-requests: -1", "x-ratelimit-reset-requests: 0", "x-ratelimit-limit-tokens: -1", "x-ratelimit-remaining-tokens: -1");
    }

    [Fact]
    public void Anthropic_tells_instants_of_rfc_3339() => Tells(
        "requests 49/50 requests in 2s full; tokens 90000/100000 tokens in 7s full; input_tokens 39000/40000 input_tokens in 3s full; output_tokens 8000/8000 output_tokens in 0s full",
        "anthropic-ratelimit-requests-limit: 50", "anthropic-ratelimit-requests-remaining: 49", "anthropic-ratelimit-requests-reset: 2026-11-28T02:00:01Z",
        "anthropic-ratelimit-tokens-limit: 100000", "anthropic-ratelimit-tokens-remaining: 90000", "anthropic-ratelimit-tokens-reset: 2026-11-28T02:00:06Z",
        "anthropic-ratelimit-input-tokens-limit: 40000", "anthropic-ratelimit-input-tokens-remaining: 39000", "anthropic-ratelimit-input-tokens-reset: 2026-11-28T02:00:02Z",
        "anthropic-ratelimit-output-tokens-limit: 8000", "anthropic-ratelimit-output-tokens-remaining: 8000", "anthropic-ratelimit-output-tokens-reset: 2026-11-28T01:59:59Z");

    [Fact]
    public void Anthropic_unified_tells_when_the_windows_end_and_whether_they_are_used_up()
    {
        string[] headers = ["anthropic-ratelimit-unified-status: rejected", "anthropic-ratelimit-unified-reset: 1795834800", "anthropic-ratelimit-unified-5h-status: rejected", "anthropic-ratelimit-unified-5h-reset: 1795834800", "anthropic-ratelimit-unified-7d-status: allowed", "anthropic-ratelimit-unified-7d-reset: 1796000000"];
        Tells("unified 0/ requests in 3601s; unified_5h 0/ requests in 3601s per 18000s; unified_7d / requests in 168801s per 604800s", headers);
        Assert.Equal(TimeSpan.FromSeconds(3601), Read(429, headers).Pause);
    }

    [Fact]
    public void X_tells_instants_with_another_hyphen_and_a_window_of_a_day() => Tells(
        "requests 847/900 requests in 901s; user_24hour 99/100 requests in 86401s per 86400s; app_24hour 4999/5000 requests in 86401s per 86400s",
        "x-rate-limit-limit: 900", "x-rate-limit-remaining: 847", "x-rate-limit-reset: 1795832100",
        "x-user-limit-24hour-limit: 100", "x-user-limit-24hour-remaining: 99", "x-user-limit-24hour-reset: 1795917600",
        "x-app-limit-24hour-limit: 5000", "x-app-limit-24hour-remaining: 4999", "x-app-limit-24hour-reset: 1795917600");

    [Fact]
    public void Prisjakt_tells_milliseconds_by_the_same_names() => Tells("requests 0/10000 requests in 600.001s", "X-Rate-Limit-Limit: 10000", "X-Rate-Limit-Remaining: 0", "X-Rate-Limit-Reset: 600000");

    [Fact]
    public void Reddit_tells_what_is_used_a_fraction_of_what_is_left_and_seconds() => Tells("requests 598/600 requests in 182s", "x-ratelimit-used: 2", "x-ratelimit-remaining: 598.0", "x-ratelimit-reset: 181");

    [Fact]
    public void Discord_tells_a_bucket_and_seconds_with_a_fraction()
    {
        string[] headers = ["X-RateLimit-Limit: 5", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1795831201.470", "X-RateLimit-Reset-After: 1.470", "X-RateLimit-Bucket: abcd1234"];
        Tells("requests 0/5 requests in 1.471s", headers);
        var refusal = Read(429, [.. headers, "Retry-After: 65", "X-RateLimit-Global: true", "X-RateLimit-Scope: global"]);
        Assert.Equal(("abcd1234", true, TimeSpan.FromSeconds(65)), (refusal.Resource, refusal.IsGlobal, refusal.Pause));
        Assert.False(Read(429, [.. headers, "X-RateLimit-Scope: shared"]).IsGlobal);
    }

    [Fact]
    public void Shopify_tells_how_full_its_bucket_is_which_drains_in_twenty_seconds()
    {
        Tells("requests 8/40 requests +2/s", "X-Shopify-Shop-Api-Call-Limit: 32/40");
        Assert.Equal(TimeSpan.FromSeconds(2), Read(429, "X-Shopify-Shop-Api-Call-Limit: 40/40", "Retry-After: 2.0").Pause);
    }

    [Fact]
    public void Stripe_tells_only_which_kind_of_limit_refused()
    {
        var report = Read(429, "Stripe-Rate-Limited-Reason: endpoint-concurrency", "Stripe-Should-Retry: false");
        Assert.Equal("endpoint-concurrency / requests at once", Told(report));
        Assert.Equal((true, false, null), (report.Refused, report.ShouldRetry, report.Pause));
    }

    [Fact]
    public void GitLab_tells_an_instant_where_the_drafts_have_seconds()
    {
        var report = Read(200, "RateLimit-Limit: 60", "RateLimit-Name: throttle_authenticated_web", "RateLimit-Observed: 67", "RateLimit-Remaining: 0", "RateLimit-Reset: 1795831230", "RateLimit-ResetTime: Sat, 28 Nov 2026 02:00:30 GMT");
        Assert.Equal("requests 0/60 requests in 31s", Told(report));
        Assert.Equal("throttle_authenticated_web", report.Resource);
    }

    [Fact]
    public void Atlassian_tells_the_minute() => Tells("requests 10/350 requests in 3660s", "X-RateLimit-Limit: 350", "X-RateLimit-Remaining: 10", "X-RateLimit-Reset: 2026-11-28T03:00Z", "X-RateLimit-NearLimit: true");

    [Fact]
    public void Lemlist_tells_the_date_of_a_script() =>
        Tells("requests 7/20 requests in 3s", "Retry-After: 2", "X-RateLimit-Limit: 20", "X-RateLimit-Remaining: 7", "X-RateLimit-Reset: Sat Nov 28 2026 03:00:02 GMT+0100 (Central European Standard Time)");

    [Fact]
    public void Envoy_tells_its_windows_beside_the_limit() => Tells("requests 9/10 requests in 2s per 1s", """x-ratelimit-limit: 10, 10;w=1;name="a", 1000;w=3600""", "x-ratelimit-remaining: 9", "x-ratelimit-reset: 1");

    [Fact]
    public void Kong_tells_a_limit_for_each_period() => Tells(
        "minute 19/20 requests per 60s; hour 499/500 requests per 3600s",
        "X-RateLimit-Limit-Minute: 20", "X-RateLimit-Remaining-Minute: 19", "X-RateLimit-Limit-Hour: 500", "X-RateLimit-Remaining-Hour: 499", "RateLimit-Limit: 20", "RateLimit-Remaining: 19", "RateLimit-Reset: 42");

    [Fact]
    public void Azure_resource_manager_tells_only_what_is_left() => Tells(
        "subscription-reads 11999/ requests; Microsoft.Compute/GetVMScaleSet3Min 197/ requests; Microsoft.Compute/GetVMScaleSet30Min 1297/ requests",
        "x-ms-ratelimit-remaining-subscription-reads: 11999", "x-ms-ratelimit-remaining-resource: Microsoft.Compute/GetVMScaleSet3Min;197,Microsoft.Compute/GetVMScaleSet30Min;1297");

    [Fact]
    public void Microsoft_graph_counts_units_that_requests_differ_in() => Tells("resource_units 300/1200 resource_units in 31s",
        "x-ms-ags-diagnostic: {}", "RateLimit-Limit: 1200", "RateLimit-Remaining: 300", "RateLimit-Reset: 30");

    [Fact]
    public void HubSpot_tells_its_window_and_its_day() => Tells(
        "requests 98/100 requests per 10s; daily 249000/250000 requests per 86400s",
        "X-HubSpot-RateLimit-Max: 100", "X-HubSpot-RateLimit-Remaining: 98", "X-HubSpot-RateLimit-Interval-Milliseconds: 10000", "X-HubSpot-RateLimit-Daily: 250000", "X-HubSpot-RateLimit-Daily-Remaining: 249000");

    [Fact]
    public void Salesforce_tells_a_day_in_one_word() => Tells("api_usage 4982/5000 requests per 86400s", "Sforce-Limit-Info: api-usage=18/5000");

    [Fact]
    public void Brevo_tells_seconds() => Tells("requests 999/1000 requests in 13s", "x-sib-ratelimit-limit: 1000", "x-sib-ratelimit-remaining: 999", "x-sib-ratelimit-reset: 12");

    [Fact]
    public void Akamai_tells_when_the_next_may_come() => Tells("requests 0/50 requests in 3.001s more", "X-RateLimit-Limit: 50", "X-RateLimit-Remaining: 0", "X-RateLimit-Next: 2026-11-28T02:00:03.000Z");

    [Theory]
    [InlineData(60, "X-RateLimit-Retry-After: 60", "X-RateLimit-Limit: 60", "X-RateLimit-Remaining: 0")]
    [InlineData(30, "Retry-After: 30")]
    [InlineData(90, "Retry-After: Sat, 28 Nov 2026 02:01:30 GMT")]
    [InlineData(0.65, "retry-after-ms: 650", "Retry-After: 1")]
    [InlineData(20, "retry-after-ms: 650", "Retry-After: 20")]
    [InlineData(1.5, "x-amz-retry-after: 1500")]
    [InlineData(2.25, "x-ms-retry-after-ms: 2250")]
    [InlineData(9, "Retry-After: 3", "Retry-After: soon", "Retry-After: 9")]
    internal void A_wait_is_read_in_every_name_it_has_and_the_longest_counts(double seconds, params string[] lines) =>
        Assert.Equal((true, TimeSpan.FromSeconds(seconds)), (Read(429, lines).Refused, Read(429, lines).Pause));

    [Theory]
    [InlineData(400, true)]
    [InlineData(503, true)]
    [InlineData(200, false)]
    public void Aws_names_the_error_that_tells_of_throttling(int status, bool refused)
    {
        Assert.Equal(refused, Read(status, "x-amzn-errortype: ThrottlingException:http://internal.amazon.com/coral/com.amazon.coral.availability/").Refused);
        Assert.False(Read(status, "x-amzn-errortype: ValidationException").Refused);
    }

    [Fact]
    public void A_wait_wins_over_a_reset_and_a_reset_counts_only_where_nothing_is_left()
    {
        Assert.Equal(TimeSpan.FromSeconds(5), Read(429, "Retry-After: 5", "x-ratelimit-limit: 60", "x-ratelimit-remaining: 0", "x-ratelimit-reset: 1795831260").Pause);
        Assert.Null(Read(429, "x-ratelimit-limit: 60", "x-ratelimit-remaining: 1", "x-ratelimit-reset: 1795831260").Pause);
    }

    [Fact]
    public void A_good_answer_asks_nobody_to_wait() => Assert.Null(Read(200, "Retry-After: 5", "x-ratelimit-limit: 60", "x-ratelimit-remaining: 0", "x-ratelimit-reset: 1795831260").Pause);

    [Fact]
    public void An_answer_of_a_cache_tells_nothing_of_now()
    {
        Tells("", "Age: 12", "x-ratelimit-limit: 60", "x-ratelimit-remaining: 3", "x-ratelimit-reset: 1795831260");
        Tells("requests 3/60 requests in 61s", "Age: 0", "x-ratelimit-limit: 60", "x-ratelimit-remaining: 3", "x-ratelimit-reset: 1795831260");
    }

    [Fact]
    public void Nothing_is_told_where_nothing_speaks_of_limits_and_nothing_is_allocated()
    {
        var headers = Headers($"Date: {Date}", "Server: nginx", "X-Request-Id: 4711", "Cache-Control: no-store", "Vary: Accept", "X-Frame-Options: DENY", "ETag: \"a\"");
        Assert.Same(QuotaReport.None, QuotaReader.Read(200, headers, Now));
        Assert.Same(QuotaReport.BareRefusal, QuotaReader.Read(429, headers, Now));
        Assert.Equal(0, Allocated.Least(() =>
        {
            for (var i = 0; i < 100; i++)
                QuotaReader.Read(200, headers, Now);
        }));
    }

    [Fact]
    public void What_one_answer_told_is_not_read_of_the_next()
    {
        Read(200, "x-ratelimit-limit: 60", "x-ratelimit-remaining: 3", "x-ratelimit-resource: core");
        Tells("requests 3/ requests", "x-ratelimit-remaining: 3");
    }

    [Fact]
    public void Reading_leaves_the_headers_as_they_came()
    {
        var headers = Headers("Date: not a date", "Retry-After:  3 ,x", "Age: x");
        QuotaReader.Read(429, headers, Now);
        Assert.Equal([" 3 ,x", "x", "not a date"], [headers.NonValidated["Retry-After"].ToString(), headers.NonValidated["Age"].ToString(), headers.NonValidated["Date"].ToString()]);
    }
}
