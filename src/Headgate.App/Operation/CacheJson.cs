using System.Text.Json;
using Headgate.Caching;
using Headgate.Configuration;

namespace Headgate.App.Operation;

/// <summary>The cache in JSON. What answers were chosen by is told by name only: it may be a secret.</summary>
internal static class CacheJson
{
    private const string Off = "off";

    /// <summary>Figures.</summary>
    public static void Write(Utf8JsonWriter json, Engine engine)
    {
        var (stored, inventory) = (engine.Stored, engine.Stored.Answers.Inventory);
        json.WriteStartObject();
        WriteRoom(json, "memory", stored.Answers.Bytes, stored.Limit, stored.Answers.Count);
        if (inventory.Archive is { } disk)
            WriteRoom(json, "disk", disk.Bytes, disk.Limit, disk.Count);
        else
            json.WriteNull("disk");
        json.WriteNumber("evicted", inventory.Evicted);
        json.WriteNumber("fetched", inventory.Fetched);
        json.WriteStartArray("apis");
        foreach (var api in engine.Upstreams.OrderBy(api => api.Name, StringComparer.Ordinal))
            Write(json, api);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>What is kept of a URL.</summary>
    public static void Write(Utf8JsonWriter json, string url, UpstreamConfiguration api, CacheConfiguration cache, IReadOnlyList<FoundAnswer> found, long now)
    {
        json.WriteStartObject();
        json.WriteString("url", url);
        json.WriteString("api", api.Name);
        json.WriteString("cache", $"{cache}");
        json.WriteStartArray("answers");
        foreach (var answer in found)
            Write(json, answer, now);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteRoom(Utf8JsonWriter json, string name, long bytes, long limit, long entries)
    {
        json.WriteStartObject(name);
        json.WriteNumber("bytes", bytes);
        json.WriteNumber("limit", limit);
        json.WriteNumber("entries", entries);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Upstream api)
    {
        var counts = api.CacheCounts;
        json.WriteStartObject();
        json.WriteString("api", api.Name);
        json.WriteString("cache", api.Cache?.Kind ?? Off);
        json.WriteNumber("hits", counts.Hits);
        json.WriteNumber("collapsed", counts.Collapsed);
        json.WriteNumber("revalidated", counts.Revalidated);
        json.WriteNumber("stale", counts.Stale);
        json.WriteNumber("misses", counts.Misses);
        json.WriteNumber("stored", counts.Stored);
        json.WriteStartObject("forwarded");
        foreach (var reason in (ForwardReason[])[ForwardReason.UriMiss, ForwardReason.VaryMiss, ForwardReason.Stale, ForwardReason.Request, ForwardReason.Partial, ForwardReason.Method, ForwardReason.Bypass, ForwardReason.Miss])
            json.WriteNumber(CacheStatus.Word(reason).Replace('-', '_'), counts[reason]);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, FoundAnswer found, long now)
    {
        var stored = found.Stored;
        json.WriteStartObject();
        json.WriteNumber("status", stored.Status);
        json.WriteString("received_at", DateTimeOffset.FromUnixTimeMilliseconds(stored.ReceivedAt));
        json.WriteNumber("age", stored.AgeAt(now) / 1000.0);
        json.WriteNumber("fresh_for", stored.LeftAt(now) / 1000.0);
        json.WriteNumber("bytes", stored.Size);
        json.WriteBoolean("whole", stored.Range.IsComplete);
        json.WriteString("place", found.IsOnDisk ? "disk" : "memory");
        WriteTexts(json, "vary", stored.Selecting.Names);
        json.WriteString("etag", stored.ETag);
        json.WriteString("last_modified", stored.LastModified);
        WriteTexts(json, "groups", stored.Groups);
        json.WriteBoolean("served", found.Decision.IsHit);
        json.WriteString("why", Why(found));
        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    /// <summary>What becomes of a plain GET from whoever the answer is for.</summary>
    private static string Why(FoundAnswer found) => found.Decision.Kind switch
    {
        ReuseKind.Serve => "it is fresh",
        ReuseKind.ServeAndValidate => "it is stale and may be given while the API is asked (stale-while-revalidate)",
        ReuseKind.Complete => "it is a part: the API is asked for the rest",
        var kind => Reason(found) + (kind == ReuseKind.Validate ? ": the API is asked whether it holds" : ": the API is asked anew, it has no ETag and no Last-Modified"),
    };

    private static string Reason(FoundAnswer found) =>
        found.IsInvalid ? "it was invalidated"
        : found.Stored.IsOutdated ? "the API has a newer one"
        : found.Stored.Directives.NoCache ? "it says no-cache"
        : !found.Stored.Range.IsComplete ? "it is a part"
        : "it is stale";
}
