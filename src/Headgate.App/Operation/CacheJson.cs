using System.Text.Json;
using Headgate.Caching;

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
    /// <param name="json">Written to.</param>
    /// <param name="look">What was found.</param>
    /// <param name="gateway">The host and port by which the service was called.</param>
    public static void Write(Utf8JsonWriter json, CacheLook look, string gateway)
    {
        json.WriteStartObject();
        json.WriteString("url", CacheKey.UrlOf(look.Url));
        json.WriteString("api", look.Api.Name);
        json.WriteString("cache", $"{look.Cache}");
        json.WriteStartArray("answers");
        foreach (var answer in look.Answers)
            Write(json, look, answer);
        json.WriteEndArray();
        json.WriteString("note", look.WhyNothing(gateway));
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

    private static void Write(Utf8JsonWriter json, CacheLook look, FoundAnswer found)
    {
        var (stored, now) = (found.Stored, look.Now);
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
        json.WriteString("whose", look.Whose(found));
        json.WriteBoolean("served", CacheLook.IsServed(found));
        json.WriteString("why", look.Why(found));
        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
