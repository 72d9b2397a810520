using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>The store: never more bytes than allowed, and what is asked for stays.</summary>
public sealed class ByteStoreTests
{
    private const long Size = 1_000;

    [Fact]
    public void What_is_kept_is_found_until_it_is_replaced_or_let_go()
    {
        var store = new ByteStore<int, string>(1_000_000);

        Assert.True(store.Replace(1, null, "a", Size));
        Assert.Equal("a", store.Find(1));
        Assert.False(store.Replace(1, null, "b", Size));
        Assert.True(store.Replace(1, "a", "b", 2 * Size));
        Assert.Equal(("b", 2 * Size + ByteStore<int, string>.Overhead, 1), (store.Find(1), store.Bytes, store.Count));
        Assert.True(store.Replace(1, "b", null, 0));
        Assert.Equal((null, 0L, 0), (store.Find(1), store.Bytes, store.Count));
    }

    [Fact]
    public void Bytes_never_exceed_the_limit_and_are_those_of_what_is_there()
    {
        var random = new Random(1);
        var store = new ByteStore<int, object>(200_000);
        var sizes = new Dictionary<int, long>();
        for (var turn = 0; turn < 200_000; turn++)
        {
            var key = random.Next(500);
            var size = random.Next(1, 3_000);
            var value = random.Next(10) == 0 ? null : new object();
            if (store.Replace(key, store.Find(key), value, size))
                sizes[key] = size + ByteStore<int, object>.Overhead;
            Assert.InRange(store.Bytes, 0, 200_000);
        }
        Assert.Equal(Enumerable.Range(0, 500).Where(key => store.Peek(key) is not null).Sum(key => sizes[key]), store.Bytes);
        store.Clear();
        Assert.Equal((0, 0), (store.Bytes, store.Count));
    }

    [Fact]
    public async Task Bytes_never_exceed_the_limit_while_many_threads_store_and_find()
    {
        var store = new ByteStore<int, object>(100_000);
        var most = 0L;
        var tasks = Enumerable.Range(0, 8).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            for (var turn = 0; turn < 30_000; turn++)
            {
                var key = random.Next(1_000);
                if (store.Find(key) is not { } found)
                    store.Replace(key, null, new object(), random.Next(1, 2_000));
                else if (random.Next(20) == 0)
                    store.Replace(key, found, random.Next(2) == 0 ? null : new object(), random.Next(1, 2_000));
                for (var seen = store.Bytes; seen > Volatile.Read(ref most);)
                    Interlocked.Exchange(ref most, seen);
            }
        }));
        await Task.WhenAll(tasks);

        Assert.InRange(most, 50_000, 100_000);
        store.Clear();
        Assert.Equal((0, 0), (store.Bytes, store.Count));
    }

    [Fact]
    public void One_value_takes_a_tenth_at_most_and_what_it_would_replace_goes()
    {
        var store = new ByteStore<int, string>(100_000);

        Assert.False(store.Replace(1, null, "large", store.MostOfOne + 1));
        Assert.True(store.Replace(1, null, "small", store.MostOfOne));
        Assert.False(store.Replace(1, "small", "large", store.MostOfOne + 1));
        Assert.Null(store.Find(1));
    }

    [Fact]
    public void What_is_asked_for_outlives_what_comes_once()
    {
        var store = new ByteStore<int, object>(100 * (Size + ByteStore<int, object>.Overhead));
        for (var key = 0; key < 50; key++)
            store.Replace(key, null, new object(), Size);
        for (var key = 0; key < 50; key++)
            store.Find(key);
        for (var key = 1_000; key < 50_000; key++)
            store.Replace(key, null, new object(), Size);

        Assert.Equal(50, Enumerable.Range(0, 50).Count(key => store.Peek(key) is not null));
    }

    [Fact]
    public void What_was_asked_for_long_ago_gives_way_to_what_is_now()
    {
        var store = new ByteStore<int, object>(100 * (Size + ByteStore<int, object>.Overhead));
        for (var round = 0; round < 20; round++)
            for (var key = 0; key < 100; key++)
                Ask(store, key);
        for (var round = 0; round < 40; round++)
            for (var key = 1_000; key < 1_080; key++)
                Ask(store, key);

        Assert.InRange(Enumerable.Range(1_000, 80).Count(key => store.Peek(key) is not null), 70, 80);
    }

    [Fact]
    public void Of_a_zipf_trace_77_percent_are_found_where_a_tenth_has_room()
    {
        var store = new ByteStore<int, object>(10_000 * (Size + ByteStore<int, object>.Overhead));
        var trace = new Zipf(100_000, 0.99, new Random(7));
        var (asked, found) = (0, 0);
        for (; asked < 1_000_000; asked++)
            found += Ask(store, trace.Next()) ? 1 : 0;

        Assert.InRange(found / (double)asked, 0.77, 0.80);
        Assert.InRange(store.Count, 9_900, 10_000);
    }

    [Fact]
    public void To_find_something_allocates_nothing()
    {
        var store = new ByteStore<CacheKey, string>(1_000_000);
        var keys = Enumerable.Range(0, 100).Select(number => new CacheKey($"https://api.test/{number}", 0)).ToArray();
        foreach (var key in keys)
            store.Replace(key, null, "x", 100);

        Assert.Equal(0, Allocated.Least(() =>
        {
            foreach (var key in keys)
                Assert.NotNull(store.Find(key));
        }));
    }

    [Fact]
    public void To_decide_about_a_hit_allocates_nothing()
    {
        var world = new CacheWorld();
        world.Get("Accept: a/b", "200 | Cache-Control: max-age=60 | Vary: Accept | Cache-Groups: \"a\"");
        var request = CacheWorld.RequestOf(world.Rules, "GET", CacheWorld.Url, "Accept: a/b");

        Assert.Equal(0, Allocated.Least(() => Assert.True(world.Cache.Decide(request, world.Now).IsHit)));
    }

    private static bool Ask(ByteStore<int, object> store, int key)
    {
        if (store.Find(key) is not null)
            return true;
        store.Replace(key, null, new object(), Size);
        return false;
    }
}
