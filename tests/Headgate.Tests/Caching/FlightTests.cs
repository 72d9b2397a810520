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
        var own = _flights.Join(Request, TermsOf(first), 0).Own;
        var (other, mine) = _flights.Join(Request, TermsOf(second), 0);

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
        var flight = _flights.Join(Request, Usual, 0).Own!;
        var follower = flight.FollowAsync(Request, Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken);
        _flights.End(Request.Key, flight, FlightEnd.Alone, 0);

        Assert.Equal(FlightEnd.Alone, await follower);
        Assert.Equal((null, null), _flights.Join(Request, Usual, 29_999));
        Assert.NotNull(_flights.Join(Request, Usual, 30_000).Own);
    }

    [Fact]
    public async Task Another_variant_is_known_by_the_headers()
    {
        var flight = _flights.Join(Request, Usual, 0).Own!;
        var other = CacheWorld.RequestOf(new CacheRules(), "GET", CacheWorld.Url, "Accept: c/d");
        var (same, different) = (flight.FollowAsync(Request, Timeout.InfiniteTimeSpan, default), flight.FollowAsync(other, Timeout.InfiniteTimeSpan, default));
        flight.Share(Selecting.Of(CacheWorld.FieldsOf("Vary: Accept"), Request.Fields)!);

        Assert.Equal(FlightEnd.Gone, await different);
        Assert.False(same.IsCompleted);
        // Whoever comes now and says the same as the other asks anew.
        Assert.NotNull(_flights.Join(other, Usual, 0).Own);
        _flights.End(Request.Key, flight, FlightEnd.Kept, 0);
        Assert.Equal(FlightEnd.Kept, await same);
    }

    [Fact]
    public async Task A_body_that_takes_long_holds_everybody_together_for_ten_seconds_and_who_comes_later_asks_anew()
    {
        var slow = _flights.Join(Request, Usual, 0).Own!;
        slow.Share(Selecting.Of(FieldList.Empty, Request.Fields)!);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(slow, _flights.Join(Request, Usual, 0).Other);
        var follower = slow.FollowAsync(Request, Timeout.InfiniteTimeSpan, default);
        Assert.False(follower.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(FlightEnd.Alone, await follower);
        var next = _flights.Join(Request, Usual, 0).Own;
        Assert.NotNull(next);
        Assert.Equal(next, _flights.Join(Request, Usual, 0).Other);
        // The end of the slow one is none of the other's.
        _flights.End(Request.Key, slow, FlightEnd.Kept, 0);
        Assert.Equal(next, _flights.Join(Request, Usual, 0).Other);
    }
}
