using Headgate.Caching;

namespace Headgate.Tests.Caching;

public sealed class InvalidationsTests
{
    private const string Url = "https://api.test/thing";

    [Fact]
    public void What_concerns_everything_concerns_a_url_that_was_invalidated_before()
    {
        var invalidations = new Invalidations(new Archive(new(Url, 1_000), new(Invalidations.Everything, 5_000)));

        Assert.True(invalidations.Concern(AskedAt(4_000)));
        Assert.False(invalidations.Concern(AskedAt(6_000)));
    }

    [Fact]
    public void Of_two_that_come_out_of_their_order_the_later_counts()
    {
        var invalidations = new Invalidations(null);
        invalidations.Invalidate(Url, 5_000);
        invalidations.Invalidate(Url, 1_000);

        Assert.True(invalidations.Concern(AskedAt(4_000)));
        Assert.False(invalidations.Concern(AskedAt(6_000)));
    }

    private static StoredAnswer AskedAt(long at)
    {
        var rules = new CacheRules();
        return StoredAnswer.Of(rules, CacheWorld.RequestOf(rules, "GET", Url, ""), new ReceivedAnswer(200, null, CacheWorld.FieldsOf("Cache-Control: max-age=60"), at, at, new byte[1]))!;
    }

    private sealed class Archive(params KeyValuePair<string, long>[] known) : ICacheArchive
    {
        public IReadOnlyList<KeyValuePair<string, long>> Invalidated => known;

        public CacheEntry? Find(CacheKey key, CacheRules rules) => null;

        public void Put(CacheKey key, CacheEntry? entry, CacheRules rules)
        {
        }

        public void Invalidate(string name, long at)
        {
        }
    }
}
