using Headgate.Limits;

namespace Headgate.Configuration;

/// <summary>A place of the configuration where limits are declared, by the name that the ledger gives to what they are of.</summary>
/// <param name="Name"><c>total</c>, <c>defaults</c>, <c>queue:bulk</c>, <c>github</c>, <c>github/key</c>, <c>github/route:search</c> or <c>github/geo:DE</c>.</param>
/// <param name="Pointer">The JSON pointer of the limits.</param>
internal sealed record LimitPlace(string Name, string Pointer)
{
    public const string Total = "total";
    public const string Defaults = "defaults";

    private static readonly string[] Nothing = [Settings.Policy.None];
    private static readonly string[] Unknown = [Settings.Policy.Learn];

    /// <summary>What the ledger calls a named queue.</summary>
    public static string OfQueue(string queue) => $"queue:{queue}";

    private Func<HeadgateConfiguration, IReadOnlyList<string>> Read { get; init; } = static _ => [];

    /// <summary>All places there are.</summary>
    public static IEnumerable<LimitPlace> Of(HeadgateConfiguration configuration)
    {
        yield return new LimitPlace(Total, "/total/limits") { Read = static now => Texts(now.TotalLimits) };
        yield return new LimitPlace(Defaults, "/defaults/limits") { Read = static now => Texts(now.Defaults) };
        foreach (var queue in configuration.Jobs.Queues)
            yield return new LimitPlace(OfQueue(queue.Name), $"{ConfigurationNode.Below("/jobs/queues", queue.Name)}/limits") { Read = now => Texts(now.Jobs.Queues.FirstOrDefault(here => here.Name == queue.Name)?.Limits) };
        foreach (var api in configuration.Upstreams)
        {
            var (name, at) = (api.Name, ConfigurationNode.Below("/upstreams", api.Name));
            yield return new LimitPlace(name, $"{at}/limits") { Read = now => ApiOf(now, name) is { } here ? Texts(here.Policy) : [] };
            if (api.Keys is not null)
                yield return new LimitPlace($"{name}/key", $"{at}/keys/limits") { Read = now => Texts(ApiOf(now, name)?.Keys?.Limits) };
            foreach (var route in api.Routes)
                yield return new LimitPlace($"{name}/route:{route.Name}", $"{ConfigurationNode.Below($"{at}/routes", route.Name)}/limits") { Read = now => Texts(ApiOf(now, name)?.Routes.FirstOrDefault(here => here.Name == route.Name)?.Limits) };
            foreach (var geo in api.Geo)
                yield return new LimitPlace($"{name}/geo:{geo.Country}", ConfigurationNode.Below($"{at}/geo", geo.Country)) { Read = now => Texts(ApiOf(now, name)?.Geo.FirstOrDefault(here => here.Country == geo.Country)?.Limits) };
        }
    }

    /// <summary>The place of a name; null if there is none. An API may be called as everything is.</summary>
    public static LimitPlace? Find(HeadgateConfiguration configuration, string name) => Of(configuration).LastOrDefault(place => place.Name == name);

    /// <summary>What stands there: limits, or the word for how there are none.</summary>
    public IReadOnlyList<string> TextsIn(HeadgateConfiguration configuration) => Read(configuration);

    private static UpstreamConfiguration? ApiOf(HeadgateConfiguration configuration, string api) => configuration.Upstreams.FirstOrDefault(here => here.Name == api);

    private static IReadOnlyList<string> Texts(UpstreamPolicy policy) => policy.Limits.Count > 0 ? Texts(policy.Limits) : policy.Learns ? Unknown : Nothing;

    private static IReadOnlyList<string> Texts(ValueList<Limit>? limits) => [.. (limits ?? []).Select(limit => limit.ToString())];
}
