using System.Globalization;
using System.Text;
using System.Text.Json;
using Headgate.Configuration;

namespace Headgate.App.Formats;

/// <summary>
/// Keys in JSON: a map of names to values, a list of values, a list of keys as <c>--keys</c> reads it, or the file of the proxy manager,
/// <c>{"key_based":{"API":{"limit","refresh_rate" (minutes),"keys"}}}</c>.
/// </summary>
/// <param name="notes">Told what was left out.</param>
internal sealed class JsonSecrets(Action<string> notes)
{
    /// <summary>Beyond so many nobody counts: it stands for "no limit".</summary>
    private const long Unlimited = 1_000_000_000_000;

    /// <exception cref="SecretsException">It is no JSON, or of another shape.</exception>
    public IEnumerable<FoundKey> Read(string text)
    {
        var errors = new List<ConfigurationError>();
        var root = ConfigurationParser.ReadFile(Encoding.UTF8.GetBytes(text), "", errors);
        if (errors.Count > 0)
            throw new SecretsException($"{(errors[0].Pointer.Length > 0 ? $"{errors[0].Pointer}: " : "")}{errors[0].Message}", PlaceOf(errors[0].Origin));
        return root!.Member("key_based") is not null || root.Member("ip_based") is not null ? OfProxyManager(root)
            : root.Kind == JsonValueKind.Object ? root.Members.Select(member => OfMap(member.Name, member.Value))
            : root.Items.Select(OfList);
    }

    private static FoundKey OfMap(string name, ConfigurationNode value) => value.Kind switch
    {
        JsonValueKind.String => new FoundKey(name, value.Text, PlaceOf(value.Origin)),
        JsonValueKind.Object => Key(value, name),
        _ => throw Wrong(value, "must be a text, the key, or an object with \"value\""),
    };

    private static FoundKey OfList(ConfigurationNode item) => item.Kind switch
    {
        JsonValueKind.String => new FoundKey(null, item.Text, PlaceOf(item.Origin)),
        JsonValueKind.Object => Key(item, null),
        _ => throw Wrong(item, "must be a text, the key, or an object with \"name\" and \"value\""),
    };

    private static FoundKey Key(ConfigurationNode item, string? name)
    {
        foreach (var (member, value) in item.Members)
            if (member is not ("name" or "value" or "limits"))
                throw Wrong(value, $"unknown member{NearestName.Suggest(member, ["name", "value", "limits"])}; a key has name, value and limits");
        if (item.Member("value") is not { Kind: JsonValueKind.String } text)
            throw Wrong(item, "the key has no \"value\" that is a text");
        var limit = item.Member("limits") switch
        {
            null => null,
            { Kind: JsonValueKind.Array, Items: [{ Kind: JsonValueKind.String } only] } => only.Text,
            var other => throw Wrong(other, "must be a list of one limit, such as [\"5000/h\"]; for more write the file of keys by hand"),
        };
        return new FoundKey(item.Member("name")?.Text ?? name, text.Text, PlaceOf(text.Origin)) { Limit = limit };
    }

    private IEnumerable<FoundKey> OfProxyManager(ConfigurationNode root)
    {
        foreach (var (api, settings) in root.Member("key_based")?.Members ?? [])
        {
            var (number, limit) = (0, LimitOf(settings));
            var keys = settings.Member("keys") ?? throw Wrong(settings, "has no \"keys\"");
            // In its store the keys are a map to how often each was used.
            foreach (var (value, place) in keys.Kind == JsonValueKind.Object ? keys.Members.Select(key => (key.Name, key.Value)) : keys.Items.Select(key => (key.Text, key)))
                yield return new FoundKey($"{api}-{++number}", value, PlaceOf(place.Origin)) { Limit = limit };
        }
        if (root.Member("ip_based") is { Members.Count: > 0 } || root.Member("ips") is { Items.Count: > 0 })
            notes("left out ip_based and ips: addresses of proxies are no keys");
    }

    /// <summary>So many in so many minutes.</summary>
    private static string? LimitOf(ConfigurationNode api)
    {
        if (Number(api, "limit") is not { } limit || Number(api, "refresh_rate") is not { } minutes)
            return null;
        return string.Create(CultureInfo.InvariantCulture, $"{limit}/{minutes}min");
    }

    private static long? Number(ConfigurationNode api, string name)
    {
        if (api.Member(name) is not { } node)
            return null;
        if (node.Kind != JsonValueKind.Number || !long.TryParse(node.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
            throw Wrong(node, "must be a whole number from 1");
        return number < Unlimited ? number : null;
    }

    private static TextPlace PlaceOf(ValueOrigin origin) => new(Math.Max(origin.Line, 1), Math.Max(origin.Column, 1), 0);

    private static SecretsException Wrong(ConfigurationNode node, string what) => new($"{(node.Pointer.Length > 0 ? $"{node.Pointer}: " : "")}{what}", PlaceOf(node.Origin));
}
