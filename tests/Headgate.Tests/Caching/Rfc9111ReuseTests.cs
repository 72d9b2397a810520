using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>RFC 9111 §4, §5.2, with RFC 5861 and RFC 8246: when a stored answer is the answer.</summary>
public sealed class Rfc9111ReuseTests
{
    private const string Long = "Cache-Control: max-age=100";

    // What is stored, so many seconds ago; what is asked; what is done, and why.
    [Theory]
    [InlineData("§4: fresh", "", Long, 50, "", "Serve None")]
    [InlineData("§4: stale, with a validator", "", "Cache-Control: max-age=100 | ETag: \"a\"", 100, "", "Validate Stale")]
    [InlineData("§4: stale, without one", "", Long, 100, "", "Forward Stale")]
    [InlineData("§5.2.1.1: young enough", "", Long, 10, "Cache-Control: max-age=10", "Serve None")]
    [InlineData("§5.2.1.1: not young enough", "", Long, 11, "Cache-Control: max-age=10", "Forward Request")]
    [InlineData("§5.2.1.1: not young enough when it came", "", "Cache-Control: max-age=100 | Age: 50", 1, "Cache-Control: max-age=10", "Forward Request")]
    [InlineData("§5.2.1.1: max-age=0 wants it validated", "", "Cache-Control: max-age=100 | ETag: \"a\"", 1, "Cache-Control: max-age=0", "Validate Request")]
    [InlineData("§5.2.1.1: no number is 0", "", Long, 1, "Cache-Control: max-age=x", "Forward Request")]
    [InlineData("§5.2.1.2: stale by no more than that", "", Long, 110, "Cache-Control: max-stale=10", "Serve None")]
    [InlineData("§5.2.1.2: stale by more", "", Long, 111, "Cache-Control: max-stale=10", "Forward Stale")]
    [InlineData("§5.2.1.2: however stale", "", Long, 100_000, "Cache-Control: max-stale", "Serve None")]
    [InlineData("§5.2.1.2: no number is nothing", "", Long, 101, "Cache-Control: max-stale=x", "Forward Stale")]
    [InlineData("§5.2.1.2: must-revalidate forbids it", "", "Cache-Control: max-age=100, must-revalidate", 101, "Cache-Control: max-stale", "Forward Stale")]
    [InlineData("§5.2.1.2: s-maxage forbids it in a shared cache", "shared", "Cache-Control: s-maxage=100", 101, "Cache-Control: max-stale", "Forward Stale")]
    [InlineData("§5.2.1.2: together with max-age", "", Long, 105, "Cache-Control: max-age=10, max-stale=10", "Forward Request")]
    [InlineData("§5.2.1.3: fresh for long enough", "", Long, 50, "Cache-Control: min-fresh=50", "Serve None")]
    [InlineData("§5.2.1.3: not fresh for long enough", "", Long, 51, "Cache-Control: min-fresh=50", "Forward Request")]
    [InlineData("§5.2.1.4: no-cache", "", "Cache-Control: max-age=100 | ETag: \"a\"", 1, "Cache-Control: no-cache", "Validate Request")]
    [InlineData("§5.2.1.4: no-cache without a validator", "", Long, 1, "Cache-Control: No-Cache", "Forward Request")]
    [InlineData("§5.4: Pragma where Cache-Control is absent", "", Long, 1, "Pragma: no-cache", "Forward Request")]
    [InlineData("§5.4: Pragma beside Cache-Control", "", Long, 1, "Pragma: no-cache | Cache-Control: foo", "Serve None")]
    [InlineData("§5.4: another Pragma", "", Long, 1, "Pragma: foo", "Serve None")]
    [InlineData("§5.2.1.5: no-store goes past", "", Long, 1, "Cache-Control: no-store", "Forward Request")]
    [InlineData("§5.2.1.7: only-if-cached, stored", "", Long, 1, "Cache-Control: only-if-cached", "Serve None")]
    [InlineData("§5.2.1.7: only-if-cached, stale", "", Long, 100, "Cache-Control: only-if-cached", "Refuse Stale")]
    [InlineData("§5.2.1.7: only-if-cached, stale but taken", "", Long, 100, "Cache-Control: only-if-cached, max-stale", "Serve None")]
    [InlineData("§5.2.2.2: must-revalidate, fresh", "", "Cache-Control: max-age=100, must-revalidate", 50, "", "Serve None")]
    [InlineData("§5.2.2.4: no-cache of the answer", "", "Cache-Control: max-age=100, no-cache | ETag: \"a\"", 1, "", "Validate Stale")]
    [InlineData("§5.2.2.4: no-cache of some fields", "", "Cache-Control: max-age=100, no-cache=\"x\" | ETag: \"a\"", 1, "", "Serve None")]
    [InlineData("§5.2.2.8: proxy-revalidate in a shared cache", "shared", "Cache-Control: max-age=100, proxy-revalidate", 101, "Cache-Control: max-stale", "Forward Stale")]
    [InlineData("§5.2.2.8: proxy-revalidate in a private cache", "", "Cache-Control: max-age=100, proxy-revalidate", 101, "Cache-Control: max-stale", "Serve None")]
    [InlineData("§4.3.2: If-Match is for the API", "", "Cache-Control: max-age=100 | ETag: \"a\"", 1, "If-Match: \"a\"", "Forward Request")]
    [InlineData("§4.3.2: If-Unmodified-Since too", "", Long, 1, "If-Unmodified-Since: {0}", "Forward Request")]
    [InlineData("RFC 5861 §3: stale-while-revalidate", "", "Cache-Control: max-age=100, stale-while-revalidate=10 | ETag: \"a\"", 109.9, "", "ServeAndValidate Stale")]
    [InlineData("RFC 5861 §3: without a validator too", "", "Cache-Control: max-age=100, stale-while-revalidate=10", 109, "", "ServeAndValidate Stale")]
    [InlineData("RFC 5861 §3: after it", "", "Cache-Control: max-age=100, stale-while-revalidate=10 | ETag: \"a\"", 110, "", "Validate Stale")]
    [InlineData("RFC 5861 §3: not beside must-revalidate", "", "Cache-Control: max-age=100, stale-while-revalidate=10, must-revalidate | ETag: \"a\"", 101, "", "Validate Stale")]
    [InlineData("RFC 5861 §3: not where freshness is asked for", "", "Cache-Control: max-age=100, stale-while-revalidate=10 | ETag: \"a\"", 101, "Cache-Control: max-age=1000", "Validate Stale")]
    [InlineData("RFC 8246 §2: a reload of what never changes", "", "Cache-Control: max-age=100, immutable | ETag: \"a\"", 50, "Cache-Control: max-age=0", "Serve None")]
    [InlineData("RFC 8246 §2: forced", "", "Cache-Control: max-age=100, immutable | ETag: \"a\"", 50, "Cache-Control: no-cache", "Validate Request")]
    [InlineData("RFC 8246 §2: not when it is stale", "", "Cache-Control: max-age=100, immutable | ETag: \"a\"", 101, "Cache-Control: max-age=0", "Validate Request")]
    [InlineData("RFC 8246 §2: not in a shared cache", "shared", "Cache-Control: max-age=100, immutable | ETag: \"a\"", 50, "Cache-Control: max-age=0", "Validate Request")]
    public void What_is_done_with_a_request(string requirement, string cache, string stored, double seconds, string request, string decision)
    {
        var world = new CacheWorld(cache == "shared" ? CacheWorld.Shared : null);
        world.Get("", $"200 | {stored} | =x");

        var seen = world.Pass(seconds).Get(request, "200 | =new");

        Assert.True(decision == $"{seen.Decision.Kind} {seen.Decision.Reason}", $"{requirement}: {seen.Decision.Kind} {seen.Decision.Reason}");
        Assert.Equal(decision.StartsWith("Serve", StringComparison.Ordinal) ? "x" : decision.StartsWith("Refuse", StringComparison.Ordinal) ? "" : "new", seen.Body);
    }

