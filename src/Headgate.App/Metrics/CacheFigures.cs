using Headgate.Caching;

namespace Headgate.App.Metrics;

/// <summary>What the cache has, and how often it had the answer.</summary>
internal static class CacheFigures
{
    /// <summary>APIs that nobody configured are one: there may be any number of them.</summary>
    private const string Others = "other";

    private static readonly ForwardReason[] Reasons = [.. Enum.GetValues<ForwardReason>().Where(reason => reason != ForwardReason.None)];

    public static void Write(PrometheusText text, Engine engine)
    {
        var (stored, inventory) = (engine.Stored, engine.Stored.Answers.Inventory);
        if (!stored.AreUsed)
            return;
        (string Place, double Bytes, double Limit, double Entries)[] places =
        [
            ("memory", stored.Answers.Bytes, stored.Limit, stored.Answers.Count),
            .. inventory.Archive is { } disk ? [("disk", disk.Bytes, disk.Limit, disk.Count)] : Array.Empty<(string, double, double, double)>(),
        ];
        Places("headgate_cache_bytes", "Bytes of answers that are kept, by where they are.", place => place.Bytes);
        Places("headgate_cache_limit_bytes", "The most of them.", place => place.Limit);
        Places("headgate_cache_entries", "Entries: of a URL one for each who gets answers of his own.", place => place.Entries);
        text.Single("headgate_cache_evicted_total", "counter", "Entries that had to leave memory for others.", inventory.Evicted);
        text.Single("headgate_cache_fetched_total", "counter", "Entries that came back from disk.", inventory.Fetched);
        WriteApis(text, [.. engine.Upstreams.Where(api => api.Cache is not null).GroupBy(api => api.Configuration.IsConfigured ? api.Name : Others, api => api.CacheCounts).OrderBy(api => api.Key, StringComparer.Ordinal)]);

        void Places(string name, string help, Func<(string Place, double Bytes, double Limit, double Entries), double> read)
        {
            text.Family(name, "gauge", help);
            foreach (var place in places)
                text.Sample(read(place), ("place", place.Place));
        }
    }

    private static void WriteApis(PrometheusText text, IReadOnlyList<IGrouping<string, CacheCounts>> apis)
    {
        text.Family("headgate_cache_hits_total", "counter", "Answers of the cache: fresh, collapsed (waited for another request), revalidated, stale (in the place of an API that failed).");
        foreach (var api in apis)
        {
            Hits("fresh", counts => counts.Hits - counts.Collapsed);
            Hits("collapsed", counts => counts.Collapsed);
            Hits("revalidated", counts => counts.Revalidated);
            Hits("stale", counts => counts.Stale);

            void Hits(string kind, Func<CacheCounts, long> read) => text.Sample(api.Sum(read), ("upstream", api.Key), ("kind", kind));
        }
        text.Family("headgate_cache_forwards_total", "counter", "Requests that went to the API, by the reason of RFC 9211.");
        foreach (var api in apis)
            foreach (var reason in Reasons)
                text.Sample(api.Sum(counts => counts[reason]), ("upstream", api.Key), ("reason", CacheStatus.Word(reason)));
        text.Family("headgate_cache_stored_total", "counter", "Answers that were stored.");
        foreach (var api in apis)
            text.Sample(api.Sum(counts => counts.Stored), ("upstream", api.Key));
    }
}
