namespace Headgate.IntegrationTests.Caching;

/// <summary>What a cache for many keeps, gives again and asks for, byte for byte: RFC 9110, 9111, 9213 and 8246 at the socket.</summary>
public sealed class CachedWireTests(CachedWire wire) : IClassFixture<CachedWire>
{
    private const string Fresh = "200 OK | Cache-Control: max-age=3600";

    /// <summary>RFC 9111 §3.1: all fields are stored, as they came.</summary>
    [Theory]
    [InlineData("Test-Header", "a  b,c ; \"d\"")]
    [InlineData("Content-Foo", "x")]
    [InlineData("Set-Cookie", "a=b; Path=/")]
    [InlineData("Set-Cookie2", "a=b")]
    [InlineData("Content-MD5", "rL0Y20zC+Fzt72VPzMSk2A==")]
    [InlineData("Content-Location", "/foo")]
    [InlineData("Content-Type", "text/plain;charset=utf-8")]
    [InlineData("Content-Encoding", "x-none")]
    [InlineData("Content-Language", "de,en")]
    [InlineData("Content-Range", "what")]
    [InlineData("Content-Disposition", "attachment; filename=a b.txt")]
    [InlineData("Content-Security-Policy", "default-src 'self' cdn.example.com")]
    [InlineData("Clear-Site-Data", "cookies")]
    [InlineData("Public-Key-Pins", "x")]
    [InlineData("X-Frame-Options", "deny")]
    [InlineData("X-XSS-Protection", "1; mode=block")]
    [InlineData("ETag", "\"abc\"")]
    [InlineData("ETag", "unquoted")]
    [InlineData("Last-Modified", "yesterday")]
    [InlineData("Expires", "0")]
    [InlineData("Expires", "Mon, 11 Jan 2038 11:11:11 GMT")]
    [InlineData("Pragma", "no-cache")]
    [InlineData("Warning", "110 - \"old\"")]
    [InlineData("Surrogate-Control", "max-age=0, no-store")]
    [InlineData("Server", "unheard/0.1")]
    [InlineData("Allow", "GET ,PUT")]
    public async Task Rfc_9111_section_3_1_a_field_is_stored_as_it_came(string name, string value)
    {
        var path = wire.NewPath();
        var (first, _) = await wire.AskAsync(path, "GET", $"{Fresh} | {name}: {value} | =first");
        var (second, asked) = await wire.AskAsync(path, "GET", "200 OK | =second");

        Assert.Equal((value, value, "first", null), (first[name], second[name], second.Body, asked));
    }

    [Theory]
    [InlineData("Connection: close, a, b | a: 1 | b: 2", "a")]
    [InlineData("Connection: close, a, b | a: 1 | b: 2", "b")]
    [InlineData("Keep-Alive: timeout=5", "Keep-Alive")]
    [InlineData("Proxy-Authenticate: Basic", "Proxy-Authenticate")]
    [InlineData("Proxy-Authentication-Info: x", "Proxy-Authentication-Info")]
    [InlineData("Proxy-Authorization: x", "Proxy-Authorization")]
    [InlineData("Proxy-Connection: x", "Proxy-Connection")]
    [InlineData("TE: x", "TE")]
    [InlineData("Upgrade: x", "Upgrade")]
    public async Task Rfc_9111_section_3_1_a_field_of_the_connection_is_not_stored(string lines, string name)
    {
        var path = wire.NewPath();
        await wire.AskAsync(path, "GET", $"{Fresh} | {lines} | c: 3 | =first");
        var (second, asked) = await wire.AskAsync(path, "GET", "200 OK | =second");

        Assert.Equal((null, "3", null), (second[name], second["c"], asked));
    }

