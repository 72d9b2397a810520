using Headgate.Proxies;

namespace Headgate.Tests.Proxies;

public sealed class AnswerTallyTests
{
    [Fact]
    public void Nothing_breaks_off_before_anything_has_come()
    {
        Assert.Equal(0, new AnswerTally().Share);
    }

    [Fact]
    public void One_of_many_shows_and_what_is_long_past_does_not()
    {
        var tally = new AnswerTally();
        for (var answer = 0; answer < 1000; answer++)
            tally.Add(isWhole: true);
        tally.Add(isWhole: false);
        Assert.InRange(tally.Share, 0.01, 0.04);

        for (var answer = 0; answer < 64; answer++)
            tally.Add(isWhole: false);
        Assert.InRange(tally.Share, 0.6, 0.99);
        for (var answer = 0; answer < 1000; answer++)
            tally.Add(isWhole: true);
        Assert.InRange(tally.Share, 0, 0.001);
    }
}
