using System.Text.Json;

namespace Headgate.Configuration;

/// <summary>Reads what is said of a cache: a text, or the same as a group.</summary>
internal static class CacheScalar
{
    private const string Schema = """
        { "anyOf": [{ "type": "null" }, { "type": "string", "pattern": "^(off|http|shared|ttl=.+)$" },
          { "type": "object", "properties": { "mode": { "enum": ["off", "http", "shared", "ttl"] }, "ttl": { "$ref": "#/$defs/duration" }, "targets": { "type": "array", "items": { "type": "string" } } },
            "required": ["mode"], "additionalProperties": false }], "examples": ["http", "ttl=300"] }
        """;

    public static readonly Scalar<CacheConfiguration?> Cache = new("cache", CacheConfiguration.Expects, Schema, Read);

    private static bool Read(ConfigurationNode node, out CacheConfiguration? value, out string? problem)
    {
        (value, problem) = (null, null);
        if (node.Kind == JsonValueKind.Null || (node.IsLoose && node.Text == "null"))
            return true;
        value = node.Kind switch
        {
            JsonValueKind.String => CacheConfiguration.Read(node.Text),
            JsonValueKind.Object => ReadGroup(node, out problem),
            _ => null,
        };
        return value is not null;
    }

    private static CacheConfiguration? ReadGroup(ConfigurationNode node, out string? problem)
    {
        var (mode, ttl, targets) = (node.Member("mode")?.Text, node.Member("ttl")?.Text, node.Member("targets"));
        problem = node.Members.Select(member => member.Name).FirstOrDefault(name => name is not ("mode" or "ttl" or "targets")) is { } unknown ? $"\"{Excerpt.Of(unknown)}\" is no member of a cache; it has mode, ttl and targets"
            : mode is null ? "\"mode\" is missing: off, http, shared or ttl"
            : mode == "ttl" && ttl is null ? "\"ttl\" is missing: for how long answers are kept, for example 300"
            : mode != "ttl" && ttl is not null ? $"a ttl goes with the mode \"ttl\", and this one is \"{Excerpt.Of(mode)}\""
            : targets is not null && targets.Items.Any(item => item.Kind != JsonValueKind.String || item.Text.Length is 0 or > 100 || item.Text.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter != '-')) ? "\"targets\" is a list of names of headers, for example [\"CDN-Cache-Control\"]"
            : null;
        if (problem is not null)
            return null;
        var read = mode == "ttl" ? CacheConfiguration.OfTtl(ttl!) : CacheConfiguration.Read(mode!);
        return read is not null && targets is not null ? read with { Targets = [.. targets.Items.Select(item => item.Text)] } : read;
    }
}
