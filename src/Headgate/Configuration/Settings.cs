using System.Globalization;
using Headgate.Limits;

namespace Headgate.Configuration;

/// <summary>
/// The table of everything that headgate.json accepts. A setting that is not here is refused.
/// </summary>
internal static class Settings
{
    internal static class Policy
    {
        private static readonly UpstreamPolicy Usual = UpstreamPolicy.Default;

        public const string Learn = "learn";
        public const string None = "none";
        public static readonly ListOf<Limit> LimitsShape = new(Scalars.Limit, 0, Learn, None);
        public static readonly Setting Limits = new(
            "limits", LimitsShape,
            "The limits of the API: a list; \"learn\" to find them out from its answers; \"none\" for no limit and no learning.",
            $"\"{Learn}\"");
        public static readonly Setting<TimingChoice> Timing = new(
            "timing", Scalars.Timing,
            "What is known of the moment a request arrives: guaranteed (at the latest with its answer), bounded or bounded:D (within D of its first byte), nominal (when it is sent).",
            $"\"{Usual.Timing}\"");
        public static readonly Setting<TimeSpan> Straggle = new(
            "straggle", Scalars.Duration, "How long after we gave up a request may still arrive.", Literal.Seconds(Usual.Straggle));
        public static readonly Setting<TimeSpan> Timeout = new(
            "timeout", Scalars.PositiveDuration, "The longest an attempt may take from its first byte to the end of the answer.",
            Literal.Seconds(Usual.Timeout));
        public static readonly Setting<TimeSpan> ConnectTimeout = new(
            "connectTimeout", Scalars.PositiveDuration, "The longest a connection may take to be made.",
            Literal.Seconds(Usual.ConnectTimeout));
        public static readonly Setting<long> Retries = new(
            "retries", Scalars.Whole(0, 100), "How often a request is tried again.", Literal.Number(Usual.Retries));
        public static readonly Setting<TimeSpan> RetryDelay = new(
            "retryDelay", Scalars.Duration, "The base of the backoff, doubled by every retry.", Literal.Seconds(Usual.RetryDelay));
        public static readonly Setting<TimeSpan> RetryCap = new(
            "retryCap", Scalars.Duration, "The longest backoff.", Literal.Seconds(Usual.RetryCap));
        public static readonly Setting<TimeSpan?> QueueTimeout = new(
            "queueTimeout", Scalars.OptionalDuration,
            "The longest a request may wait to be sent; null for as long as its deadline allows.", "null");
        public static readonly Setting BreakerState = new("breaker", Breaker.Shape, "When the API is left alone for a while because it fails; \"off\" for never.");
        public static readonly Setting<TimeSpan?> Patience = new(
            "patience", Scalars.OptionalDuration,
            "How long a request waits while the breaker of its API is open, before it fails; null for as long as who asked for it usually waits.", "null");
        public static readonly Setting<long> MaxBody = new(
            "maxBody", Scalars.Size, "The largest answer that is kept.", $"\"{ByteSize.Format(Usual.MaxBody)}\"");

        public static readonly Setting Wire = new("connections", Connections.Shape, "How connections are made and kept, and how many.");

        public static readonly Setting<CacheConfiguration?> Cache = new(
            "cache", CacheScalar.Cache, "Which answers are kept and given again: \"off\", \"http\" (as a browser does), \"shared\" (as a proxy for many), \"ttl=300\"; null for what is usual: http in serve, off elsewhere.", "null");

        public static readonly Setting[] All = [Limits, Timing, Straggle, Timeout, ConnectTimeout, Retries, RetryDelay, RetryCap, QueueTimeout, BreakerState, Patience, MaxBody, Cache, Wire, ProxySettings.OfPolicy];
    }

