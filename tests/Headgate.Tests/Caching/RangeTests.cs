using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>RFC 9110 §14 and RFC 9111 §3.3, §3.4: parts of a body, served, kept and put together.</summary>
public sealed class RangeTests
{
    private const string Digits = "0123456789";
    private const string Part = "206 | Cache-Control: max-age=60 | ETag: \"a\"";

    [Theory]
    [InlineData("bytes=0-1", "01", "bytes 0-1/10")]
    [InlineData("bytes=8-", "89", "bytes 8-9/10")]
    [InlineData("bytes=-1", "9", "bytes 9-9/10")]
    [InlineData("bytes=-99", Digits, "bytes 0-9/10")]
    [InlineData("bytes=5-99", "56789", "bytes 5-9/10")]
    [InlineData("BYTES= 0-0 ", "0", "bytes 0-0/10")]
    public void Rfc_9110_section_14_2_a_part_of_a_whole_answer(string range, string body, string content)
    {
        var world = new CacheWorld();
        world.Get("", $"200 | Cache-Control: max-age=60 | ETag: \"a\" | Content-Length: 10 | X: 1 | ={Digits}");

        var seen = world.Get($"Range: {range}");

        Assert.Equal((206, body, content, $"{body.Length}", "1", "\"a\""), (seen.Status, seen.Body, seen["Content-Range"], seen["Content-Length"], seen["X"], seen["ETag"]));
    }

    [Theory]
    [InlineData("bytes=10-")]
    [InlineData("bytes=-0")]
    [InlineData("bytes=99-100")]
    public void Rfc_9110_section_15_5_17_a_part_that_is_not_there_is_416(string range)
    {
        var world = new CacheWorld();
        world.Get("", $"200 | Cache-Control: max-age=60 | ={Digits}");

        var seen = world.Get($"Range: {range}");

        Assert.Equal((416, "", "bytes */10"), (seen.Status, seen.Body, seen["Content-Range"]));
    }

    [Theory]
    [InlineData("Range: lines=0-1")]
    [InlineData("Range: bytes=")]
    [InlineData("Range: bytes=2-1")]
    [InlineData("Range: bytes=a-b")]
    [InlineData("Range: bytes=-")]
    [InlineData("Range: bytes=0-1,3-4")]
    [InlineData("Range: bytes=99999999999999999999-")]
    [InlineData("Range: bytes=0-1 | If-Range: \"b\"")]
    [InlineData("Range: bytes=0-1 | If-Range: W/\"a\"")]
    [InlineData("Range: bytes=0-1 | If-Range: {-30}")]
    public void Rfc_9110_section_14_2_a_range_that_is_none_or_not_to_be_served_is_all(string request)
    {
        var world = new CacheWorld();
        world.Get("", $"200 | Cache-Control: max-age=60 | ETag: \"a\" | Last-Modified: {{-30}} | ={Digits}");

        Assert.Equal((200, Digits), (world.Get(request).Status, world.Get(request).Body));
    }

    [Theory]
    [InlineData("If-Range: \"a\"")]
    [InlineData("If-Range: {-3000}")]
    [InlineData("If-None-Match: \"b\"")]
    public void Rfc_9110_section_13_1_5_a_part_of_the_version_that_is_meant_is_served(string condition)
    {
        var world = new CacheWorld();
        world.Get("", $"200 | Cache-Control: max-age=60 | ETag: \"a\" | Last-Modified: {{-3000}} | ={Digits}");

        Assert.Equal((206, "01"), (world.Get($"Range: bytes=0-1 | {condition}").Status, world.Get($"Range: bytes=0-1 | {condition}").Body));
    }

    [Fact]
    public void Rfc_9110_section_13_2_2_a_condition_goes_before_a_range()
    {
        var world = new CacheWorld();
        world.Get("", $"200 | Cache-Control: max-age=60 | ETag: \"a\" | ={Digits}");

        Assert.Equal(304, world.Get("Range: bytes=0-1 | If-None-Match: \"a\"").Status);
    }

    [Theory]
    [InlineData("bytes=4-6", "456")]
    [InlineData("bytes=4-4", "4")]
    [InlineData("bytes=5-6", "56")]
    public void Rfc_9111_section_3_3_a_stored_part_answers_for_what_lies_in_it(string range, string body)
    {
        var world = new CacheWorld();
        world.Get("Range: bytes=4-6", $"{Part} | Content-Range: bytes 4-6/10 | Content-Length: 3 | =456");

        var seen = world.Get($"Range: {range}");

        Assert.Equal((206, body, false), (seen.Status, seen.Body, seen.WasAsked));
    }

