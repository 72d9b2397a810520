namespace Headgate;

/// <summary>One API: the URLs that belong to it, and what differs from how all are treated.</summary>
public sealed class UpstreamOptions : PolicyOptions
{
    /// <summary>The addresses whose URLs belong to it, for example <c>["https://api.github.com"]</c>; at least one.</summary>
    public IList<string>? Base { get => Get<IList<string>>(); set => Set(value); }

    /// <summary>The pool of keys that its requests get. By default they bring their own credentials.</summary>
    public KeysOptions Keys { get => Group<KeysOptions>(); set => Set(value); }

    /// <summary>Bearer tokens that its requests get, fetched with the credentials of a client. None by default; not together with <see cref="Keys"/>.</summary>
    public OAuthOptions Oauth { get => Group<OAuthOptions>(); set => Set(value); }

    /// <summary>The parts of its limits that priorities are held to.</summary>
    public SharesOptions Shares { get => Group<SharesOptions>(); set => Set(value); }

    /// <summary>What a request costs in other units than requests, such as tokens, where it declares nothing itself.</summary>
    public SettingsMap<CostOptions> Cost { get => Group<SettingsMap<CostOptions>>(); set => Set(value); }

    /// <summary>Which answers are tried again.</summary>
    public RetryOptions Retry { get => Group<RetryOptions>(); set => Set(value); }

    /// <summary>Parts of it with limits of their own, by name: <c>Routes["search"].Match = "/search/**"</c>. A request may belong to several.</summary>
    public SettingsMap<RouteOptions> Routes { get => Group<SettingsMap<RouteOptions>>(); set => Set(value); }

    /// <summary>Limits of requests that name a country, by country: <c>["DE"] = ["10/s"]</c>.</summary>
    public IDictionary<string, IList<string>> Geo { get => Group<Dictionary<string, IList<string>>>(); set => Set(value); }

    /// <summary>An answer that is a refusal by limit although its status does not say so.</summary>
    public ThrottledOptions Throttled { get => Group<ThrottledOptions>(); set => Set(value); }

    /// <summary>Whom connections trust, and as whom they are made. Certificates are always verified.</summary>
    public TlsOptions Tls { get => Group<TlsOptions>(); set => Set(value); }

    /// <summary>What requests without a User-Agent call themselves, one each in turn. By default Headgate and its version.</summary>
    public IList<string>? UserAgents { get => Get<IList<string>>(); set => Set(value); }

    /// <summary>Whether a second attempt is sent beside one that takes long, of methods that are safe. Off unless <see cref="HedgeOptions.After"/> is given.</summary>
    public HedgeOptions Hedge { get => Group<HedgeOptions>(); set => Set(value); }

    /// <summary>What follows from how the API is doing. All off by default.</summary>
    public AdaptiveOptions Adaptive { get => Group<AdaptiveOptions>(); set => Set(value); }

    /// <summary>What is put in the way of requests, to see how all else takes it. Nothing by default.</summary>
    public ChaosOptions Chaos { get => Group<ChaosOptions>(); set => Set(value); }

    /// <summary>Whether requests go to another base address while theirs is down. True by default where there are several.</summary>
    public bool? Failover { get => Get<bool?>(); set => Set(value); }

    /// <summary>Its part of limits that it shares with other APIs, against theirs; from 1 to 1,000. 1 by default.</summary>
    public int? Weight { get => Get<int?>(); set => Set(value); }
}

/// <summary>The most that each priority may use of a limit while higher work could come: from 0 to 1. All of it by default.</summary>
public sealed class SharesOptions : SettingsGroup
{
    /// <summary>The part of <see cref="RequestPriority.Critical"/>.</summary>
    public double? Critical { get => Get<double?>(); set => Set(value); }

    /// <summary>The part of <see cref="RequestPriority.High"/>.</summary>
    public double? High { get => Get<double?>(); set => Set(value); }

    /// <summary>The part of <see cref="RequestPriority.Medium"/>.</summary>
    public double? Medium { get => Get<double?>(); set => Set(value); }

    /// <summary>The part of <see cref="RequestPriority.Low"/>.</summary>
    public double? Low { get => Get<double?>(); set => Set(value); }

    /// <summary>The part of <see cref="RequestPriority.Background"/>.</summary>
    public double? Background { get => Get<double?>(); set => Set(value); }
}

/// <summary>A cost in a unit such as tokens.</summary>
public sealed class CostOptions : SettingsGroup
{
    /// <summary>The upper bound of a request's cost, held until the true cost is known; from 1 to 10^12. Must be given.</summary>
    public long? Estimate { get => Get<long?>(); set => Set(value); }

    /// <summary>The JSON pointer to the true cost in the answer, for example <c>/usage/total_tokens</c>. By default the estimate stands.</summary>
    public string? Actual { get => Get<string>(); set => Set(value); }
}

/// <summary>Which answers are tried again, and how much of the traffic that may be.</summary>
public sealed class RetryOptions : SettingsGroup
{
    /// <summary>The statuses that are tried again: numbers or classes. <c>["408", "429", "5xx"]</c> by default.</summary>
    public IList<string>? Statuses { get => Get<IList<string>>(); set => Set(value); }

    /// <summary>Whether POST and PATCH get an <c>Idempotency-Key</c>, so that they may be tried again though they were perhaps sent. False by default.</summary>
    public bool? IdempotencyKey { get => Get<bool?>(); set => Set(value); }

    /// <summary>How much of the traffic may be retries.</summary>
    public RetryBudgetOptions Budget { get => Group<RetryBudgetOptions>(); set => Set(value); }
}

/// <summary>How much of the traffic may be retries.</summary>
public sealed class RetryBudgetOptions : SettingsGroup
{
    /// <summary>The most that retries may be of all requests, from 0 to 1. 0.2 by default.</summary>
    public double? Share { get => Get<double?>(); set => Set(value); }

    /// <summary>The rate of retries that is always allowed. <c>10/s</c> by default.</summary>
    public string? Floor { get => Get<string>(); set => Set(value); }
}
