using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>What the cache says that it holds, against the memory of the process: beside other tests theirs would be taken for it.</summary>
[Collection(Threads.Alone)]
public sealed class CachedMemoryTests
{
    [Fact]
    public void What_an_answer_is_said_to_take_is_at_least_what_it_takes()
    {
        var cache = new AnswerCache(100_000_000);
        Keep(cache, 0, 1);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var counted = cache.Bytes;
        Keep(cache, 1, 5_000);

        var taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        counted = cache.Bytes - counted;
        GC.KeepAlive(cache);

        Assert.True(taken < counted * 1.05, $"{taken / 5_000.0:0} bytes are taken, {counted / 5_000.0:0} are said");
        Assert.True(taken > counted * 0.5, $"{taken / 5_000.0:0} bytes are taken, {counted / 5_000.0:0} are said");
    }

    private static void Keep(AnswerCache cache, int from, int count)
    {
        for (var number = from; number < from + count; number++)
        {
            var request = CacheRequest.Of(new CacheRules(), "GET", new Uri($"https://api.test/things/{number}"), FieldList.Empty, hasBody: false);
            var fields = CacheWorld.FieldsOf($"Content-Type: application/json; v={number} | Cache-Control: max-age=6{number} | ETag: \"{number}\" | Vary: Accept, X{number} | Date: {{0}}");
            var answer = new ReceivedAnswer(200, null, fields, CacheWorld.Start, CacheWorld.Start, new byte[500]);
            Assert.NotNull(cache.Keep(request, cache.Receive(request, cache.Decide(request, CacheWorld.Start), answer), answer, out _));
        }
    }
}