    [Theory]
    [InlineData("bytes=-3", "789", "bytes 7-9/10")]
    [InlineData("bytes=8-", "89", "bytes 8-9/10")]
    public void Rfc_9111_section_3_3_a_stored_end_answers_for_the_end(string range, string body, string content)
    {
        var world = new CacheWorld();
        world.Get("Range: bytes=-3", $"{Part} | Content-Range: bytes 7-9/10 | =789");

        var seen = world.Get($"Range: {range}");

        Assert.Equal((body, content, false), (seen.Body, seen["Content-Range"], seen.WasAsked));
    }

    [Fact]
    public void Rfc_9111_section_3_3_a_part_of_a_body_of_unknown_length_answers_for_what_lies_in_it_alone()
    {
        var world = new CacheWorld();
        world.Get("Range: bytes=0-4", $"{Part} | Content-Range: bytes 0-4/* | =01234");

        Assert.Equal(("23", "bytes 2-3/*"), (world.Get("Range: bytes=2-3").Body, world.Get("Range: bytes=2-3")["Content-Range"]));
        Assert.Equal(ReuseKind.Forward, world.Get("Range: bytes=-1", "206").Decision.Kind);
    }

    [Theory]
    [InlineData("the rest, for all", "0-4", "01234", "", "bytes=5-", "5-9", "56789", 200, Digits)]
    [InlineData("the beginning, for all", "5-9", "56789", "", "bytes=0-4", "0-4", "01234", 200, Digits)]
    [InlineData("more at the end", "0-4", "01234", "Range: bytes=3-7", "bytes=5-7", "5-7", "567", 206, "34567")]
    [InlineData("more at the beginning", "5-9", "56789", "Range: bytes=3-6", "bytes=3-4", "3-4", "34", 206, "3456")]
    [InlineData("next to it", "0-4", "01234", "Range: bytes=5-6", "bytes=5-6", "5-6", "56", 206, "56")]
    [InlineData("more than was asked for", "0-4", "01234", "Range: bytes=3-6", "bytes=5-6", "2-7", "234567", 206, "3456")]
    public void Rfc_9111_section_3_4_what_is_missing_is_asked_for_and_put_together(string what, string stored, string storedBody, string request, string asked, string came, string cameBody, int status, string body)
    {
        var world = new CacheWorld();
        world.Get($"Range: bytes={stored}", $"{Part} | Content-Range: bytes {stored}/10 | X: 1 | ={storedBody}");

        var seen = world.Get(request, $"{Part} | Content-Range: bytes {came}/10 | X: 2 | ={cameBody}");

        Assert.True((asked, "\"a\"") == (seen.Asked[0].First("Range"), seen.Asked[0].First("If-Range")), what);
        Assert.Equal((status, body, "2", ForwardReason.Partial), (seen.Status, seen.Body, seen["X"], seen.Decision.Reason));
        Assert.False(world.Get(request).WasAsked);
    }

    [Theory]
    [InlineData("no validator", "206 | Cache-Control: max-age=60", "")]
    [InlineData("a weak one", "206 | Cache-Control: max-age=60 | ETag: W/\"a\"", "")]
    [InlineData("a date that is too near", "206 | Cache-Control: max-age=60 | Last-Modified: {-30}", "")]
    [InlineData("a gap on either side", Part, "")]
    [InlineData("far away", Part, "Range: bytes=8-9")]
    public void Rfc_9111_section_3_4_nothing_is_put_together_without_a_strong_validator_or_with_a_gap(string why, string stored, string request)
    {
        var world = new CacheWorld();
        world.Get("Range: bytes=4-5", $"{stored} | Content-Range: bytes 4-5/10 | =45");

        var seen = world.Get(request, $"200 | ={Digits}");

        Assert.True(ReuseKind.Forward == seen.Decision.Kind && !seen.Asked[0].Has("If-Range"), why);
    }

