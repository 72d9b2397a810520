using Headgate.Jobs;
using Headgate.Queues;
using Headgate.Time;

namespace Headgate.Tests.Queues;

public sealed class JobQueueTests
{
    private static readonly JobLaneKey Lane = new("api", RequestPriority.Medium, null);

    private readonly JobQueue _queue = new(lookAhead: 2, mostBegun: 4);

    [Fact]
    public void Only_the_first_few_of_a_lane_begin_and_each_that_leaves_the_gate_makes_room_for_one()
    {
        var entries = Enumerable.Range(0, 4).Select(_ => Add()).ToList();

        Assert.Equal([entries[0], entries[1]], TakeAll());
        _queue.Leave(entries[0]);
        _queue.Leave(entries[0]);
        Assert.Equal([entries[2]], TakeAll());
        _queue.End(entries[1]);
        Assert.Equal([entries[3]], TakeAll());
    }

    [Fact]
    public void When_many_are_under_way_each_lane_still_has_one()
    {
        var first = Enumerable.Range(0, 3).Select(_ => Add()).ToList();
        TakeAll().ForEach(_queue.Leave);
        TakeAll().ForEach(_queue.Leave);
        var second = Enumerable.Range(0, 3).Select(_ => Add(Lane with { Tenant = "b" })).ToList();
        Assert.Equal([second[0]], TakeAll());
        Assert.Equal(4, _queue.Begun);

        var third = Add(Lane with { Tenant = "c" });
        Assert.Equal([third], TakeAll());
        _queue.End(first[0]);
        Assert.Empty(TakeAll());
        _queue.End(first[1]);
        Assert.Equal([second[1]], TakeAll());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_free_place_goes_to_the_next_lane_that_has_a_job(bool isEmptiedBefore)
    {
        var queue = new JobQueue(lookAhead: 4, mostBegun: 4);
        var lanes = new[] { Lane, Lane with { Tenant = "b" }, Lane with { Tenant = "c" } };
        var first = lanes.Select(lane => Add(queue, lane)).Append(Add(queue, lanes[0])).ToList();
        Assert.Equal(4, TakeAll(queue).Count);
        var (empty, next) = (Add(queue, lanes[1]), Add(queue, lanes[2]));
        Assert.Empty(TakeAll(queue));

        if (isEmptiedBefore)
            Assert.True(queue.Remove(empty));
        queue.End(first[3]);
        if (!isEmptiedBefore)
            Assert.True(queue.Remove(empty));

        Assert.Equal([next], TakeAll(queue));
    }

    [Fact]
    public void What_has_a_time_waits_for_it_and_ends_with_it()
    {
        var later = Add(notBefore: 100, expires: 300);
        var never = Add(notBefore: 200, expires: 150);
        Assert.Empty(TakeAll());
        Assert.Equal(100, _queue.NextDue);

        Assert.Same(later, _queue.TakeDue(100, out var isExpired));
        Assert.False(isExpired);
        Assert.Same(never, _queue.TakeDue(150, out isExpired));
        Assert.True(isExpired);
        Assert.Equal(300, _queue.NextDue);
        Assert.Equal([later], TakeAll());
        Assert.Equal(Clock.Never, _queue.NextDue);
    }

    [Fact]
    public void Lanes_that_nobody_is_in_are_forgotten()
    {
        var (begun, waits, later) = (Add(), Add(Lane with { Tenant = "b" }), Add(Lane with { Tenant = "c" }, notBefore: 100));
        Assert.Same(begun, _queue.TakeNext());
        Assert.True(_queue.Remove(waits));
        Assert.False(_queue.Remove(waits));
        Assert.True(_queue.Remove(later));
        Assert.Equal(1, _queue.Lanes);
        _queue.End(begun);

        Assert.Equal((0, 0, 0), (_queue.Lanes, _queue.Waiting, _queue.Begun));
    }

    [Fact]
    public void However_many_tenants_wait_for_a_slow_API_others_have_room()
    {
        var queue = new JobQueue(lookAhead: 256, mostBegun: 1000);
        for (var tenant = 0; tenant < 80; tenant++)
            for (var job = 0; job < 50; job++)
                Add(queue, Lane with { Tenant = $"{tenant}" });
        Assert.Equal(800, TakeAll(queue).Count);

        foreach (var (api, room) in (Dictionary<string, int>)new() { ["b"] = 160, ["c"] = 32 })
        {
            for (var job = 0; job < 500; job++)
                Add(queue, Lane with { Upstream = api });
            Assert.Equal(room, TakeAll(queue).Count);
        }
    }

    [Fact]
    public void A_free_place_is_for_the_API_that_has_the_fewest()
    {
        var queue = new JobQueue(lookAhead: 100, mostBegun: 10);
        var many = Enumerable.Range(0, 20).Select(_ => Add(queue, Lane)).ToList();
        var hog = TakeAll(queue);
        Assert.Equal(8, hog.Count);
        var few = Enumerable.Range(0, 20).Select(_ => Add(queue, Lane with { Upstream = "b" })).ToList();
        Assert.Equal(2, TakeAll(queue).Count);

        queue.End(hog[0]);

        Assert.Equal([few[2]], TakeAll(queue));
    }

    [Fact]
    public void A_named_queue_has_so_many_under_way_over_all_its_lanes()
    {
        _queue.Bound("bulk", 1, isPaused: false);
        var (first, second, aside) = (Add(Lane with { Queue = "bulk" }), Add(Lane with { Queue = "bulk", Tenant = "b" }), Add());
        Assert.Equal([first, aside], TakeAll());

        _queue.Leave(first);
        Assert.Empty(TakeAll());
        _queue.End(first);
        Assert.Equal([second], TakeAll());
    }

    [Fact]
    public void A_paused_queue_begins_nothing_until_it_goes_on()
    {
        _queue.Bound("bulk", int.MaxValue, isPaused: true);
        var (waits, aside) = (Add(Lane with { Queue = "bulk" }), Add());
        Assert.Equal([aside], TakeAll());

        _queue.Bound("bulk", int.MaxValue, isPaused: false);
        Assert.Equal([waits], TakeAll());
    }

    /// <summary>Whatever is done to it in whatever order, every job comes out once, and in the order of its lane; no queue has more under way than it may.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Every_job_comes_out_once(int seed)
    {
        var random = new Random(seed);
        var queue = new JobQueue(lookAhead: 2, mostBegun: random.Next(2, 20));
        var (under, came) = (new List<JobEntry>(), new List<JobEntry>());
        var most = new Dictionary<string, int> { ["default"] = int.MaxValue, ["x"] = int.MaxValue, ["y"] = int.MaxValue };
        var entries = Enumerable.Range(0, 3000).Select(number => Add(queue, Lane with
        {
            Upstream = $"api{number % 3}",
            Tenant = $"{number % 7}",
            Priority = (RequestPriority)(1 + number % 5),
            Queue = (number % 11 % 3) switch { 0 => null, 1 => "x", _ => "y" },
        })).ToList();
        while (queue.Waiting > 0 || under.Count > 0)
        {
            foreach (var entry in TakeAll(queue))
            {
                came.Add(entry);
                under.Add(entry);
            }
            foreach (var (name, bound) in most)
                Assert.True(under.Count(entry => (entry.Lane!.Key.Queue ?? "default") == name) <= Math.Max(bound, 0) || bound < 0);
            if (random.Next(20) == 0)
                Bound(random.Next(2) == 0 ? "x" : "y", random.Next(4));
            if (under.Count == 0)
            {
                Bound("x", 1);
                Bound("y", 2);
                continue;
            }
            var some = under[random.Next(under.Count)];
            if (random.Next(2) == 0)
                queue.Leave(some);
            else
            {
                queue.End(some);
                under.Remove(some);
            }
        }

        Assert.Equal(entries.ToHashSet(), came.ToHashSet());
        Assert.Equal(entries.Count, came.Count);
        foreach (var lane in came.GroupBy(entry => entry.Lane!.Key))
            Assert.Equal(entries.Where(entry => entry.Lane!.Key == lane.Key), lane);
        Assert.Equal(0, queue.Lanes);

        // None at all is a pause; what is under way is more than a new bound for a while.
        void Bound(string name, int bound)
        {
            queue.Bound(name, Math.Max(bound, 1), isPaused: bound == 0);
            most[name] = bound == 0 || under.Count(entry => entry.Lane!.Key.Queue == name) > bound ? -1 : bound;
        }
    }

    private JobEntry Add(JobLaneKey? lane = null, long notBefore = 0, long expires = Clock.Never) => Add(_queue, lane ?? Lane, notBefore, expires);

    private static JobEntry Add(JobQueue queue, JobLaneKey lane, long notBefore = 0, long expires = Clock.Never)
    {
        var entry = new JobEntry(new Job("id", new JobRequest("https://api.example"), default, 0)) { NotBefore = notBefore, Expires = expires };
        queue.Add(entry, lane, 0);
        return entry;
    }

    private List<JobEntry> TakeAll() => TakeAll(_queue);

    private static List<JobEntry> TakeAll(JobQueue queue)
    {
        var taken = new List<JobEntry>();
        while (queue.TakeNext() is { } entry)
            taken.Add(entry);
        return taken;
    }
}