    [Fact]
    public void Section_5_2_1_7_only_if_cached_is_refused_where_nothing_is_stored()
    {
        var seen = new CacheWorld().Get("Cache-Control: only-if-cached");

        Assert.Equal((504, ForwardReason.UriMiss), (seen.Status, seen.Decision.Reason));
    }

    [Theory]
    [InlineData("§4.2.4: nothing forbids it", "max-age=2", "", 4, true)]
    [InlineData("§4.2.4: for a day", "max-age=2", "", 86_403, false)]
    [InlineData("§4.2.4: must-revalidate", "max-age=2, must-revalidate", "", 4, false)]
    [InlineData("§4.2.4: proxy-revalidate", "max-age=2, proxy-revalidate", "", 4, false)]
    [InlineData("§4.2.4: s-maxage", "max-age=2, s-maxage=2", "", 4, false)]
    [InlineData("§4.2.4: no-cache", "max-age=2, no-cache", "", 1, false)]
    [InlineData("§4.2.4: a request that wants it fresh", "max-age=2", "Cache-Control: min-fresh=1", 4, false)]
    [InlineData("§4.2.4: a request that wants it validated", "max-age=100", "Cache-Control: no-cache", 4, false)]
    [InlineData("§4.2.4: a request that wants it validated, whatever the answer says", "max-age=100, stale-if-error=10", "Cache-Control: no-cache", 4, false)]
    [InlineData("RFC 5861 §4: stale-if-error", "max-age=2, stale-if-error=10", "", 12, true)]
    [InlineData("RFC 5861 §4: after it", "max-age=2, stale-if-error=10", "", 13, false)]
    [InlineData("RFC 5861 §4: of the request", "max-age=2, stale-if-error=10", "Cache-Control: stale-if-error=20", 22, true)]
    [InlineData("RFC 5861 §4: not beside must-revalidate", "max-age=2, stale-if-error=10, must-revalidate", "", 4, false)]
    public void A_stale_answer_stands_in_for_an_api_out_of_reach(string requirement, string stored, string request, double seconds, bool isServed)
    {
        var world = new CacheWorld(CacheWorld.Shared);
        world.Get("", $"200 | Cache-Control: {stored} | ETag: \"a\" | =x");

        var seen = world.Pass(seconds).Get(request, [null]);

        Assert.True((isServed ? 200 : 504) == seen.Status, $"{requirement}: {seen.Status}");
    }

