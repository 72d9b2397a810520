using Headgate.Caching;
using Headgate.Time;

namespace Headgate.Tests.Caching;

public sealed class FlightTests
{
    private readonly VirtualTime _time = new();
    private readonly Flights _flights;

    public FlightTests() => _flights = new Flights(_time);

    private static FlightTerms Usual => new(RequestPriority.Medium, true, null, null);

    private CacheRequest Request { get; } = CacheWorld.RequestOf(new CacheRules(), "GET", CacheWorld.Url, "Accept: a/b");

    /// <summary>How the first is sent, and how the second, and whether that waits.</summary>
    [Theory]
    [InlineData("Medium direct", "Medium direct", true)]
    [InlineData("Background direct", "Medium direct", false)]
    [InlineData("Critical direct", "Medium direct", true)]
    [InlineData("Medium", "Medium direct", false)]
    [InlineData("Medium direct", "Medium", true)]
    [InlineData("Medium direct queue", "Medium direct", false)]
    [InlineData("Medium direct", "Medium direct queue", false)]
    [InlineData("Medium direct country", "Medium direct", false)]
    [InlineData("Medium queue country", "Low queue country", true)]
    public void Nobody_waits_for_what_could_be_held_longer_than_he_would_be(string first, string second, bool waits)
    {
        var own = Join(Request, TermsOf(first), 0).Own;
        var (other, mine) = Join(Request, TermsOf(second), 0);

        Assert.NotNull(own);
        Assert.Equal(waits, other == own);
        Assert.Equal(waits, mine is null);

        static FlightTerms TermsOf(string text)
        {
            var words = text.Split(' ');
            return new FlightTerms(Enum.Parse<RequestPriority>(words[0]), words.Contains("direct"), words.FirstOrDefault(word => word == "queue"), words.FirstOrDefault(word => word == "country"));
        }
    }

    [Fact]
    public async Task What_was_for_one_only_is_waited_for_by_nobody_for_half_a_minute()
    {
        var flight = Join(Request, Usual, 0).Own!;
        var follower = flight.FollowAsync(Request, Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken);
        _flights.End(Request.Key, flight, FlightEnd.Alone, 0);

        Assert.Equal(FlightEnd.Alone, await follower);
        Assert.Equal((null, null), Join(Request, Usual, 29_999));
        Assert.NotNull(Join(Request, Usual, 30_000).Own);
    }

    [Fact]
    public async Task Another_variant_is_known_by_the_headers()
    {
        var flight = Join(Request, Usual, 0).Own!;
        var other = CacheWorld.RequestOf(new CacheRules(), "GET", CacheWorld.Url, "Accept: c/d");
        var (same, different) = (flight.FollowAsync(Request, Timeout.InfiniteTimeSpan, default), flight.FollowAsync(other, Timeout.InfiniteTimeSpan, default));
        _flights.Share(Request, flight, Selecting.Of(CacheWorld.FieldsOf("Vary: Accept"), Request.Fields)!);

        Assert.Equal(FlightEnd.Gone, await different);
        Assert.False(same.IsCompleted);
        // Whoever comes now and says the same as the other asks anew, once; and who says the same as the first still waits for that.
        var second = Join(other, Usual, 0).Own;
        Assert.NotNull(second);
        Assert.Equal(second, Join(other, Usual, 0).Other);
        Assert.Equal(flight, Join(Request, Usual, 0).Other);
        Assert.Equal(["accept"], flight.Names);
        _flights.End(Request.Key, flight, FlightEnd.Kept, 0);
        Assert.Equal(FlightEnd.Kept, await same);
    }

