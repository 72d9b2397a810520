using Headgate.App.Runs;
using Headgate.Configuration;

namespace Headgate.Tests.Runs;

public sealed class MaxFailuresTests
{
    [Fact]
    public void A_number_holds_from_the_first_line_on()
    {
        var most = new MaxFailures(1, null);
        Assert.False(most.IsReached(1, 1));
        Assert.True(most.IsReached(2, 2));
        Assert.Equal("1", $"{most}");
    }

    [Fact]
    public void A_percentage_stops_no_run_before_a_hundred_lines_but_judges_a_shorter_one_at_its_end()
    {
        Assert.True(Percentage.TryParse("20%", out var fifth));
        var most = new MaxFailures(null, fifth);
        Assert.False(most.IsReached(99, 99));
        Assert.True(most.IsReached(21, 100));
        Assert.True(most.IsExceeded(4, 6));
        Assert.False(most.IsExceeded(1, 6));
        Assert.Equal("20%", $"{most}");
    }

    [Fact]
    public void Without_one_any_number_may_fail() => Assert.False(default(MaxFailures).IsExceeded(1000, 1000));
}
