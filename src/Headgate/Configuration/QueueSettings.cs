using Headgate.Limits;

namespace Headgate.Configuration;

/// <summary>The named queues of the service, as its configuration has them.</summary>
internal static class QueueSettings
{
    private static readonly ListOf<string> TextsShape = new(Scalars.Text, 1);

    private static readonly Setting Tags = new("tags", TextsShape, "One of these tags.");
    private static readonly Setting Tenants = new("tenants", TextsShape, "One of these tenants.");
    private static readonly Setting Apis = new("apis", TextsShape, "To one of these APIs.");
    private static readonly Setting Urls = new("urls", TextsShape, "To a URL that begins with one of these.");
    private static readonly Setting Match = new("match", new Group([Tags, Tenants, Apis, Urls]), "What goes there by itself: what has one of each list that is given. The first queue of the file that fits takes it.");
    private static readonly Setting<long> Workers = new("workers", Scalars.Whole(1, 1_000_000), "At most so many of its jobs are under way at once.");

    private static readonly ListOf<Limit> LimitsShape = new(Scalars.Limit);
    private static readonly Setting Limits = new("limits", LimitsShape, "Limits of all that is sent of its jobs, wherever it goes, beside those of its API.", "[]");

    public static readonly Setting All = new(
        "queues", new Map(new Group([Workers, Limits, Match]), "^[A-Za-z0-9._-]{1,64}$", NamedQueue.IsName, NamedQueue.Names),
        "Queues of jobs that are worked off and paused each by itself.");

    /// <summary>Makes the records, in the order of the file.</summary>
    public static ValueList<NamedQueue> Bind(ConfigurationNode? jobs) => [.. (jobs?.Member(All.Name)?.Members ?? []).Select(member => Bind(member.Name, member.Value))];

    private static NamedQueue Bind(string name, ConfigurationNode node)
    {
        var match = node.Member(Match.Name);
        return new NamedQueue(name)
        {
            Workers = node.Member(Workers.Name) is null ? null : (int)ConfigurationBinder.Value(node, Workers, 1),
            Limits = node.Member(Limits.Name) is { } limits ? LimitsShape.Read(limits) : [],
            Tags = Texts(match, Tags),
            Tenants = Texts(match, Tenants),
            Apis = Texts(match, Apis),
            Urls = Texts(match, Urls),
        };
    }

    private static ValueList<string> Texts(ConfigurationNode? node, Setting setting) => node?.Member(setting.Name) is { } list ? TextsShape.Read(list) : [];
}
