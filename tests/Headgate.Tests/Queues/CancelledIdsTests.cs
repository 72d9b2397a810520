using Headgate.Queues;

namespace Headgate.Tests.Queues;

public sealed class CancelledIdsTests
{
    private readonly CancelledIds _ids = new();

    [Fact]
    public void One_that_is_being_ended_may_not_begin()
    {
        _ids.Take(["a", "b"]);
        _ids.Add("a");

        Assert.Equal((false, true), (_ids.MayBegin("a"), _ids.MayBegin("b")));
    }

    [Fact]
    public void One_that_ended_after_whoever_took_it_has_looked_may_not_begin()
    {
        _ids.Take(["a", "b"]);
        // It was read as open, and is ended from beginning to end before it begins.
        _ids.Add("a");
        _ids.Remove("a");

        Assert.Equal((false, true), (_ids.MayBegin("a"), _ids.MayBegin("b")));
    }

    [Fact]
    public void Whoever_takes_it_after_that_reads_of_its_end_and_so_nothing_of_it_stays()
    {
        _ids.Take(["a"]);
        _ids.Add("a");
        _ids.Remove("a");
        _ids.Release(["a"]);
        _ids.Add("b");
        _ids.Add("b");
        _ids.Remove("b");

        _ids.Take(["a", "b"]);

        Assert.Equal((true, false), (_ids.MayBegin("a"), _ids.MayBegin("b")));
    }
}
