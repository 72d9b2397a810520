using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>RFC 9110 §5.6.7: dates, to the letter.</summary>
public sealed class ExactDateTests
{
    [Theory]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777)]
    [InlineData("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777)]
    [InlineData("Sun Nov  6 08:49:37 1994", 784_111_777)]
    [InlineData("Sun Nov 16 08:49:37 1994", 784_975_777)]
    [InlineData(" sUN, 06 nOV 1994 08:49:37 gmt\t", 784_111_777)]
    [InlineData("Thursday, 18-Aug-50 02:01:18 GMT", 2_544_400_878)]
    [InlineData("Friday, 01-Jan-76 00:00:00 GMT", 3_345_062_400)]
    [InlineData("Friday, 01-Jan-77 00:00:00 GMT", 220_924_800)]
    [InlineData("Sun, 21 Nov 2286 04:46:39 GMT", 10_000_039_599)]
    [InlineData("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800)]
    public void A_date_in_one_of_the_three_forms(string text, long seconds) => Assert.Equal(seconds, ExactDate.Read(text, CacheWorld.Start));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("Sun, 06 Nov 1994 08:49:37 UTC")]
    [InlineData("Sun, 06 Nov 1994 08:49:37 +0000")]
    [InlineData("Sun, 06 Nov 1994 08:49:37")]
    [InlineData("Sun, 06 Nov 94 08:49:37 GMT")]
    [InlineData("Sun 06 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 6 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 06  Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 06-Nov-1994 08:49:37 GMT")]
    [InlineData("Sun, 06 Nov 1994 8:49:37 GMT")]
    [InlineData("Sun, 06 Nov 1994 08.49.37 GMT")]
    [InlineData("Sun, 06 Nov 1994 24:49:37 GMT")]
    [InlineData("Sun, 31 Feb 1994 08:49:37 GMT")]
    [InlineData("Sun, 00 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 06 Nov 0000 08:49:37 GMT")]
    [InlineData("Son, 06 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 06 Nox 1994 08:49:37 GMT")]
    [InlineData("Sun, 06 anf 1994 08:49:37 GMT")]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT")]
    [InlineData("Sunda, 06-Nov-94 08:49:37 GMT")]
    [InlineData("Sun Nov 06 08:49:37 94")]
    [InlineData("1994-11-06T08:49:37Z")]
    public void Anything_else_is_none(string text) => Assert.Null(ExactDate.Read(text, CacheWorld.Start));
}
