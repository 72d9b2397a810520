using Headgate.Quotas;

namespace Headgate.Tests.Quotas;

public sealed class ResetTimeTests
{
    private static readonly DateTimeOffset Date = new(2026, 11, 28, 2, 0, 0, TimeSpan.Zero);

    private static double? Seconds(string text, long number = TimeSpan.TicksPerSecond) => ResetTime.TryRead(text, number, Date)?.In.TotalSeconds;

    [Theory]
    [InlineData("30", 31)]
    [InlineData(" 30\t", 31)]
    [InlineData("+30", 31)]
    [InlineData("1.470", 1.471)]
    [InlineData("2.0", 2.1)]
    [InlineData(".5", 0.6)]
    [InlineData("0", 0)]
    [InlineData("12ms", 0.013)]
    [InlineData("1s", 1.001)]
    [InlineData("6m0s", 360.001)]
    [InlineData("1h2m3.5s", 3723.501)]
    [InlineData("250us", 0.00125)]
    [InlineData("250µs", 0.00125)]
    [InlineData("3.5s", 3.501)]
    [InlineData("1795831260", 61)]
    [InlineData("1795831260.25", 60.251)]
    [InlineData("1795831260000", 60.001)]
    [InlineData("1795831260000000", 60.000001)]
    [InlineData("1795831260000000000", 60.0000002)]
    [InlineData("2026-11-28T02:01:00Z", 61)]
    [InlineData("2026-11-28T03:01:00+01:00", 61)]
    [InlineData("2026-11-28T03:01:00+0100", 61)]
    [InlineData("2026-11-28t02:01:00.250z", 60.251)]
    [InlineData("2026-11-28 02:01:00", 61)]
    [InlineData("2026-11-28T02:01Z", 120)]
    [InlineData("Sat, 28 Nov 2026 02:01:00 GMT", 61)]
    [InlineData("Saturday, 28-Nov-26 02:01:00 GMT", 61)]
    [InlineData("Sat Nov 28 02:01:00 2026", 61)]
    [InlineData("Sat Nov 28 2026 03:01:00 GMT+0100 (Central European Standard Time)", 61)]
    [InlineData("Sat Nov 28 2026 02:01:00 GMT", 61)]
    public void Every_form_is_read_and_rounded_up_by_what_it_leaves_open(string text, double seconds) => Assert.Equal(seconds, Seconds(text));

    [Theory]
    [InlineData("600000", 600.001)]
    [InlineData("0.5", 0.0006)]
    [InlineData("1795831260", 1795831.261)]
    public void A_bare_number_may_count_milliseconds(string text, double seconds) => Assert.Equal(Math.Min(seconds, 315360000), Seconds(text, TimeSpan.TicksPerMillisecond)!.Value, 4);

    [Theory]
    [InlineData("1795831100")]
    [InlineData("2026-11-28T01:00:00Z")]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT")]
    public void What_has_passed_is_zero(string text) => Assert.Equal(0, Seconds(text));

    [Theory]
    [InlineData("99999999999999999999999999999999999999")]
    [InlineData("9999-12-31T23:59:59Z")]
    [InlineData("999999999h")]
    [InlineData("999999999999999999h9h9h9h")]
    public void What_is_absurd_is_cut_to_ten_years(string text) => Assert.Equal(TimeSpan.FromDays(3650), ResetTime.TryRead(text, TimeSpan.TicksPerSecond, Date)!.Value.In);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("-1")]
    [InlineData("-0.5s")]
    [InlineData("+")]
    [InlineData(".")]
    [InlineData("soon")]
    [InlineData("1e3")]
    [InlineData("NaN")]
    [InlineData("12,5")]
    [InlineData("1x")]
    [InlineData("1s2")]
    [InlineData("1h m")]
    [InlineData("2026-11-28")]
    [InlineData("2026-02-30T00:00:00Z")]
    [InlineData("2026-11-28T24:00:00Z")]
    [InlineData("2026-11-28T02:00:00+25:00")]
    [InlineData("2026-11-28T02:00:00Z and more")]
    [InlineData("Sat Nov 31 2026 02:01:00 GMT")]
    [InlineData("Sat Nov 28 2026 02:01:00 CET")]
    public void What_cannot_be_read_and_what_is_negative_is_none(string text) => Assert.Null(Seconds(text));

    [Theory]
    [InlineData("10", 10.0)]
    [InlineData("10.5", 10.5)]
    [InlineData("1m", 60.0)]
    [InlineData("0", null)]
    [InlineData("-1", null)]
    [InlineData("x", null)]
    public void A_length_is_read_exactly(string text, double? seconds) => Assert.Equal(seconds, ResetTime.TryReadLength(text, TimeSpan.TicksPerSecond)?.TotalSeconds);

    [Fact]
    public void A_period_shows_as_no_more_than_itself_and_the_slack_however_the_server_rounds()
    {
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var period = TimeSpan.FromSeconds(random.Next(1, 7200));
            // The answer is made at some moment, its Date may be a second old, and the instant is cut off or rounded up.
            var made = Date + TimeSpan.FromTicks(random.NextInt64(TimeSpan.TicksPerHour));
            var date = new DateTimeOffset(made.Ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
            var ends = made + period;
            var unix = (ends - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerSecond + random.Next(2);
            var time = ResetTime.TryRead($"{unix}", TimeSpan.TicksPerSecond, date)!.Value;
            Assert.InRange(time.In, period, period + time.Slack);
        }
    }
}
