using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Limits;

public sealed class HoldStateTests
{
    private readonly HoldState _hold = new(ArrivalTerms.Nominal, new WallTime(0, 0, isKnown: true));

    [Fact]
    public void Nobody_goes_before_its_end_and_then_one_by_one()
    {
        _hold.Set(100, gap: 10, ramp: 35);
        Assert.Equal((100, 100L), (_hold.FreeAt(1, 0), _hold.Until(0)));
        var goes = new List<long>();
        for (var now = 100L; now <= 135; now++)
            while (goes.Count < 10 && _hold.FreeAt(1, now) == now)
            {
                goes.Add(now);
                _hold.Granted(now);
            }
        Assert.Equal([100, 110, 120, 130, 135, 135, 135, 135, 135, 135], goes);
        Assert.True(_hold.IsIdle(135));
    }

    [Fact]
    public void What_it_says_of_a_time_stays_true()
    {
        // Found: the next place could lie behind the end of the ramp, where everybody is free.
        _hold.Set(100, gap: 50, ramp: 60);
        _hold.Granted(100);
        _hold.Granted(150);
        Assert.Equal(160, _hold.FreeAt(1, 151));
        Assert.Equal(160, _hold.FreeAt(1, 160));
    }

    [Fact]
    public void A_new_one_never_shortens_an_older_one()
    {
        _hold.Set(100, 10, 10);
        _hold.Set(50, 10, 10);
        Assert.Equal(100, _hold.FreeAt(1, 0));
        _hold.Set(200, 10, 10);
        Assert.Equal(200, _hold.FreeAt(1, 0));
        _hold.Lift();
        Assert.Equal((0, null), (_hold.FreeAt(1, 0), _hold.Until(0)));
    }
}