    internal static class Keys
    {
        public static readonly ListOf<string> FromShape = new(Scalars.KeySource, 1);
        public static readonly ListOf<StatusRange> DeadShape = new(Scalars.Status);
        public static readonly Setting From = new(
            "from", FromShape, "Where the keys come from: \"env:NAME\", \"file:PATH\" (relative to this file), or \"store:POOL\" (headgate keys add).");
        public static readonly Setting<Headgate.Keys.KeyTemplate> As = new(
            "as", Scalars.Template, "Where the key goes in a request.", $"\"{Headgate.Keys.KeyTemplate.Bearer}\"");
        public static readonly ListOf<Limit> LimitsShape = new(Scalars.Limit);
        public static readonly Setting Limits = new("limits", LimitsShape, "The limits of each key.", "[]");
        public static readonly Setting<KeyChoice> Choose = new(
            "choose", Scalars.Choice, "Which key a request gets: the one free soonest, or the same as long as it is usable.",
            "\"soonest\"");
        public static readonly Setting Dead = new(
            "dead", DeadShape, "The statuses after which a key is used no more.", Literal.Array(new KeysConfiguration().Dead));

        public static readonly Setting<bool> AnswersShared = new(
            "answersShared", Scalars.Flag, "Whether an answer that one key got is given to requests of the others, where answers are kept.", "false");

        public static readonly Group Shape = new([From, As, Limits, Choose, Dead, AnswersShared], ["from"]);
    }

    internal static class Shares
    {
        public static readonly Setting<Percentage> Critical = Of("critical");
        public static readonly Setting<Percentage> High = Of("high");
        public static readonly Setting<Percentage> Medium = Of("medium");
        public static readonly Setting<Percentage> Low = Of("low");
        public static readonly Setting<Percentage> Background = Of("background");

        public static readonly Group Shape = new([Critical, High, Medium, Low, Background]);

        private static Setting<Percentage> Of(string priority) => new(
            priority, Scalars.Share, $"The most that priority {priority} may use of a limit while higher work could come.",
            $"\"{Percentage.Whole}\"");
    }

    internal static class Cost
    {
        public static readonly Setting<long> Estimate = new(
            "estimate", Scalars.Whole(1, 1_000_000_000_000), "The upper bound of a request's cost, held until the true cost is known.");
        public static readonly Setting<string> Actual = new("actual", Scalars.Pointer, "The JSON pointer to the true cost in the answer.");

        public static readonly Map Shape = new(
            new Group([Estimate, Actual], ["estimate"]), "^(?!bucket$|concurrent$)[a-z][a-z0-9_]*$", IsUnit,
            "a unit in lower case as limits name it, for example \"tokens\"");

