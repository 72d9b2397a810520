using System.Collections.Frozen;

namespace Headgate.Quotas;

/// <summary>
/// What is known of how servers tell of their limits: a table, one row each, the first whose headers are there and can be read. Formats of
/// numbers and times are not in it: those show themselves (<see cref="ResetTime"/>).
/// </summary>
internal static class Dialects
{
    private static readonly Dictionary<string, int> Names = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>RFC 9110 §10.2.3; Slack, Microsoft Graph, Azure, Stripe, Attio and most others.</summary>
    public static readonly int RetryAfter = Slot("retry-after");

    /// <summary>Waits in other names than Retry-After, and what a number counts there, in ticks.</summary>
    public static readonly (int Slot, long Number)[] Waits =
    [
        (Slot("retry-after-ms"), TimeSpan.TicksPerMillisecond),
        (Slot("x-ms-retry-after-ms"), TimeSpan.TicksPerMillisecond),
        (Slot("x-amz-retry-after"), TimeSpan.TicksPerMillisecond),
        (Slot("x-ratelimit-retry-after"), TimeSpan.TicksPerSecond),
    ];

    /// <summary>Whether to try again: OpenAI and Azure; Stripe.</summary>
    public static readonly int[] Advice = [Slot("x-should-retry"), Slot("stripe-should-retry")];

    /// <summary>Discord: the limit of the whole API was met, not that of a route.</summary>
    public static readonly (int Slot, string Word)[] Global = [(Slot("x-ratelimit-global"), "true"), (Slot("x-ratelimit-scope"), "global")];

    /// <summary>The error of AWS, which tells of throttling in answers of 400 and 503.</summary>
    public static readonly int AwsError = Slot("x-amzn-errortype");