    [Theory]
    [InlineData("RFC 5861 §4: said by the answer", "max-age=2, stale-if-error=10", "", 503, 4, 200)]
    [InlineData("RFC 5861 §4: said by the request", "max-age=2", "Cache-Control: stale-if-error=10", 500, 4, 200)]
    [InlineData("RFC 5861 §4: not said", "max-age=2", "", 503, 4, 503)]
    [InlineData("RFC 5861 §4: said for not so long", "max-age=2, stale-if-error=1", "", 503, 4, 503)]
    [InlineData("RFC 5861 §4: not to one that wants it validated", "max-age=100, stale-if-error=10", "Cache-Control: no-cache", 503, 4, 503)]
    [InlineData("RFC 5861 §4: no error of the server", "max-age=2, stale-if-error=10", "", 404, 4, 404)]
    [InlineData("RFC 5861 §4: no error that passes", "max-age=2, stale-if-error=10", "", 501, 4, 501)]
    [InlineData("RFC 5861 §4: forbidden", "max-age=2, stale-if-error=10, must-revalidate", "", 502, 4, 502)]
    public void A_stale_answer_stands_in_for_an_error(string requirement, string stored, string request, int error, double seconds, int status)
    {
        var world = new CacheWorld();
        world.Get("", $"200 | Cache-Control: {stored} | =x");

        var seen = world.Pass(seconds).Get(request, $"{error} | =error");

        Assert.True(status == seen.Status, $"{requirement}: {seen.Status}");
    }

    [Fact]
    public void Section_4_different_queries_are_different_urls_and_fragments_are_none()
    {
        var world = new CacheWorld();
        world.Ask("GET", "https://api.test/a?x=1", "", $"200 | {Long} | =x");

        Assert.True(world.Ask("GET", "https://api.test/a?x=2", "", "200").WasAsked);
        Assert.False(world.Ask("GET", "HTTPS://API.test:443/a?x=1#part", "").WasAsked);
    }

    [Fact]
    public void Section_4_a_head_is_answered_from_a_get_without_its_body()
    {
        var world = new CacheWorld();
        world.Get("", $"200 | {Long} | Content-Length: 1 | =x");

        var seen = world.Ask("HEAD", CacheWorld.Url, "");

        Assert.Equal((200, "1", ""), (seen.Status, seen["Content-Length"], seen.Body));
    }

    [Fact]
    public void Section_4_the_newest_of_several_answers_counts_by_its_date()
    {
        var world = new CacheWorld();
        world.Get("A: 1", $"200 | {Long} | Vary: A | Date: {{0}} | =newer");
        world.Get("A: 2", $"200 | {Long} | Vary: B | Date: {{-5}} | =older");

        Assert.Equal("newer", world.Get("A: 1").Body);
        Assert.Equal("older", world.Get("A: 3").Body);
    }

    [Theory]
    [InlineData("Authorization: Bearer a", "Authorization: Bearer b")]
    [InlineData("Authorization: Bearer a", "")]
    [InlineData("", "Cookie: a=b")]
    [InlineData("x-API-key: a", "x-API-key: b")]
    public void In_a_private_cache_answers_are_for_the_credentials_they_were_given_to(string first, string other)
    {
        var world = new CacheWorld();
        world.Get(first, $"200 | {Long} | =x");

        Assert.Equal(ForwardReason.UriMiss, world.Get(other, "200").Decision.Reason);
        Assert.Equal("x", world.Get(first).Body);
    }

    [Fact]
    public void In_a_shared_cache_a_cookie_makes_no_difference()
    {
        var world = new CacheWorld(CacheWorld.Shared);
        world.Get("", $"200 | {Long} | =x");

        Assert.Equal("x", world.Get("Cookie: a=b").Body);
    }
}