    /// <summary>RFC 9111 §3, §4.2: with a lifetime any final status is used again, and not after it.</summary>
    [Theory]
    [InlineData("200 OK")]
    [InlineData("203 Non-Authoritative Information")]
    [InlineData("204 No Content")]
    [InlineData("299 Whatever")]
    [InlineData("301 Moved Permanently")]
    [InlineData("302 Found")]
    [InlineData("303 See Other")]
    [InlineData("307 Temporary Redirect")]
    [InlineData("308 Permanent Redirect")]
    [InlineData("400 Bad Request")]
    [InlineData("404 Not Found")]
    [InlineData("410 Gone")]
    [InlineData("499 Whatever")]
    [InlineData("500 Internal Server Error")]
    [InlineData("502 Bad Gateway")]
    [InlineData("503 Service Unavailable")]
    [InlineData("504 Gateway Timeout")]
    [InlineData("599 Whatever")]
    public async Task Rfc_9111_section_3_a_final_status_with_a_lifetime_is_used_for_that(string status)
    {
        var (fresh, stale) = (wire.NewPath(), wire.NewPath());
        await wire.AskAsync(fresh, "GET", $"{status} | Cache-Control: max-age=3600 | Date: {{0}}");
        await wire.AskAsync(stale, "GET", $"{status} | Cache-Control: max-age=1 | Date: {{0}} | Age: 2");

        var (again, asked) = await wire.AskAsync(fresh, "GET", "200 OK | =second");
        // The words beside it are the server's own.
        Assert.Equal((status[..3], null), (again.First[..3], asked));
        Assert.NotNull((await wire.AskAsync(stale, "GET", "200 OK | =second")).Asked);
    }