    public static readonly Dialect[] All =
    [
        // draft-ietf-httpapi-ratelimit-headers since -08, and -06, -07; other drafts below.
        new("IETF draft", Signs("ratelimit", "ratelimit-policy"),
            Of("ratelimit-") with { Form = QuotaForm.Policies, Limit = Slot("ratelimit"), Policies = Slot("ratelimit-policy") }),

        // Token buckets; the instants are those at which they are full again.
        new("Anthropic", Signs("anthropic-ratelimit-requests-limit", "anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-input-tokens-limit", "anthropic-ratelimit-output-tokens-limit"),
            Of("anthropic-ratelimit-requests-") with { Means = QuotaReset.Full },
            Of("anthropic-ratelimit-tokens-") with { Unit = "tokens", Means = QuotaReset.Full },
            Of("anthropic-ratelimit-input-tokens-") with { Unit = "input_tokens", Means = QuotaReset.Full },
            Of("anthropic-ratelimit-output-tokens-") with { Unit = "output_tokens", Means = QuotaReset.Full }),
        new("Anthropic, unified", Signs("anthropic-ratelimit-unified-status", "anthropic-ratelimit-unified-reset", "anthropic-ratelimit-unified-5h-reset", "anthropic-ratelimit-unified-7d-reset"),
            Unified("unified", "anthropic-ratelimit-unified-", null),
            Unified("unified_5h", "anthropic-ratelimit-unified-5h-", TimeSpan.FromHours(5)),
            Unified("unified_7d", "anthropic-ratelimit-unified-7d-", TimeSpan.FromDays(7))),

        // OpenAI with durations of Go, Azure OpenAI with whole seconds, and -1 where nothing is known.
        new("OpenAI", Signs("x-ratelimit-limit-requests", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens"),
            After("requests", "requests") with { Means = QuotaReset.Full },
            After("tokens", "tokens") with { Means = QuotaReset.Full },
            After("tokens_usage_based", "tokens") with { Name = "tokens_usage_based", Means = QuotaReset.Full },
            After("project-tokens", "tokens") with { Name = "project_tokens", Means = QuotaReset.Full }),

        new("Kong", Signs("x-ratelimit-limit-second", "x-ratelimit-limit-minute", "x-ratelimit-limit-hour", "x-ratelimit-limit-day"),
            Each("second", TimeSpan.FromSeconds(1)), Each("minute", TimeSpan.FromMinutes(1)), Each("hour", TimeSpan.FromHours(1)), Each("day", TimeSpan.FromDays(1))),

        // x-ratelimit-reset has decimals there, but goes by a clock.
        new("Discord", Signs("x-ratelimit-bucket", "x-ratelimit-reset-after"),
            Of("x-ratelimit-") with { Reset = Slot("x-ratelimit-reset-after") }) { Resource = Slot("x-ratelimit-bucket") },

        new("Akamai", Signs("x-ratelimit-next"),
            Of("x-ratelimit-") with { Reset = Slot("x-ratelimit-next"), Means = QuotaReset.More }),

        // Instants of the epoch. Each resource is counted by itself.
        new("GitHub", Signs("x-ratelimit-resource"), Of("x-ratelimit-")) { Resource = Slot("x-ratelimit-resource") },

        // What is used instead of what is allowed; seconds to go.
        new("Reddit", Signs("x-ratelimit-used"), Of("x-ratelimit-")),

        // Instants in whole minutes.
        new("Atlassian", Signs("x-ratelimit-nearlimit"), Of("x-ratelimit-")),

        // Everybody else: Envoy, Lemlist with the dates of scripts, MailerLite, RapidAPI, and whoever took the names over.
        new("X-RateLimit", Signs("x-ratelimit-limit", "x-ratelimit-remaining"), Of("x-ratelimit-")),

        // X and Okta tell instants of the epoch, Prisjakt milliseconds to go.
        new("X-Rate-Limit", Signs("x-rate-limit-limit", "x-rate-limit-remaining"),
            Of("x-rate-limit-") with { Number = NumberMeaning.SecondsToAnHour },
            Of("x-user-limit-24hour-") with { Name = "user_24hour", Window = TimeSpan.FromDays(1) },
            Of("x-app-limit-24hour-") with { Name = "app_24hour", Window = TimeSpan.FromDays(1) }),

        // REST: a bucket that drains in 20 s, 40 at 2/s or 80 at 4/s. GraphQL tells it in the body.
        new("Shopify", Signs("x-shopify-shop-api-call-limit"),
            new QuotaFields { Form = QuotaForm.Share, Limit = Slot("x-shopify-shop-api-call-limit"), Drains = TimeSpan.FromSeconds(20) }),

        // The name the IETF draft gives to seconds to go is that of an instant here.
        new("GitLab", Signs("ratelimit-observed", "ratelimit-name"),
            Of("ratelimit-") with { Used = Slot("ratelimit-observed") }) { Resource = Slot("ratelimit-name") },

        // Requests weigh differently.
        new("Microsoft Graph", Signs("x-ms-ags-diagnostic", "sprequestguid"), Of("ratelimit-") with { Unit = "resource_units" }),

        // The drafts up to -05: three headers, and perhaps the policies.
        new("IETF draft, older", Signs("ratelimit-limit", "ratelimit-remaining"), Of("ratelimit-")),

        new("Stripe", Signs("stripe-rate-limited-reason"),
            new QuotaFields { Form = QuotaForm.Reason, Limit = Slot("stripe-rate-limited-reason") }),

        new("HubSpot", Signs("x-hubspot-ratelimit-max", "x-hubspot-ratelimit-daily", "x-hubspot-ratelimit-secondly"),
            new QuotaFields { Limit = Slot("x-hubspot-ratelimit-max"), Remaining = Slot("x-hubspot-ratelimit-remaining"), Interval = Slot("x-hubspot-ratelimit-interval-milliseconds") },
            new QuotaFields { Name = "secondly", Limit = Slot("x-hubspot-ratelimit-secondly"), Remaining = Slot("x-hubspot-ratelimit-secondly-remaining"), Window = TimeSpan.FromSeconds(1) },
            new QuotaFields { Name = "daily", Limit = Slot("x-hubspot-ratelimit-daily"), Remaining = Slot("x-hubspot-ratelimit-daily-remaining"), Window = TimeSpan.FromDays(1) }),

        new("Salesforce", Signs("sforce-limit-info"),
            new QuotaFields { Form = QuotaForm.Share, Name = "api_usage", Limit = Slot("sforce-limit-info"), Window = TimeSpan.FromDays(1) }),

        new("Brevo", Signs("x-sib-ratelimit-limit", "x-sib-ratelimit-remaining"), Of("x-sib-ratelimit-")),

        // What is left only; what is allowed is in the documentation.
        new("Azure Resource Manager", Signs([.. ArmNames(), "x-ms-ratelimit-remaining-resource"]),
            [.. ArmNames().Select(name => new QuotaFields { Name = name["x-ms-ratelimit-remaining-".Length..], Remaining = Slot(name) }),
             new QuotaFields { Form = QuotaForm.Counts, Limit = Slot("x-ms-ratelimit-remaining-resource") }]),
    ];

    /// <summary>How many slots there are, slot 0 included, which stays empty.</summary>
    public static readonly int SlotCount = Names.Count + 1;

    // The last of all: every name above has been seen.
    private static readonly FrozenDictionary<string, int> Slots = Names.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The slot of a header that tells of limits; 0 for any other.</summary>
    public static int SlotOf(string name) => Slots.GetValueOrDefault(name);

    private static int Slot(string name)
    {
        if (!Names.TryGetValue(name, out var slot))
            Names[name] = slot = Names.Count + 1;
        return slot;
    }

    private static int[] Signs(params string[] names) => [.. names.Select(Slot)];

    private static QuotaFields Of(string prefix) => new()
    {
        Limit = Slot(prefix + "limit"),
        Remaining = Slot(prefix + "remaining"),
        Used = Slot(prefix + "used"),
        Reset = Slot(prefix + "reset"),
        Policies = Slot(prefix + "policy"),
    };

    private static QuotaFields After(string suffix, string unit) => new()
    {
        Unit = unit,
        Limit = Slot("x-ratelimit-limit-" + suffix),
        Remaining = Slot("x-ratelimit-remaining-" + suffix),
        Reset = Slot("x-ratelimit-reset-" + suffix),
    };

    private static QuotaFields Each(string period, TimeSpan window) => After(period, Limits.Limit.Requests) with { Name = period, Window = window };

    private static QuotaFields Unified(string name, string prefix, TimeSpan? window) => new() { Name = name, Reset = Slot(prefix + "reset"), State = Slot(prefix + "status"), Window = window };

    private static IEnumerable<string> ArmNames() =>
        from scope in (string[])["subscription", "tenant", "subscription-global"]
        from kind in (string[])["reads", "writes", "deletes"]
        select $"x-ms-ratelimit-remaining-{scope}-{kind}";
}
