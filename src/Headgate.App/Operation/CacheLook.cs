using Headgate.Caching;
using Headgate.Configuration;

namespace Headgate.App.Operation;

/// <summary>What is kept of a URL, as somebody sees it who looks and asks for nothing: no API is opened for that, or whoever may only read could open any number of them.</summary>
internal sealed class CacheLook
{
    private const string Others = "others";
    private readonly CacheOwners _owners;
    private readonly CacheVisit? _plain;

    /// <param name="engine">The engine.</param>
    /// <param name="url">The absolute URL.</param>
    /// <param name="tenant">For whom it is asked.</param>
    /// <param name="now">Milliseconds since the Unix epoch.</param>
    public CacheLook(Engine engine, Uri url, string? tenant, long now)
    {
        (Url, Now, _owners) = (url, now, engine.Stored.Owners);
        Api = engine.ConfigurationOf(url);
        Cache = Api.Policy.Cache ?? engine.Stored.Usual;
        if (Cache.Mode == CacheMode.Off)
            return;
        var open = engine.Upstreams.FirstOrDefault(api => api.Name == Api.Name);
        _plain = open?.Cache?.Plain(url, tenant);
        KeysApart = open is not null && ApiCache.KeepsNothing(Api, open.Keys?.Keys.Count ?? 0);
        Answers = engine.Stored.Answers.Inventory.Look(_plain?.Request ?? CacheRequest.Of(ApiCache.RulesOf(Api, Cache), "GET", url, FieldList.Empty, hasBody: false), _plain is { IsKnown: true }, now);
    }

    public Uri Url { get; }

    public long Now { get; }

    public UpstreamConfiguration Api { get; }

    public CacheConfiguration Cache { get; }

    public IReadOnlyList<FoundAnswer> Answers { get; } = [];

    /// <summary>Nothing is kept, since any of several keys may be used.</summary>
    public bool KeysApart { get; }

    /// <summary>Whose an answer is, in words without a secret.</summary>
    public string Whose(FoundAnswer found) => found.IsAskers ? _plain!.Whose : (found.Owner is { } owner ? _owners.Of(owner) : null) ?? Others;

    /// <summary>Whether a plain GET of who asks would get it.</summary>
    public static bool IsServed(FoundAnswer found) => found is { IsAskers: true, IsChosen: true, Decision.IsHit: true };

    /// <summary>What becomes of a plain GET of who asks.</summary>
    public string Why(FoundAnswer found) =>
        !found.IsAskers ? _plain is null ? "nobody has come to this API lately: whose it is shows when somebody does" : $"it is not for who asks without headers, but for {Whose(found)}"
        : !found.IsChosen ? found.Stored.Selecting.Names.Count == 0 ? "there is a later one" : $"it was chosen by what a plain GET has otherwise: {string.Join(", ", found.Stored.Selecting.Names)}"
        : found.Decision.Kind switch
        {
            ReuseKind.Serve => "it is fresh",
            ReuseKind.ServeAndValidate => "it is stale and may be given while the API is asked (stale-while-revalidate)",
            ReuseKind.Complete => "it is a part: the API is asked for the rest",
            var kind => Reason(found) + (kind == ReuseKind.Validate ? ": the API is asked whether it holds" : ": the API is asked anew, it has no ETag and no Last-Modified"),
        };

    /// <summary>Why nothing is kept, as far as one can say.</summary>
    /// <param name="gateway">The host and port by which the service was called.</param>
    public string? WhyNothing(string gateway) =>
        Answers.Count > 0 ? null
        : Url.Authority.Equals(gateway, StringComparison.OrdinalIgnoreCase) ? "that is a URL of this service; give the one of the API behind it, for example https://api.example/items rather than /up/NAME/items"
        : Cache.Mode == CacheMode.Off ? $"no answers of {Api.Name} are kept: its cache is off"
        : KeysApart ? $"no answers of {Api.Name} are kept: any of its keys may be used, and nobody says that they get the same (keys.answersShared)"
        : "nothing is kept of it: nobody has asked for this URL lately, or its answer may not be kept";

    private static string Reason(FoundAnswer found) =>
        found.IsInvalid ? "it was invalidated"
        : found.Stored.IsOutdated ? "the API has a newer one"
        : found.Stored.Directives.NoCache ? "it says no-cache"
        : !found.Stored.Range.IsComplete ? "it is a part"
        : "it is stale";
}