    /// <summary>What may be used again unasked, and what may not: the first answer, the second request, and whether the API is asked.</summary>
    [Theory]
    // Freshness, RFC 9111 §4.2, §5.2, §5.3
    [InlineData("200 OK", "GET", true)]
    [InlineData("200 OK | Cache-Control: max-age=003600", "GET", false)]
    [InlineData("200 OK | Cache-Control: MaX-aGe=3600", "GET", false)]
    [InlineData("200 OK | Cache-Control: max-age=99999999999", "GET", false)]
    [InlineData("200 OK | Cache-Control: foobar, max-age=3600", "GET", false)]
    [InlineData("200 OK | Cache-Control: extension=\"max-age=3600\", max-age=0", "GET", true)]
    [InlineData("200 OK | Cache-Control: max-age=0, extension=\"max-age=3600\"", "GET", true)]
    [InlineData("200 OK | Cache-Control: max-age='3600'", "GET", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600.0", "GET", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600, s-maxage=0", "GET", true)]
    [InlineData("200 OK | Cache-Control: max-age=0 | Cache-Control: s-maxage=3600", "GET", false)]
    [InlineData("200 OK | Cache-Control: max-age=3600 | Expires: {-60}", "GET", false)]
    [InlineData("200 OK | Cache-Control: max-age=0 | Expires: {60}", "GET", true)]
    [InlineData("200 OK | Expires: {60} | Date: foo", "GET", false)]
    [InlineData("200 OK | Expires: {300} | Date: {400}", "GET", true)]
    [InlineData("200 OK | Expires: Thu, 18 Aug 2050 02:01:18 UTC", "GET", true)]
    [InlineData("200 OK | Expires: Thu Aug  8 02:01:18 2050", "GET", false)]
    [InlineData("200 OK | Pragma: no-cache | Cache-Control: max-age=60", "GET", false)]
    // Age, §5.1
    [InlineData("200 OK | Cache-Control: max-age=3600 | Age: 7200", "GET", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600 | Age: 7200, 0", "GET", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600 | Age: 0 | Age: 7200", "GET", false)]
    [InlineData("200 OK | Cache-Control: max-age=3600 | Age: 2147483649", "GET", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600 | Age: -7200", "GET", false)]
    [InlineData("200 OK | Cache-Control: max-age=3600 | Age: 7200.0", "GET", false)]
    // Guessed, §4.2.2
    [InlineData("203 Non-Authoritative Information | Last-Modified: {-86400} | Date: {0}", "GET", false)]
    [InlineData("204 No Content | Last-Modified: {-86400} | Date: {0}", "GET", false)]
    [InlineData("405 Method Not Allowed | Last-Modified: {-86400} | Date: {0}", "GET", false)]
    [InlineData("414 URI Too Long | Last-Modified: {-86400} | Date: {0}", "GET", false)]
    [InlineData("501 Not Implemented | Last-Modified: {-86400} | Date: {0}", "GET", false)]
    [InlineData("201 Created | Last-Modified: {-86400} | Date: {0}", "GET", true)]
    [InlineData("202 Accepted | Last-Modified: {-86400} | Date: {0}", "GET", true)]
    [InlineData("403 Forbidden | Last-Modified: {-86400} | Date: {0}", "GET", true)]
    [InlineData("502 Bad Gateway | Last-Modified: {-86400} | Date: {0}", "GET", true)]
    [InlineData("599 Unknown | Last-Modified: {-86400} | Date: {0}", "GET", true)]
    [InlineData("599 Unknown | Last-Modified: {-86400} | Date: {0} | Cache-Control: public", "GET", false)]
    // Directives, §5.2.2
    [InlineData("200 OK | Cache-Control: max-age=3600, No-StOrE", "GET", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600, private", "GET", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600, No-CaChE", "GET", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600, must-revalidate", "GET", false)]
    [InlineData("200 OK | Cache-Control: max-age=3600, no-store, must-understand", "GET", false)]
    [InlineData("599 Whatever | Cache-Control: max-age=3600, no-store, must-understand", "GET", true)]
    // For caches like this one, RFC 9213
    [InlineData("200 OK | CDN-Cache-Control: max-age=3600", "GET", false)]
    [InlineData("200 OK | CDN-Cache-Control: foobar, max-age=99999999999 | Expires: 0 | Date: {0}", "GET", false)]
    [InlineData("200 OK | CDN-Cache-Control: max-age=10000 | Cache-Control: no-store", "GET", false)]
    [InlineData("200 OK | CDN-Cache-Control: max-age=0 | Cache-Control: max-age=3600", "GET", true)]
    [InlineData("200 OK | CDN-Cache-Control: private | Cache-Control: max-age=3600", "GET", true)]
    [InlineData("200 OK | CDN-Cache-Control: no-cache | Expires: {3600}", "GET", true)]
    [InlineData("200 OK | CDN-Cache-Control: max-age=3600 | Age: 7200", "GET", true)]
    [InlineData("200 OK | CDN-Cache-Control: max-age=10000, &&&&& | Cache-Control: no-store", "GET", true)]
    [InlineData("200 OK | CDN-Cache-Control: max-age=\"10000\" | Cache-Control: no-store", "GET", true)]
    [InlineData("200 OK | Surrogate-Control: max-age=3600", "GET", true)]
    // What it was chosen by, §4.1
    [InlineData("200 OK | Cache-Control: max-age=3600 | Vary: *, *", "GET", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600 | Vary:  | Vary: *", "GET", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600 | Vary: Foo, Bar", "GET", false)]
    [InlineData("200 OK | Cache-Control: max-age=3600 | Vary: Foo, Bar", "GET | Bar: 1", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600 | Vary: Foo", "GET | Other: 1 | Cookie: a=b", false)]
    // What the caller wants, §5.2.1, §5.4
    [InlineData("200 OK | Cache-Control: max-age=3600", "GET | Cache-Control: no-cache", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600", "GET | Cache-Control: no-store", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600 | Age: 1800", "GET | Cache-Control: max-age=600", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600 | Age: 1800", "GET | Cache-Control: min-fresh=2000", true)]
    [InlineData("200 OK | Cache-Control: max-age=1500 | Age: 2000", "GET | Cache-Control: max-stale=1000", false)]
    [InlineData("200 OK | Cache-Control: max-age=3600", "GET | Pragma: no-cache", true)]
    [InlineData("200 OK | Cache-Control: max-age=3600", "GET | Pragma: unheard", false)]
    public async Task Rfc_9111_section_4_an_answer_is_used_again_or_the_API_is_asked(string first, string request, bool isAsked)
    {
        var path = wire.NewPath();
        await wire.AskAsync(path, "GET", first);
        var (second, asked) = await wire.AskAsync(path, request, "200 OK | =second");

        Assert.Equal(isAsked, asked is not null);
        Assert.Equal(isAsked, second["Age"] is null && second.Body == "second");
    }

    /// <summary>RFC 9111 §4.3.2: what the caller has already is not sent again.</summary>
    [Theory]
    [InlineData("ETag: \"a\"", "If-None-Match: \"a\"", "304 Not Modified")]
    [InlineData("ETag: \"a\"", "If-None-Match: \"1\", \"a\" , \"5\"", "304 Not Modified")]
    [InlineData("ETag: W/\"a\"", "If-None-Match: W/\"a\"", "304 Not Modified")]
    [InlineData("ETag: \"a\"", "If-None-Match: *", "304 Not Modified")]
    [InlineData("ETag: \"a\" | Last-Modified: {-5000}", "If-None-Match: \"a\" | If-Modified-Since: {-9000}", "304 Not Modified")]
    [InlineData("ETag: \"a\" | Last-Modified: {-5000}", "If-None-Match: \"b\" | If-Modified-Since: {0}", "200 OK")]
    [InlineData("Last-Modified: {-3000}", "If-Modified-Since: {-2000}", "304 Not Modified")]
    [InlineData("Last-Modified: {-3000}", "If-Modified-Since: {-4000}", "200 OK")]
    [InlineData("ETag: \"a\"", "Range: bytes=0-1", "206 Partial Content")]
    [InlineData("ETag: \"a\"", "Range: bytes=-1 | If-Range: \"b\"", "200 OK")]
    public async Task Rfc_9111_section_4_3_2_conditions_are_judged_by_what_is_stored(string fields, string conditions, string status)
    {
        var path = wire.NewPath();
        await wire.AskAsync(path, "GET", $"{Fresh} | {fields} | =0123456789");
        var (second, asked) = await wire.AskAsync(path, $"GET | {conditions}", "200 OK | =second");

        Assert.Equal((status, null), (second.First, asked));
        Assert.Equal(status[..3] switch { "304" => "", "206" => "01", _ => "0123456789" }, second.Body);
        Assert.Equal(fields.Contains("ETag", StringComparison.Ordinal), second["ETag"] is not null);
    }

    /// <summary>RFC 9111 §4.3.4: what a 304 says takes the place of what was stored, but for what describes its bytes.</summary>
    [Theory]
    [InlineData("Test-Header", "1", "2", "2")]
    [InlineData("Content-Foo", "1", "2", "2")]
    [InlineData("Content-Type", "text/plain", "text/plain;charset=utf-8", "text/plain;charset=utf-8")]
    [InlineData("Content-Location", "/foo", "/bar", "/bar")]
    [InlineData("Set-Cookie", "a=b", "a=c", "a=c")]
    [InlineData("X-Frame-Options", "deny", "sameorigin", "sameorigin")]
    [InlineData("Expires", "Fri, 01 Jan 2038 01:01:01 GMT", "Mon, 11 Jan 2038 11:11:11 GMT", "Mon, 11 Jan 2038 11:11:11 GMT")]
    [InlineData("Content-Encoding", "x-none", "gzip", "x-none")]
    [InlineData("Content-Range", "what", "else", "what")]
    [InlineData("Content-Length", "5", "10", "5")]
    public async Task Rfc_9111_section_4_3_4_a_304_updates_what_is_stored(string name, string stored, string later, string becomes)
    {
        var path = wire.NewPath();
        await wire.AskAsync(path, "GET", $"200 OK | Cache-Control: max-age=0 | ETag: \"a\" | {name}: {stored} | Kept: 1 | =first");
        var (second, asked) = await wire.AskAsync(path, "GET", $"304 Not Modified | Cache-Control: max-age=3600 | ETag: \"a\" | {name}: {later}");
        var (third, _) = await wire.AskAsync(path, "GET", "200 OK | =third");

        Assert.Equal("\"a\"", asked!["If-None-Match"]);
        Assert.Equal((becomes, becomes, "1", "first"), (second[name], third[name], third["Kept"], third.Body));
    }

    /// <summary>RFC 9111 §4.4.</summary>
    [Theory]
    [InlineData("POST | =abc", "200 OK", true)]
    [InlineData("PUT | =abc", "204 No Content", true)]
    [InlineData("DELETE", "200 OK", true)]
    [InlineData("M-SEARCH | =abc", "200 OK", true)]
    [InlineData("POST | =abc", "500 Internal Server Error", false)]
    [InlineData("M-SEARCH | =abc", "404 Not Found", false)]
    [InlineData("OPTIONS", "200 OK", false)]
    public async Task Rfc_9111_section_4_4_what_changes_something_makes_what_is_stored_useless(string request, string answer, bool isAsked)
    {
        var path = wire.NewPath();
        await wire.AskAsync(path, "GET", $"{Fresh} | =first");
        await wire.AskAsync(path, request, answer);

        Assert.Equal(isAsked, (await wire.AskAsync(path, "GET", "200 OK | =third")).Asked is not null);
    }

    [Theory]
    [InlineData("Location")]
    [InlineData("Content-Location")]
    public async Task Rfc_9111_section_4_4_and_what_is_stored_of_the_place_it_names(string name)
    {
        var (path, other) = (wire.NewPath(), wire.NewPath());
        await wire.AskAsync(other, "GET", $"{Fresh} | =first");
        await wire.AskAsync(path, "POST | =abc", $"201 Created | {name}: {other}");

        Assert.NotNull((await wire.AskAsync(other, "GET", "200 OK | =third")).Asked);
    }

    [Fact]
    public async Task Rfc_9110_section_9_3_3_the_answer_to_a_post_that_says_so_is_one_to_a_get()
    {
        var path = wire.NewPath();
        await wire.AskAsync(path, "POST | =12345", $"200 OK | Expires: {{3600}} | Content-Location: {path} | Date: {{0}} | =posted");
        var (second, asked) = await wire.AskAsync(path, "GET", "200 OK | =second");

        Assert.Equal(("posted", null), (second.Body, asked));
    }

    [Fact]
    public async Task Rfc_9111_section_4_3_5_a_head_makes_what_is_stored_current_again()
    {
        var path = wire.NewPath();
        await wire.AskAsync(path, "GET", "200 OK | Cache-Control: max-age=0 | ETag: \"a\" | X: 1 | =first");
        var (head, asked) = await wire.AskAsync(path, "HEAD", "200 OK | Cache-Control: max-age=3600 | ETag: \"a\" | X: 2 | Content-Length: 5");
        var (third, none) = await wire.AskAsync(path, "GET", "200 OK | =third");

        Assert.Equal(("HEAD", "2", ""), (asked?.First, head["X"], head.Body));
        Assert.Equal(("first", "2", null), (third.Body, third["X"], none));
    }

    [Fact]
    public async Task Rfc_9111_section_3_4_a_part_is_completed_by_a_request_for_the_rest()
    {
        var path = wire.NewPath();
        await wire.AskAsync(path, "GET | Range: bytes=0-4", "206 Partial Content | Cache-Control: max-age=3600 | ETag: \"a\" | Content-Range: bytes 0-4/10 | =01234");
        var (second, asked) = await wire.AskAsync(path, "GET", "206 Partial Content | Cache-Control: max-age=3600 | ETag: \"a\" | Content-Range: bytes 5-9/10 | =56789");

        Assert.Equal(("bytes=5-", "\"a\""), (asked!["Range"], asked["If-Range"]));
        Assert.Equal(("200 OK", "0123456789", "10", null), (second.First, second.Body, second["Content-Length"], second["Content-Range"]));
        Assert.Equal("345", (await wire.AskAsync(path, "GET | Range: bytes=3-5", "500 Oh")).Answer.Body);
    }

    [Fact]
    public async Task A_part_that_contradicts_itself_is_the_answer_to_the_same_question_only()
    {
        var path = wire.NewPath();
        await wire.AskAsync(path, "GET | Range: bytes=-5", "206 Partial Content | Cache-Control: max-age=3600 | Content-Range: bytes 4-9/10 | =01234");
        var (again, asked) = await wire.AskAsync(path, "GET | Range: bytes=-5", "500 Oh");
        var (other, sent) = await wire.AskAsync(path, "GET | Range: bytes=6-8", "206 Partial Content | Content-Range: bytes 6-8/10 | =678");

        Assert.Equal(("206 Partial Content", "01234", "bytes 4-9/10", null), (again.First, again.Body, again["Content-Range"], asked));
        Assert.Equal(("678", "bytes=6-8"), (other.Body, sent!["Range"]));
    }

    [Fact]
    public async Task Rfc_9111_section_5_1_the_age_and_the_date_of_what_is_stored_are_told()
    {
        var path = wire.NewPath();
        var (first, _) = await wire.AskAsync(path, "GET", "200 OK | Expires: {3600} | Date: {-10} | Age: 30 | =first");
        var (second, _) = await wire.AskAsync(path, "GET", "500 Oh");

        Assert.Equal((first["Date"], first["Expires"]), (second["Date"], second["Expires"]));
        Assert.InRange(int.Parse(second["Age"]!, System.Globalization.CultureInfo.InvariantCulture), 30, 90);
    }
}