        private static bool IsUnit(string name) =>
            name is not ("" or "bucket" or "concurrent") && char.IsAsciiLetterLower(name[0]) && name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '_');
    }

    internal static class Retry
    {
        private static readonly RetryConfiguration Usual = RetryConfiguration.Default;

        public static readonly ListOf<StatusRange> StatusesShape = new(Scalars.Status);
        public static readonly Setting Statuses = new(
            "statuses", StatusesShape, "The statuses that are tried again.", Literal.Array(Usual.Statuses));
        public static readonly Setting<bool> IdempotencyKey = new(
            "idempotencyKey", Scalars.Flag, "Whether POST and PATCH get an Idempotency-Key, so that they may be tried again.", "false");
        public static readonly Setting<Percentage> Share = new(
            "share", Scalars.Share, "The most that retries may be of all requests.", $"\"{Usual.BudgetShare}\"");
        public static readonly Setting<Limit> Floor = new(
            "floor", Scalars.Limit, "The rate of retries that is always allowed.", $"\"{Usual.BudgetFloor}\"");
        public static readonly Setting Budget = new("budget", new Group([Share, Floor]), "How much of the traffic may be retries.");

        public static readonly Group Shape = new([Statuses, IdempotencyKey, Budget]);
    }

    internal static class Route
    {
        public static readonly Setting<RoutePattern> Match = new(
            "match", Scalars.Route, "The paths below the base address that belong to it: * stands for one segment, ** for any number of them.", "\"/**\"");
        public static readonly ListOf<string> MethodsShape = new(Scalars.Method, 1);
        public static readonly Setting Methods = new("methods", MethodsShape, "The methods that belong to it; all where none is named.");
        public static readonly ListOf<Limit> LimitsShape = new(Scalars.Limit, 1);
        public static readonly Setting Limits = new("limits", LimitsShape, "Its limits, beside those of the API.");

        public static readonly Map Shape = new(
            new Group([Match, Methods, Limits], ["limits"]), "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", Upstream.IsName,
            "1 to 64 letters, digits, dots, hyphens or underscores, the first a letter or digit");
    }

    internal static class Geo
    {
        public static readonly ListOf<Limit> LimitsShape = new(Scalars.Limit, 1);
        public static readonly Map Shape = new(
            LimitsShape, "^[A-Z]{2}$", static name => name.Length == 2 && name.All(char.IsAsciiLetterUpper), "a country of two capital letters (ISO 3166), for example \"DE\"");
    }

    internal static class Throttled
    {
        public static readonly Setting<StatusRange> Status = new("status", Scalars.Status, "The status of the answer.", "200");
        public static readonly Setting<string> Pointer = new("pointer", Scalars.Pointer, "The JSON pointer to what tells it in the body.");
        public static readonly Setting<string> Value = new("equals", Scalars.Text, "What stands there then.");

        public static readonly Group Shape = new([Status, Pointer, Value], ["pointer", "equals"]);
    }

    internal static class Breaker
    {
        public const string Off = "off";

        private static readonly BreakerConfiguration Usual = BreakerConfiguration.Default;

        public static readonly Setting<long> FailureThreshold = new(
            "failureThreshold", Scalars.Whole(1, 1_000_000), "So many failures in a row open it.", Literal.Number(Usual.FailureThreshold));
        public static readonly Setting<Percentage?> FailureShare = new(
            "failureShare", Scalars.OptionalShare, "This share of failures, of at least 20 calls within 30 s, opens it too; null for no share.", "null");
        public static readonly Setting<TimeSpan> RecoveryTimeout = new(
            "recoveryTimeout", Scalars.PositiveDuration, "How long it stays open before a few requests try.", Literal.Seconds(Usual.RecoveryTimeout));
        public static readonly Setting<long> SuccessThreshold = new(
            "successThreshold", Scalars.Whole(1, 1_000), "So many successes in a row close it; no more are tried at once before.", Literal.Number(Usual.SuccessThreshold));

        public static readonly Group Shape = new([FailureThreshold, FailureShare, RecoveryTimeout, SuccessThreshold]) { Word = Off };
    }

    internal static class Hedge
    {
        public const string Off = "off";

        public static readonly Setting<HedgeAfter> After = new(
            "after", Scalars.HedgeAfter, "When a second attempt is sent beside the first: a quantile of the latency (\"p95\"), or a duration.");

        public static readonly Group Shape = new([After], ["after"]) { Word = Off };
    }

    internal static class Adaptive
    {
        public static readonly Setting<bool> Rate = new(
            "rate", Scalars.Flag, "Whether the rate falls when errors or latency rise, and rises again when all is well.", "false");
        public static readonly Setting<bool> Concurrency = new(
            "concurrency", Scalars.Flag, "Whether as many requests are in flight as the latency shows the API can take.", "false");
        public static readonly Setting<bool> Timeout = new(
            "timeout", Scalars.Flag, "Whether an attempt is given up after three times the 99th percentile of the latency, if that is sooner than its timeout.", "false");
        public static readonly Setting<bool> Resources = new(
            "resources", Scalars.Flag, "Whether less is sent while this machine is short of processor or memory.", "false");
        public static readonly Setting<Limit> Ceiling = new("ceiling", Scalars.Limit, "The rate that adapting never goes above.");

        public static readonly Group Shape = new([Rate, Concurrency, Timeout, Resources, Ceiling]);
    }

    internal static class Chaos
    {
        public static readonly Setting<ChaosErrors> Errors = new(
            "errors", Scalars.ChaosErrors, "The share of attempts that are answered with an error in place of the API: \"2%\" (503), or \"500 2%\".");
        public static readonly Setting<ChaosLatency> Latency = new(
            "latency", Scalars.ChaosLatency, "By how much attempts are delayed, and which share of them: \"200ms 10%\".");
        public static readonly Setting<Percentage> Resets = new(
            "resets", Scalars.Share, "The share of attempts whose connection breaks.");

        public static readonly Group Shape = new([Errors, Latency, Resets]);
    }

    internal static class Connections
    {
        private static readonly ConnectionsConfiguration Usual = ConnectionsConfiguration.Default;

        public static readonly Setting<long> PerHost = new(
            "perHost", Scalars.Whole(1, 1_000_000), "The most connections in use at once; requests beyond them wait in the gate. Without it, only \"concurrency\" bounds them.");
        public static readonly Setting<TimeSpan> IdleTimeout = new(
            "idleTimeout", Scalars.Duration, "How long an unused connection is kept.", Literal.Seconds(Usual.IdleTimeout));
        public static readonly Setting<TimeSpan> Lifetime = new(
            "lifetime", Scalars.PositiveDuration, "How long a connection is used at most, so that the name is looked up again.", Literal.Seconds(Usual.Lifetime));
        public static readonly Setting<HttpVersions> Http = new(
            "http", Scalars.HttpVersions, "The versions of HTTP that may be used; \"2\" alone speaks HTTP/2 over http:// too.", $"\"{HttpVersionNames.Of(Usual.Http)}\"");
        public static readonly Setting<bool> Decompress = new(
            "decompress", Scalars.Flag, "Whether answers are asked for packed and unpacked on the way in. run and send do so unless told otherwise.");

        public static readonly Group Shape = new([PerHost, IdleTimeout, Lifetime, Http, Decompress]);
    }

    internal static class Tls
    {
        public static readonly Setting<string> Ca = new(
            "ca", Scalars.FileSource, "A PEM file of certificates that are trusted for this API instead of those of the system: \"file:PATH\" (relative to this file).");
        public static readonly Setting<string> ClientCertificate = new(
            "clientCertificate", Scalars.FileSource, "The certificate we show, with its private key: \"file:PATH\" of a .pfx file, or of a PEM file with both.");
        public static readonly Setting<string> Password = new(
            "password", Scalars.SecretSource, "Where the password of the client certificate is: \"env:NAME\" or \"file:PATH\".");

        public static readonly Group Shape = new([Ca, ClientCertificate, Password]);
    }

    internal static class Upstream
    {
        public static readonly ListOf<UpstreamBase> BaseShape = new(Scalars.Base, 1);
        public static readonly Setting Base = new("base", BaseShape, "The addresses whose URLs belong to this API.");
        public static readonly Setting KeyPool = new("keys", Keys.Shape, "The pool of keys that requests to this API get.");
        public static readonly Setting PriorityShares = new(
            "shares", Shares.Shape, "The parts of the limits that low priorities are held to.");
        public static readonly Setting Costs = new(
            "cost", Cost.Shape, "What a request costs in other units, where its line declares nothing.");
        public static readonly Setting Retries = new("retry", Retry.Shape, "Which answers are tried again.");
        public static readonly Setting Routes = new("routes", Route.Shape, "Parts of the API that have limits of their own; a request may belong to several.");
        public static readonly Setting Countries = new("geo", Geo.Shape, "Limits of the requests that name a country, by country.");
        public static readonly Setting Throttle = new("throttled", Throttled.Shape, "An answer that is a refusal by limit although its status does not say so.");
        public static readonly Setting Trust = new("tls", Tls.Shape, "Whom connections trust, and as whom they are made. Certificates are always verified.");
        public static readonly ListOf<string> UserAgentsShape = new(Scalars.UserAgent, 1);
        public static readonly Setting UserAgents = new(
            "userAgents", UserAgentsShape, "What requests without a User-Agent call themselves: one of these each, in turn.");
        public static readonly Setting<long> Weight = new(
            "weight", Scalars.Whole(1, 1000), "Its part of limits shared with other APIs, against theirs.", "1");
        public static readonly Setting Hedging = new("hedge", Hedge.Shape, "Whether a second attempt is sent beside one that takes long, of methods that are safe; \"off\" if absent.");
        public static readonly Setting Adapting = new("adaptive", Adaptive.Shape, "What follows from how the API is doing.");
        public static readonly Setting Disturbance = new("chaos", Chaos.Shape, "What is put in the way of requests, to see how all else takes it.");
        public static readonly Setting<bool> Failover = new(
            "failover", Scalars.Flag, "Whether requests go to another base address while theirs is down; true where there are several.");

        // An API says only what differs: the rest comes from "defaults", so its settings state no default of their own.
        public static readonly Group Shape = new(
            [Base, .. Policy.All.Select(setting => setting with { Default = null }), KeyPool, OAuthSettings.OfUpstream, PriorityShares, Costs, Retries, Routes, Countries, Throttle, Trust, UserAgents, Weight, Hedging, Adapting, Disturbance, Failover],
            ["base"]);

        public static bool IsName(string name) =>
            name.Length is > 0 and <= 64 && char.IsAsciiLetterOrDigit(name[0]) && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-');
    }

    public static readonly Setting<string> SchemaName = new("$schema", Scalars.Text, "The schema that editors check this file with.");
    public static readonly Setting<long> Version = new(
        "version", Scalars.Whole(1, 1, "a version this program reads: write 1"), "The version of this format.", "1");
    public static readonly ListOf<Limit> TotalLimitsShape = new(Scalars.Limit);
    public static readonly Setting TotalLimits = new("limits", TotalLimitsShape, "Limits that all traffic shares.", "[]");
    public static readonly Setting<long> TotalConnections = new(
        "connections", Scalars.Whole(1, 1_000_000), "The most connections in use at once to all APIs together.");
    public static readonly Setting<long> CacheBytes = new(
        "cacheBytes", Scalars.Size, "The most memory that the answers take that are kept.", $"\"{ByteSize.Format(HeadgateConfiguration.Default.CacheBytes)}\"");
    public static readonly Setting Total = new("total", new Group([TotalLimits, TotalConnections, CacheBytes]), "What holds for all traffic together.");
    public static readonly Setting<long> Concurrency = new(
        "concurrency", Scalars.Whole(1, 1_000_000), "The most requests in flight at once where no limit says otherwise.",
        Literal.Number(HeadgateConfiguration.Default.Concurrency));
    public static readonly Setting Defaults = new(
        "defaults", new Group([.. Policy.All, Concurrency]), "What holds for every API that says nothing else.");
    public static readonly Setting Upstreams = new(
        "upstreams",
        new Map(Upstream.Shape, "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", Upstream.IsName, "1 to 64 letters, digits, dots, hyphens or underscores, the first a letter or digit"),
        "The APIs by name.");

    public static readonly Group Root = new(
        [SchemaName, Version, Total, Defaults, Upstreams, ServiceSettings.JobsGroup, ServiceSettings.ServeGroup, ProxySettings.Pools, SeeingSettings.LogGroup, SeeingSettings.OtlpGroup]);

    // The groups above are part of the table below: they may use nothing of it, or the order of initialisation would matter.
    private static class Literal
    {
        public static string Seconds(TimeSpan value) => value.TotalSeconds.ToString(CultureInfo.InvariantCulture);

        public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

        public static string Array(ValueList<StatusRange> values) =>
            $"[{string.Join(", ", values.Select(range => range.First == range.Last ? $"{range}" : $"\"{range}\""))}]";
    }
}