    [Theory]
    [InlineData("of another version", "206 | Cache-Control: max-age=60 | ETag: \"b\" | Content-Range: bytes 5-9/10 | =56789")]
    [InlineData("of no version", "206 | Cache-Control: max-age=60 | Content-Range: bytes 5-9/10 | =56789")]
    [InlineData("of another length", "206 | Cache-Control: max-age=60 | ETag: \"a\" | Content-Range: bytes 5-9/11 | =56789")]
    [InlineData("not next to it", "206 | Cache-Control: max-age=60 | ETag: \"a\" | Content-Range: bytes 6-9/10 | =6789")]
    [InlineData("not as long as it says", "206 | Cache-Control: max-age=60 | ETag: \"a\" | Content-Range: bytes 5-9/10 | =5678")]
    [InlineData("not there", "416 | Content-Range: bytes */4")]
    public void Rfc_9111_section_3_4_a_part_that_does_not_fit_is_not_used_and_all_is_asked_for(string what, string answer)
    {
        var world = new CacheWorld();
        world.Get("Range: bytes=0-4", $"{Part} | Content-Range: bytes 0-4/10 | =01234");

        var seen = world.Get("", answer, $"200 | ={Digits}");

        Assert.True(Digits == seen.Body, what);
        Assert.False(seen.Asked[1].Has("Range") || seen.Asked[1].Has("If-Range"));
    }

    [Fact]
    public void Rfc_9110_section_13_1_5_the_whole_answer_takes_the_place_of_a_part_of_an_older_version()
    {
        var world = new CacheWorld();
        world.Get("Range: bytes=0-4", $"{Part} | Content-Range: bytes 0-4/10 | =01234");

        world.Get("", "200 | Cache-Control: max-age=60 | ETag: \"b\" | =abcdefghij");

        Assert.Equal("abcdefghij", world.Get("").Body);
    }

    [Fact]
    public void Parts_that_come_one_after_the_other_become_the_whole()
    {
        var world = new CacheWorld();
        for (var first = 0; first < 10; first += 2)
            world.Get($"Range: bytes={first}-{first + 1}", $"{Part} | Content-Range: bytes {first}-{first + 1}/10 | ={Digits[first..(first + 2)]}");

        Assert.Equal((200, Digits, "10"), (world.Get("").Status, world.Get("").Body, world.Get("")["Content-Length"]));
    }

    [Fact]
    public void Rfc_9111_section_3_3_a_body_that_broke_off_is_kept_as_a_part_and_completed()
    {
        var world = new CacheWorld();
        world.Get("", "200 | Cache-Control: max-age=60 | ETag: \"a\" | Content-Length: 10 | =0123");

        var seen = world.Get("", $"{Part} | Content-Range: bytes 4-9/10 | =456789");

        Assert.Equal(("bytes=4-", Digits), (seen.Asked[0].First("Range"), seen.Body));
    }

    [Theory]
    [InlineData("200 | Cache-Control: max-age=60 | Content-Length: 10 | =0123")]
    [InlineData("404 | Cache-Control: max-age=60 | ETag: \"a\" | Content-Length: 10 | =0123")]
    [InlineData("206 | Cache-Control: max-age=60 | ETag: \"a\" | Content-Range: bytes 0-9/10 | Content-Length: 10 | =0123")]
    public void A_body_that_broke_off_and_cannot_be_completed_is_not_kept(string answer)
    {
        var world = new CacheWorld();

        Assert.Null(world.Get("Range: bytes=0-9", answer).Stored);
        Assert.Equal(0, world.Cache.Count);
    }

    /// <summary>It is all there, but five bytes where six are said to be: nobody knows which.</summary>
    private const string Wrong = "206 | Cache-Control: max-age=60 | ETag: \"a\" | Content-Range: bytes 4-9/10 | Content-Length: 5 | =01234";

    [Theory]
    [InlineData("bytes=-5", "Range: bytes=-5")]
    [InlineData("bytes=0-1 | If-Range: \"a\"", "If-Range: \"a\" | Range: bytes=0-1")]
    public void A_part_that_contradicts_itself_answers_the_same_question_as_it_came(string first, string request)
    {
        var world = new CacheWorld();
        world.Get($"Range: {first}", Wrong);

        var seen = world.Get(request);

        Assert.Equal((206, "01234", "bytes 4-9/10", "5", false), (seen.Status, seen.Body, seen["Content-Range"], seen["Content-Length"], seen.WasAsked));
        Assert.Equal((206, false), (world.Get(request).Status, world.Get(request).WasAsked));
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("GET", "Range: bytes=6-8")]
    [InlineData("GET", "Range: bytes=-4")]
    [InlineData("GET", "Range: bytes=-5 | If-Range: \"b\"")]
    [InlineData("HEAD", "Range: bytes=-5")]
    public void And_no_other(string method, string request)
    {
        var world = new CacheWorld();
        world.Get("Range: bytes=-5", Wrong);

        var seen = world.Ask(method, CacheWorld.Url, request, $"200 | ETag: \"a\" | Content-Length: 10 | ={Digits}");

        Assert.Equal((200, Digits, ReuseKind.Forward), (seen.Status, seen.Body, seen.Decision.Kind));
        Assert.False(request.Length == 0 && (seen.Asked[0].Has("Range") || seen.Asked[0].Has("If-None-Match")));
    }

