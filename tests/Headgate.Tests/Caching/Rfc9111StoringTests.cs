using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>RFC 9111 §3: which answers are stored, and what of them.</summary>
public sealed class Rfc9111StoringTests
{
    private const string Fresh = "200 | Cache-Control: max-age=60";

    [Theory]
    [InlineData("§3: a GET, with a lifetime", "private", "GET", "", Fresh, "None")]
    [InlineData("§3: the method is understood", "private", "PUT", "", Fresh, "Method")]
    [InlineData("§3: methods have letter case", "private", "get", "", Fresh, "Method")]
    [InlineData("§3: the answer to a HEAD is not stored", "private", "HEAD", "", Fresh, "Method")]
    [InlineData("§3: the status is final", "private", "GET", "", "103 | Cache-Control: max-age=60", "Status")]
    [InlineData("§3: a 304 is no answer of its own", "private", "GET", "", "304 | Cache-Control: max-age=60", "Status")]
    [InlineData("§3: any final status with a lifetime", "private", "GET", "", "599 | Cache-Control: max-age=60", "None")]
    [InlineData("§3: a status that cannot be", "private", "GET", "", "600 | Cache-Control: max-age=60", "Status")]
    [InlineData("§3: an error with a lifetime", "private", "GET", "", "500 | Expires: {60}", "None")]
    [InlineData("§3: Expires is a lifetime", "private", "GET", "", "403 | Expires: {60} | ETag: \"a\"", "None")]
    [InlineData("§3: public is enough", "private", "GET", "", "403 | Cache-Control: public | ETag: \"a\"", "None")]
    [InlineData("§3: private is enough in a private cache", "private", "GET", "", "403 | Cache-Control: private | ETag: \"a\"", "None")]
    [InlineData("§3: s-maxage is enough in a shared cache", "shared", "GET", "", "403 | Cache-Control: s-maxage=60", "None")]
    [InlineData("§3: s-maxage is nothing in a private cache", "private", "GET", "", "403 | Cache-Control: s-maxage=60 | ETag: \"a\"", "Unsaid")]
    [InlineData("§3: a status that may be guessed to live", "private", "GET", "", "404 | ETag: \"a\"", "None")]
    [InlineData("§3: a status that may not", "private", "GET", "", "403 | ETag: \"a\"", "Unsaid")]
    [InlineData("§3: never to be used, so not stored", "private", "GET", "", "200 | =x", "Worthless")]
    [InlineData("§3: no-cache without a validator is never used", "private", "GET", "", "200 | Cache-Control: no-cache, max-age=60", "Worthless")]
    [InlineData("§5.2.2.5: no-store of an answer", "private", "GET", "", "200 | Cache-Control: max-age=60, no-store", "NoStore")]
    [InlineData("§5.2: directives have no letter case", "private", "GET", "", "200 | Cache-Control: max-age=60, No-StOrE", "NoStore")]
    [InlineData("§5.2.1.5: no-store of a request", "private", "GET", "Cache-Control: no-store", Fresh, "NoStore")]
    [InlineData("§5.2.2.5: what forbids counts with an argument too", "private", "GET", "", "200 | Cache-Control: no-store=1, max-age=60", "NoStore")]
    [InlineData("§5.2.2.3: must-understand, understood", "private", "GET", "", "200 | Cache-Control: max-age=60, no-store, must-understand", "None")]
    [InlineData("§5.2.2.3: must-understand, not understood", "private", "GET", "", "599 | Cache-Control: max-age=60, must-understand", "Status")]
    [InlineData("§5.2.2.3: must-understand, not understood, no-store", "private", "GET", "", "599 | Cache-Control: max-age=60, no-store, must-understand", "NoStore")]
    [InlineData("§5.2.2.7: private in a shared cache", "shared", "GET", "", "200 | Cache-Control: private, max-age=60", "Private")]
    [InlineData("§5.2.2.7: private in a private cache", "private", "GET", "", "200 | Cache-Control: private, max-age=60", "None")]
    [InlineData("§5.2.2.7: private for some fields", "shared", "GET", "", "200 | Cache-Control: private=\"x\", max-age=60", "None")]
    [InlineData("§5.2.2.7: private for nothing named is private", "shared", "GET", "", "200 | Cache-Control: private=\"\", max-age=60", "Private")]
    [InlineData("§3.5: credentials in a shared cache", "shared", "GET", "Authorization: Bearer a", Fresh, "Credentials")]
    [InlineData("§3.5: credentials and Expires", "shared", "GET", "Authorization: Bearer a", "200 | Expires: {60}", "Credentials")]
    [InlineData("§3.5: unlocked by public", "shared", "GET", "Authorization: Bearer a", "200 | Cache-Control: public, max-age=60", "None")]
    [InlineData("§3.5: unlocked by must-revalidate", "shared", "GET", "Authorization: Bearer a", "200 | Cache-Control: must-revalidate, max-age=60", "None")]
    [InlineData("§3.5: unlocked by s-maxage", "shared", "GET", "Authorization: Bearer a", "200 | Cache-Control: s-maxage=60", "None")]
    [InlineData("§3.5: credentials in a private cache", "private", "GET", "Authorization: Bearer a", Fresh, "None")]
    [InlineData("§4.1: Vary: * never matches", "private", "GET", "", "200 | Cache-Control: max-age=60 | Vary: *", "Varies")]
    [InlineData("§4.1: an asterisk among others", "private", "GET", "", "200 | Cache-Control: max-age=60 | Vary: a, *", "Varies")]
    [InlineData("§4.1: an asterisk on another line", "private", "GET", "", "200 | Cache-Control: max-age=60 | Vary: | Vary: *", "Varies")]
    [InlineData("§3.3: a part, and it is clear which", "private", "GET", "Range: bytes=0-1", "206 | Cache-Control: max-age=60 | Content-Range: bytes 0-1/4", "None")]
    [InlineData("§3.3: several parts", "private", "GET", "Range: bytes=0-1,3-", "206 | Cache-Control: max-age=60 | Content-Type: multipart/byteranges", "Partial")]
    [InlineData("§3.3: a part beyond its end", "private", "GET", "Range: bytes=0-1", "206 | Cache-Control: max-age=60 | Content-Range: bytes 0-9/4", "Partial")]
    [InlineData("§7.3: Set-Cookie does not forbid it", "shared", "GET", "", "200 | Cache-Control: max-age=60 | Set-Cookie: a=b", "None")]
    [InlineData("§7.3: one session for each, where nothing tells callers apart yet", "private", "GET", "", "200 | Cache-Control: max-age=60 | Set-Cookie: a=b", "Credentials")]
    [InlineData("§7.3: unless it says that it is for all", "private", "GET", "", "200 | Cache-Control: public, max-age=60 | Set-Cookie: a=b", "None")]
    [InlineData("ttl: no session is everybody's", "ttl", "GET", "", "200 | Cache-Control: public | Set-Cookie: a=b", "Credentials")]
    [InlineData("RFC 9110 §9.3.3: a POST without its place", "private", "POST", "", Fresh, "Method")]
    [InlineData("RFC 9110 §9.3.3: a POST that is at its URL", "private", "POST", "", "200 | Cache-Control: max-age=60 | Content-Location: /thing", "None")]
    [InlineData("RFC 9110 §9.3.3: a POST that is elsewhere", "private", "POST", "", "200 | Cache-Control: max-age=60 | Content-Location: /other", "Method")]
    [InlineData("RFC 9110 §9.3.3: a POST without a lifetime", "private", "POST", "", "200 | Content-Location: /thing | ETag: \"a\"", "Method")]
    [InlineData("ttl: a GET with 200", "ttl", "GET", "", "200", "None")]
    [InlineData("ttl: whatever it says of freshness", "ttl", "GET", "", "200 | Cache-Control: no-cache, max-age=0", "None")]
    [InlineData("ttl: another status", "ttl", "GET", "", "404 | Cache-Control: max-age=60", "Status")]
    [InlineData("ttl: no-store counts", "ttl", "GET", "", "200 | Cache-Control: no-store", "NoStore")]
    public void An_answer_is_stored_or_it_is_said_why_not(string requirement, string cache, string method, string request, string answer, string refusal)
    {
        var world = new CacheWorld(RulesOf(cache));

        var asked = CacheWorld.RequestOf(RulesOf(cache), method, CacheWorld.Url, request);
        var received = world.Received(answer);

        Assert.True(Enum.Parse<StoreRefusal>(refusal) == Storing.Why(RulesOf(cache), asked, received.Status, received.Fields, world.Now), requirement);
    }

