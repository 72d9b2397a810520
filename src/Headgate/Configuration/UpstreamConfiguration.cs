using Headgate.Keys;
using Headgate.Limits;

namespace Headgate.Configuration;

/// <summary>One API: the URLs that belong to it, and how it is treated.</summary>
internal sealed record UpstreamConfiguration
{
    /// <summary>The name of the configuration, or the authority (<c>https://api.example.com</c>) of an API that is not configured.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the configuration names it; else it is one by its authority, with the default policy.</summary>
    public bool IsConfigured { get; init; } = true;

    /// <summary>The addresses whose URLs belong to it.</summary>
    public ValueList<UpstreamBase> Bases { get; init; } = [];

    public UpstreamPolicy Policy { get; init; } = UpstreamPolicy.Default;

    /// <summary>The pool of keys; null when requests bring their own credentials, or need none.</summary>
    public KeysConfiguration? Keys { get; init; }

    /// <summary>Where the tokens of its requests come from; null for nowhere.</summary>
    public OAuthConfiguration? OAuth { get; init; }

    public PriorityShares Shares { get; init; } = PriorityShares.None;

    /// <summary>What a request costs beside itself, where its line declares nothing.</summary>
    public ValueList<CostConfiguration> Costs { get; init; } = [];

    public RetryConfiguration Retry { get; init; } = RetryConfiguration.Default;

    /// <summary>Its parts that have limits of their own.</summary>
    public ValueList<RouteConfiguration> Routes { get; init; } = [];

    /// <summary>Limits of requests that name a country.</summary>
    public ValueList<GeoConfiguration> Geo { get; init; } = [];

    /// <summary>The limits of it, of its keys and of its parts.</summary>
    public IEnumerable<Limit> AllLimits => [.. Policy.Limits, .. Keys?.Limits ?? [], .. Routes.SelectMany(route => route.Limits), .. Geo.SelectMany(country => country.Limits)];

    /// <summary>An answer that is a refusal although its status does not say so; null for none.</summary>
    public ThrottledConfiguration? Throttled { get; init; }

    public ConnectionsConfiguration Connections => Policy.Connections;

    public TlsConfiguration Tls { get; init; } = TlsConfiguration.Default;

    /// <summary>What requests without a User-Agent call themselves, one each in turn; empty for our own name.</summary>
    public ValueList<string> UserAgents { get; init; } = [];

    /// <summary>Its part of limits that several APIs share, against theirs; 1 to 1,000.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Whether a second attempt is sent beside a slow one; null for no.</summary>
    public HedgeConfiguration? Hedge { get; init; }

    public AdaptiveConfiguration Adaptive { get; init; } = AdaptiveConfiguration.Off;

    public ChaosConfiguration Chaos { get; init; } = ChaosConfiguration.None;

    /// <summary>Whether requests go to another base while theirs is down.</summary>
    public bool Failover { get; init; }
}

/// <summary>How a key is chosen among those that are usable.</summary>
internal enum KeyChoice
{
    /// <summary>The one that is free soonest; of several, the one with most quota left.</summary>
    Soonest,

    /// <summary>The same one for as long as it is usable.</summary>
    Sticky,
}

/// <summary>Where keys come from, where they go, and the limits that each has.</summary>
internal sealed record KeysConfiguration
{
    /// <summary>Sources for <see cref="KeyFile"/>: <c>env:NAME</c>, or <c>file:</c> and an absolute path.</summary>
    public ValueList<string> From { get; init; } = [];

    public KeyTemplate Template { get; init; } = KeyTemplate.Bearer;

    /// <summary>The limits of each key that has none of its own.</summary>
    public ValueList<Limit> Limits { get; init; } = [];

    public KeyChoice Choice { get; init; }

    /// <summary>Whether what one of them was answered is given to requests of the others.</summary>
    public bool AnswersShared { get; init; }

    /// <summary>The statuses after which a key is used no more.</summary>
    public ValueList<StatusRange> Dead { get; init; } = [new(401, 401)];
}

/// <summary>The most that each priority may use of a limit while higher work could come.</summary>
internal sealed record PriorityShares(Percentage Critical, Percentage High, Percentage Medium, Percentage Low, Percentage Background)
{
    /// <summary>No priority is held back.</summary>
    public static readonly PriorityShares None = new(Percentage.Whole, Percentage.Whole, Percentage.Whole, Percentage.Whole, Percentage.Whole);

    public Percentage this[RequestPriority priority] => priority switch
    {
        RequestPriority.Critical => Critical,
        RequestPriority.High => High,
        RequestPriority.Medium => Medium,
        RequestPriority.Low => Low,
        RequestPriority.Background => Background,
        _ => throw new ArgumentOutOfRangeException(nameof(priority), priority, null),
    };
}

/// <summary>A cost in a unit such as tokens: what is held until the answer says what it was.</summary>
/// <param name="Unit">The unit, as limits name it.</param>
/// <param name="Estimate">The upper bound that is held.</param>
/// <param name="Actual">The JSON pointer to the true cost in the answer; null when the estimate stands.</param>
internal sealed record CostConfiguration(string Unit, long Estimate, string? Actual);

/// <summary>A part of an API with limits of its own.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Match">The paths that belong to it.</param>
/// <param name="Methods">The methods that belong to it; all if there are none.</param>
/// <param name="Limits">Its limits, beside those of the API.</param>
internal sealed record RouteConfiguration(string Name, RoutePattern Match, ValueList<string> Methods, ValueList<Limit> Limits)
{
    /// <summary>Whether a request belongs to it.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path below the base address.</param>
    public bool Holds(string method, ReadOnlySpan<char> path) => (Methods.Count == 0 || Methods.Contains(method)) && Match.Holds(path);
}

/// <summary>The limits of requests that name a country.</summary>
internal sealed record GeoConfiguration(string Country, ValueList<Limit> Limits);

/// <summary>An answer that is a refusal by limit although its status does not say so.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Pointer">The JSON pointer to what tells it.</param>
/// <param name="Value">The text, number or truth that stands there then.</param>
internal sealed record ThrottledConfiguration(StatusRange Status, string Pointer, string Value);

/// <summary>Which answers are tried again, and how much of the traffic that may be.</summary>
internal sealed record RetryConfiguration
{
    public static readonly RetryConfiguration Default = new();

    public ValueList<StatusRange> Statuses { get; init; } = [new(408, 408), new(429, 429), new(500, 599)];

    /// <summary>Whether POST and PATCH get an Idempotency-Key, which makes them safe to try again.</summary>
    public bool IdempotencyKey { get; init; }

    /// <summary>The most that retries may be of all requests.</summary>
    public Percentage BudgetShare { get; init; } = new(2_000);

    /// <summary>The rate of retries that is always allowed.</summary>
    public Limit BudgetFloor { get; init; } = Limit.Parse("10/s");
}
