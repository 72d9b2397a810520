using FsCheck;
using FsCheck.Fluent;
using Headgate.Limits;

namespace Headgate.Tests.Limits;

public sealed class TimedQueueTests
{
    [Fact]
    public void Behaves_like_a_sorted_list()
    {
        var operation = Gen.Choose(0, 99).SelectMany(kind => Gen.Choose(0, 40).SelectMany(time => Gen.Choose(0, 3), (time, cost) => (Kind: kind, Time: (long)time, Cost: (long)Math.Max(1, cost))));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(200), Prop.ForAll(Gen.ListOf(operation).ToArbitrary(), operations =>
        {
            var (queue, list) = (new TimedQueue(), new List<(long Time, long Cost)>());
            foreach (var (kind, time, cost) in operations)
            {
                Apply(queue, list, kind, time, cost);
                Assert.Equal(list, Enumerable.Range(0, queue.Count).Select(index => (queue.TimeAt(index), queue.CostAt(index))));
                Assert.Equal(list.Sum(entry => entry.Cost), queue.Sum);
                Assert.Equal(list.Where(entry => entry.Time <= time).Sum(entry => entry.Cost), queue.SumUpTo(time));
                for (var (unit, index, left) = (1L, 0, list.FirstOrDefault().Cost); unit <= queue.Sum; unit++, left--)
                {
                    while (left == 0)
                        left = list[++index].Cost;
                    Assert.Equal(list[index].Time, queue.TimeOfUnit(unit));
                }
            }
        }));
    }

    [Fact]
    public void Grows_round_a_ring_that_has_wrapped()
    {
        var queue = new TimedQueue();
        for (var time = 0; time < 100; time++)
        {
            queue.Add(time, 1);
            queue.Add(time, time % 10 == 9 ? 5 : 1);
            queue.RemoveFirst();
        }
        Assert.Equal(100, queue.Count);
        Assert.Equal(Enumerable.Range(0, 100).Select(index => (long)(50 + index / 2)), Enumerable.Range(0, 100).Select(queue.TimeAt));
    }

    [Fact]
    public void Takes_eight_bytes_an_entry_while_every_cost_is_one()
    {
        var queue = new TimedQueue();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var time = 0; time < 65_536; time++)
            queue.Add(time, 1);
        // Each doubling copies: all arrays together are twice the last.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 8 * 65_536, 2 * 8 * 65_536 + 1_000);
    }

    private static void Apply(TimedQueue queue, List<(long Time, long Cost)> list, int kind, long time, long cost)
    {
        switch (kind)
        {
            case < 55:
                queue.Add(time, cost);
                list.Insert(list.Count(entry => entry.Time <= time), (time, cost));
                break;
            case < 75 when list.Count > 0:
                queue.RemoveFirst();
                list.RemoveAt(0);
                break;
            case < 90:
                Assert.Equal(list.Contains((time, cost)), queue.Remove(time, cost));
                list.Remove((time, cost));
                break;
            case < 100 when list.Count > 0:
                queue.MergeIntoLast(time, cost);
                list[^1] = (Math.Max(time, list[^1].Time), list[^1].Cost + cost);
                break;
        }
    }
}