    [Fact]
    public void A_part_that_contradicts_itself_is_put_to_nothing_and_validated_by_nothing()
    {
        var world = new CacheWorld();
        world.Get("Range: bytes=-5", Wrong);

        var seen = world.Pass(61).Get("Range: bytes=-5", $"{Part} | Content-Range: bytes 5-9/10 | =56789");

        Assert.Equal(("56789", "bytes=-5", null), (seen.Body, seen.Asked[0].First("Range"), seen.Asked[0].First("If-None-Match")));
        Assert.Equal(("789", false), (world.Get("Range: bytes=-3").Body, world.Get("Range: bytes=-3").WasAsked));
        Assert.Equal(ReuseKind.Complete, world.Get("", $"{Part} | Content-Range: bytes 0-4/10 | =01234").Decision.Kind);
        Assert.Equal(Digits, world.Get("").Body);
    }

    [Theory]
    [InlineData(30, "")]
    [InlineData(90, "If-None-Match: \"a\" | ")]
    public void Nor_is_it_made_current_behind_its_back(double later, string condition)
    {
        var world = new CacheWorld();
        world.Get("Range: bytes=-5", Wrong.Replace("max-age=60", "max-age=60, stale-while-revalidate=60", StringComparison.Ordinal));

        Assert.Equal(later < 60 ? ReuseKind.Serve : ReuseKind.Forward, world.Pass(later).Get($"{condition}Range: bytes=-5", "304 | ETag: \"a\" | Cache-Control: max-age=60").Decision.Kind);
        Assert.Equal((200, Digits), (world.Get("", $"200 | ={Digits}").Status, world.Get("", $"200 | ={Digits}").Body));
    }

    [Theory]
    [InlineData("nobody asked for a part", "", "206 | Cache-Control: max-age=60 | Content-Range: bytes 4-9/10 | =01234")]
    [InlineData("several parts", "Range: bytes=0-1,4-5", "206 | Cache-Control: max-age=60 | Content-Type: multipart/byteranges; boundary=x | =--x")]
    [InlineData("a unit nobody knows", "Range: lines=0-1", "206 | Cache-Control: max-age=60 | Content-Range: lines 0-1/10 | =01")]
    [InlineData("it broke off", "Range: bytes=-5", "206 | Cache-Control: max-age=60 | Content-Range: bytes 5-9/10 | Content-Length: 5 | =012")]
    [InlineData("it says no-store", "Range: bytes=-5", "206 | Cache-Control: max-age=60, no-store | Content-Range: bytes 4-9/10 | =01234")]
    public void Other_parts_that_cannot_be_placed_are_not_kept(string why, string request, string answer)
    {
        var world = new CacheWorld();
        world.Get(request, answer);

        Assert.True(0 == world.Cache.Count, why);
    }

    [Fact]
    public void Rfc_9110_section_13_1_5_of_a_stale_part_the_condition_of_the_requester_goes_with_his_range()
    {
        var world = new CacheWorld();
        world.Get("Range: bytes=0-4", $"{Part} | Content-Range: bytes 0-4/10 | =01234");

        var seen = world.Pass(61).Get("Range: bytes=0-1 | If-Range: \"a\"", "200 | ETag: \"b\" | =abcdefghij");

        Assert.Equal(("bytes=0-1", "\"a\"", "\"a\""), (seen.Asked[0].First("Range"), seen.Asked[0].First("If-Range"), seen.Asked[0].First("If-None-Match")));
        Assert.Equal((200, "abcdefghij"), (seen.Status, seen.Body));
    }

    [Theory]
    [InlineData("bytes 0-4/10", 0, 5, 10)]
    [InlineData("BYTES 4-4/*", 4, 1, null)]
    public void A_content_range_is_read(string text, int first, int length, int? total) => Assert.Equal(new ContentRange(first, length, total), ContentRange.Read(text));

    [Theory]
    [InlineData("bytes */10")]
    [InlineData("bytes 4-3/10")]
    [InlineData("bytes 0-10/10")]
    [InlineData("bytes 0-4")]
    [InlineData("bytes=0-4/10")]
    [InlineData("bytes 0-/10")]
    [InlineData("bytes -4/10")]
    [InlineData("bytes 0-4/x")]
    [InlineData("lines 0-4/10")]
    public void A_content_range_that_is_none_is_none(string text) => Assert.Null(ContentRange.Read(text));
}