    [Fact]
    public async Task A_body_that_takes_long_holds_everybody_together_for_ten_seconds_and_who_comes_later_asks_anew()
    {
        var slow = Join(Request, Usual, 0).Own!;
        _flights.Share(Request, slow, Selecting.Of(FieldList.Empty, Request.Fields)!);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(slow, Join(Request, Usual, 0).Other);
        var follower = slow.FollowAsync(Request, Timeout.InfiniteTimeSpan, default);
        Assert.False(follower.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(FlightEnd.Alone, await follower);
        var next = Join(Request, Usual, 0).Own;
        Assert.NotNull(next);
        Assert.Equal(next, Join(Request, Usual, 0).Other);
        // The end of the slow one is none of the other's.
        _flights.End(Request.Key, slow, FlightEnd.Kept, 0);
        Assert.Equal(next, Join(Request, Usual, 0).Other);
    }

    [Fact]
    public void What_was_told_by_the_one_that_was_waited_for_counts_most_then_the_last_head_then_what_is_stored()
    {
        var (ab, cd) = (Accepting("a/b"), Accepting("c/d"));
        var first = Join(ab, Usual, 0, stored: ["accept-language"]).Own!;

        // What is stored says that they are of one variant; who was told otherwise asks.
        Assert.Equal(first, Join(cd, Usual, 0, stored: ["accept-language"]).Other);
        var second = Join(cd, Usual, 0, told: ["accept"]).Own;
        Assert.NotNull(second);
        _flights.Share(ab, first, Selecting.Of(CacheWorld.FieldsOf("Vary: Accept"), ab.Fields)!);
        Assert.Equal((first, second), (Join(ab, Usual, 0, stored: ["accept-language"]).Other, Join(cd, Usual, 0, stored: ["accept-language"]).Other));
    }

    [Fact]
    public void Of_ten_thousand_variants_nothing_is_left_when_they_are_over()
    {
        var all = Enumerable.Range(0, 10_000).Select(number => Accepting($"a/{number}")).Select(request => (Request: request, Join(request, Usual, 0, told: ["accept"]).Own)).ToList();

        Assert.Equal(10_000, all.Select(one => one.Own).Distinct().Count());
        Assert.Equal(1, _flights.Count);
        foreach (var (request, own) in all)
            _flights.End(request.Key, own!, FlightEnd.Kept, 0);
        Assert.Equal(0, _flights.Count);
    }

    [Fact]
    public void One_whose_place_was_taken_ends_nothing_but_itself()
    {
        var hurried = Usual with { Priority = RequestPriority.Critical };
        var patient = Join(Request, Usual with { Priority = RequestPriority.Background }, 0).Own!;
        var urgent = Join(Request, hurried, 0).Own!;
        _flights.Share(Request, urgent, Selecting.Of(CacheWorld.FieldsOf("Vary: Accept"), Request.Fields)!);
        _flights.Share(Request, patient, Selecting.Of(CacheWorld.FieldsOf("Vary: Accept"), Request.Fields)!);
        _flights.End(Request.Key, patient, FlightEnd.Kept, 0);

        Assert.Equal(urgent, Join(Request, hurried, 0).Other);
        _flights.End(Request.Key, urgent, FlightEnd.Kept, 0);
        Assert.Equal(0, _flights.Count);
    }

    private static CacheRequest Accepting(string type) => CacheWorld.RequestOf(new CacheRules(), "GET", CacheWorld.Url, $"Accept: {type}");

    private (Flight? Other, Flight? Own) Join(CacheRequest request, FlightTerms terms, long now, string[]? told = null, string[]? stored = null) => _flights.Join(request, terms, told, stored, now);

    [Fact]
    public void Who_comes_when_the_names_are_known_waits_for_its_own_variant_from_the_start()
    {
        string[] stored = ["accept"];
        var (a, b) = (For("Accept: a/a"), For("Accept: b/b"));
        var (first, second) = (Join(a, 0, stored: stored).Own, Join(b, 0, stored: stored).Own);

        Assert.NotNull(first);
        Assert.NotNull(second);
        // Values that mean the same are the same, and who knows nothing is told by what is on its way.
        Assert.Equal(first, Join(For("Accept: a/a;q=1"), 0).Other);
        Assert.Equal(second, Join(For("Accept:  b/b"), 0).Other);
    }

    [Fact]
    public void A_flight_in_the_air_is_found_by_its_variant_as_soon_as_its_head_tells_it()
    {
        var flight = Join(Request, 0).Own!;
        Assert.Equal(flight, Join(For("Accept: c/d"), 0).Other);
        Share(flight, Request, "Vary: Accept");

        Assert.Equal(flight, Join(Request, 0).Other);
        Assert.NotNull(Join(For("Accept: c/d"), 0).Own);
    }

    [Fact]
    public void When_another_head_names_other_fields_the_newest_holds_and_who_was_told_so_goes_by_that()
    {
        var (english, german) = (For("Accept: a/b|Accept-Language: en"), For("Accept: a/b|Accept-Language: de"));
        var first = Join(english, 0).Own!;
        Share(first, english, "Vary: Accept");
        Assert.Equal(first, Join(german, 0).Other);

        var other = For("Accept: c/d|Accept-Language: en");
        var second = Join(other, 0).Own!;
        Share(second, other, "Vary: Accept-Language");

        Assert.Equal(second, Join(For("Accept: e/f|Accept-Language: en"), 0).Other);
        Assert.NotNull(Join(german, 0).Own);
        Assert.Equal(first, Join(german, 0, told: ["accept"]).Other);
    }

    [Fact]
    public void Nothing_is_left_of_what_is_over_however_many_variants_there_were_and_however_they_ended()
    {
        string[] names = ["accept"];
        var all = Enumerable.Range(0, 10_000).Select(number => For($"Accept: a/{number}")).ToList();
        var flights = all.ConvertAll(request => Join(request, 0, stored: names).Own!);
        Assert.Equal(1, _flights.Count);
        Share(flights[1], all[1], "Vary: Accept");
        Share(flights[2], all[2], "Vary: Accept, Cookie");
        // Two that turn out to be one, of which each ends for itself.
        Share(flights[3], all[3], "");
        Share(flights[4], all[4], "");
        // Less urgent than who comes now, who takes its place.
        var urgent = _flights.Join(all[5], Usual with { Priority = RequestPriority.Critical }, names, null, 0).Own!;
        var replacing = _flights.Join(all[6], Usual with { Queue = "q" }, names, null, 0).Own!;
        _flights.End(all[6].Key, replacing, FlightEnd.Gone, 0);

        for (var i = 0; i < all.Count; i++)
            _flights.End(all[i].Key, flights[i], (FlightEnd)(i % 3), 0);
        Assert.Equal(1, _flights.Count);
        _flights.End(all[5].Key, urgent, FlightEnd.Kept, 0);

        Assert.Equal(0, _flights.Count);
    }

    private static CacheRequest For(string fields) => CacheWorld.RequestOf(new CacheRules(), "GET", CacheWorld.Url, fields);

    private (Flight? Other, Flight? Own) Join(CacheRequest request, long now, string[]? told = null, string[]? stored = null) => _flights.Join(request, Usual, told, stored, now);

    private void Share(Flight flight, CacheRequest request, string vary) => _flights.Share(request, flight, Selecting.Of(CacheWorld.FieldsOf(vary), request.Fields)!);
}