    [Theory]
    [InlineData("§3.1: all fields", "X-Any: 1 | Set-Cookie: a=b | Content-Foo: 2", "X-Any,Set-Cookie,Content-Foo")]
    [InlineData("§3.1: not those of the connection", "Keep-Alive: 1 | Proxy-Connection: 1 | TE: x | Transfer-Encoding: x | Upgrade: x | Connection: x | Trailer: x", "")]
    [InlineData("§3.1: not those of a proxy", "Proxy-Authenticate: 1 | Proxy-Authentication-Info: 1 | Proxy-Authorization: 1", "")]
    [InlineData("§3.1: not those that Connection names", "Connection: a, B | A: 1 | b: 2 | c: 3", "c")]
    [InlineData("§5.2.2.4: not those that no-cache names", "Cache-Control: no-cache=\"a, B\" | A: 1 | b: 2 | c: 3", "c")]
    [InlineData("§5.2.2.4: unquoted", "Cache-Control: no-cache=a | A: 1 | c: 3", "c")]
    [InlineData("§5.2.2.7: private names are for everybody in a private cache", "Cache-Control: private=\"a\" | A: 1", "A")]
    public void What_is_stored_of_an_answer(string requirement, string fields, string stored)
    {
        var world = new CacheWorld();

        world.Get("", $"200 | Cache-Control: public, max-age=60 | {fields}");
        var seen = world.Get("");

        Assert.False(seen.WasAsked, requirement);
        Assert.Equal(stored.Split(',', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal), seen.Fields.Select(field => field.Name).Except(["Cache-Control", "Date", "Age"]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Section_5_2_2_7_fields_for_one_user_are_not_stored_in_a_shared_cache()
    {
        var world = new CacheWorld(CacheWorld.Shared);

        world.Get("", "200 | Cache-Control: max-age=60, private=\"x-user\" | X-User: me | X-All: 1");

        Assert.Null(world.Get("")["X-User"]);
        Assert.Equal("1", world.Get("")["X-All"]);
    }

    [Fact]
    public void Lines_are_kept_in_their_order_with_their_letter_case_and_text()
    {
        var world = new CacheWorld();

        world.Get("", "200 | x-b: 2 | CACHE-control: private, max-age=3600 | X-B:  3;q=1 | Expires: nonsense | Date: {0}");

        Assert.Equal(["x-b: 2", "CACHE-control: private, max-age=3600", "X-B: 3;q=1", "Expires: nonsense", $"Date: {CacheWorld.Date(0)}", "Age: 0"], world.Get("").Fields.Select(field => $"{field.Name}: {field.Value}"));
    }

    [Fact]
    public void Rfc_9110_section_6_6_1_an_answer_without_a_date_gets_that_of_its_arrival()
    {
        var world = new CacheWorld().Pass(5);

        world.Get("", "200 | Cache-Control: max-age=60");

        Assert.Equal(CacheWorld.Date(5), world.Pass(10).Get("")["Date"]);
    }

    [Fact]
    public void The_answer_to_a_post_that_is_at_its_url_answers_a_later_get()
    {
        var world = new CacheWorld();

        world.Ask("POST", CacheWorld.Url, "", "200 | Cache-Control: max-age=60 | Content-Location: /thing | =made");

        Assert.Equal("made", world.Pass(1).Get("").Body);
    }

    [Fact]
    public void A_request_with_a_body_goes_past_the_cache_and_its_answer_too()
    {
        var world = new CacheWorld();
        world.Get("", Fresh);
        var request = CacheRequest.Of(world.Rules, "GET", new Uri(CacheWorld.Url), FieldList.Empty, hasBody: true);

        Assert.Equal(ForwardReason.Method, world.Cache.Decide(request, world.Now).Reason);
        Assert.Equal(StoreRefusal.Method, Storing.Why(world.Rules, request, 200, CacheWorld.FieldsOf("Cache-Control: max-age=60"), world.Now));
    }

    [Fact]
    public void A_newer_answer_that_is_not_worth_storing_ends_the_older_one()
    {
        var world = new CacheWorld();
        world.Get("", "200 | Cache-Control: max-age=1 | ETag: \"a\" | =old");

        world.Pass(2).Get("", "200 | =new");

        Assert.Equal(ForwardReason.UriMiss, world.Get("", "200").Decision.Reason);
    }

    private static CacheRules RulesOf(string cache) => cache switch
    {
        "shared" => CacheWorld.Shared,
        "ttl" => new CacheRules { Ttl = 300 },
        _ => new CacheRules(),
    };
}
