using Headgate.Time;

namespace Headgate.Tests.Time;

public sealed class WallTimeTests
{
    private const long Second = Clock.Second;

    [Fact]
    public void Nothing_is_known_of_a_server_before_its_first_answer()
    {
        var server = WallTime.Unknown();
        Assert.Equal((false, 0), (server.IsKnown, server.Version));
        server.Learn(0, 0, 100 * Second);
        Assert.Equal((true, 1, 101 * Second, Second), (server.IsKnown, server.Version, server.Offset, server.Skew));
    }

    [Fact]
    public void Each_answer_narrows_what_is_possible_and_the_truth_stays_inside()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var server = WallTime.Unknown();
            var truth = random.NextInt64(2_000_000_000) * Second + random.NextInt64(Second);
            // Some servers renew their Date by a timer, once a second.
            var beat = round % 2 == 0 ? random.NextInt64(Second) : -1;
            long now = 1_000 * Second;
            for (var answer = 0; answer < 200; answer++)
            {
                now += random.NextInt64(2 * Second);
                var (sent, width) = (now, server.Skew);
                now += random.NextInt64(Second / 2);
                var clock = sent + random.NextInt64(now - sent + 1) + truth;
                var stamp = beat < 0 ? clock : clock - (clock - beat) % Second;
                server.Learn(sent, now, stamp / Second * Second);
                Assert.InRange(truth, server.Offset - server.Skew, server.Offset + server.Skew);
                Assert.True(answer == 0 || server.Skew <= width + Clock.Millisecond);
            }
            Assert.Equal(1, server.Version);
            Assert.InRange(server.Skew, 0, 3 * Second / 4);
        }
    }

    [Fact]
    public void A_clock_that_drifts_is_followed()
    {
        // Found: an interval once narrowed was held against a clock that had since run away from it.
        var server = WallTime.Unknown();
        for (var minute = 0L; minute < 24 * 60; minute++)
        {
            var now = minute * 60 * Second + minute * 7_919_000 % Second;
            var truth = 1_000_000 * Second + now / 10_001;
            server.Learn(now, now, (now + truth) / Second * Second);
            Assert.InRange(truth, server.Offset - server.Skew, server.Offset + server.Skew);
        }
        Assert.Equal(1, server.Version);
    }

    [Fact]
    public void What_is_known_fades_when_nothing_is_heard()
    {
        var server = WallTime.Unknown();
        server.Learn(0, 0, 0);
        Assert.Equal(Second, server.SkewAt(60 * Second, 60 * Second));
        Assert.Equal(Second + 100 * Clock.Millisecond + 1, server.SkewAt(1_060 * Second, 60 * Second));
        var ours = new WallTime(0, 0, isKnown: true);
        Assert.Equal(0, ours.SkewAt(long.MaxValue / 2, 0));
    }

    [Fact]
    public void A_clock_that_was_set_begins_anew()
    {
        var server = WallTime.Unknown();
        server.Learn(0, 0, 100 * Second);
        server.Learn(Second, Second, 50 * Second);
        Assert.Equal((2, 50 * Second), (server.Version, server.Offset));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void A_date_out_of_reason_teaches_nothing(long date)
    {
        var server = WallTime.Unknown();
        server.Learn(0, 0, date);
        Assert.False(server.IsKnown);
    }

    [Fact]
    public void A_step_of_our_own_clock_is_noticed_and_its_jitter_is_not()
    {
        var time = new VirtualTime();
        var ours = WallTime.Ours(new Clock(time));
        Assert.Equal(1_767_225_600L * Second, ours.Offset);
        ours.Set(ours.Offset + 1_000);
        Assert.Equal(1, ours.Version);
        ours.Set(ours.Offset - Second);
        Assert.Equal(2, ours.Version);
    }
}
