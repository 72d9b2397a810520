using Headgate.Ledgers;
using Headgate.Time;

namespace Headgate.Tests.Ledgers;

public sealed class ScopeRestoreTests
{
    private static readonly RestartClock Now = new("this", 500 * Clock.Second, 1_800_000_000_000_000);

    [Theory]
    [InlineData("this", long.MaxValue, long.MaxValue)]
    [InlineData("this", long.MinValue, long.MinValue)]
    [InlineData("other", long.MaxValue, 500 * Clock.Second)]
    [InlineData("other", long.MinValue, 0)]
    public void A_time_beyond_the_clock_stays_on_its_side_of_it(string boot, long us, long proven)
    {
        var header = new ScopeHeader { Scope = "api", Boot = boot, WallUs = Now.WallUs, MonoUs = 0, Pid = 1 };
        Assert.Equal(proven, ScopeRestore.Proven(us, header, Now));
    }
}
