using System.Text.Json;

namespace Headgate.Configuration;

/// <summary>
/// Makes records of the tree. A value that cannot be read has been told by its shape already and counts as absent here, so
/// that what must fit together can be checked in the same pass.
/// </summary>
/// <param name="directory">What relative paths are relative to.</param>
/// <param name="current">What those are relative to that the service was given outside of a file.</param>
internal sealed class ConfigurationBinder(string directory, string current)
{
    public HeadgateConfiguration Bind(ConfigurationNode root)
    {
        var defaultsNode = root.Member(Settings.Defaults.Name);
        var defaults = BindPolicy(defaultsNode, UpstreamPolicy.Default);
        var service = new ServiceBinder(directory, current);
        return new HeadgateConfiguration
        {
            TotalLimits = root.Member(Settings.Total.Name)?.Member(Settings.TotalLimits.Name) is { } total ? Settings.TotalLimitsShape.Read(total) : [],
            TotalConnections = (int?)Given(root.Member(Settings.Total.Name), Settings.TotalConnections),
            CacheBytes = Value(root.Member(Settings.Total.Name), Settings.CacheBytes, HeadgateConfiguration.Default.CacheBytes),
            Defaults = defaults,
            Concurrency = (int)Value(defaultsNode, Settings.Concurrency, HeadgateConfiguration.Default.Concurrency),
            Upstreams = [.. (root.Member(Settings.Upstreams.Name)?.Members ?? []).Select(member => BindUpstream(member.Name, member.Value, defaults))],
            ProxyPools = [.. (root.Member(ProxySettings.Pools.Name)?.Members ?? []).Select(member => BindProxies(member.Name, member.Value))],
            Jobs = service.BindJobs(root.Member(ServiceSettings.JobsGroup.Name)),
            Serve = service.BindServe(root.Member(ServiceSettings.ServeGroup.Name)),
            Log = SeeingSettings.BindLog(root.Member(SeeingSettings.LogGroup.Name)),
            Otlp = SeeingSettings.BindOtlp(root.Member(SeeingSettings.OtlpGroup.Name)),
        };
    }

    private static UpstreamPolicy BindPolicy(ConfigurationNode? node, UpstreamPolicy otherwise)
    {
        var limits = node?.Member(Settings.Policy.Limits.Name);
        return otherwise with
        {
            Limits = limits is null ? otherwise.Limits : Settings.Policy.LimitsShape.Read(limits),
            Learns = limits is null ? otherwise.Learns : limits is { Kind: JsonValueKind.String, Text: Settings.Policy.Learn },
            Timing = Value(node, Settings.Policy.Timing, otherwise.Timing),
            Straggle = Value(node, Settings.Policy.Straggle, otherwise.Straggle),
            Timeout = Value(node, Settings.Policy.Timeout, otherwise.Timeout),
            ConnectTimeout = Value(node, Settings.Policy.ConnectTimeout, otherwise.ConnectTimeout),
            Retries = (int)Value(node, Settings.Policy.Retries, otherwise.Retries),
            RetryDelay = Value(node, Settings.Policy.RetryDelay, otherwise.RetryDelay),
            RetryCap = Value(node, Settings.Policy.RetryCap, otherwise.RetryCap),
            QueueTimeout = Value(node, Settings.Policy.QueueTimeout, otherwise.QueueTimeout),
            Breaker = node?.Member(Settings.Policy.BreakerState.Name) is { } breaker ? BindBreaker(breaker) : otherwise.Breaker,
            Patience = Value(node, Settings.Policy.Patience, otherwise.Patience),
            MaxBody = Value(node, Settings.Policy.MaxBody, otherwise.MaxBody),
            MaxPassed = Given(node, Settings.Policy.MaxBody) ?? otherwise.MaxPassed,
            Cache = node?.Member(Settings.Policy.Cache.Name) is { } cache && CacheScalar.Cache.TryRead(cache, out var kept) ? kept : otherwise.Cache,
            Connections = node?.Member(Settings.Policy.Wire.Name) is { } connections ? BindConnections(connections) : otherwise.Connections,
            Proxies = node?.Member(ProxySettings.OfPolicy.Name) is null ? otherwise.Proxies : Value(node, ProxySettings.OfPolicy, ProxySettings.None) is var pool and not ProxySettings.None ? pool : null,
        };
    }

    private UpstreamConfiguration BindUpstream(string name, ConfigurationNode node, UpstreamPolicy defaults) => new()
    {
        Name = name,
        Bases = node.Member(Settings.Upstream.Base.Name) is { } bases ? Settings.Upstream.BaseShape.Read(bases) : [],
        Policy = BindPolicy(node, defaults),
        Keys = node.Member(Settings.Upstream.KeyPool.Name) is { } keys ? BindKeys(keys) : null,
        OAuth = node.Member(OAuthSettings.OfUpstream.Name) is { } oauth ? BindOAuth(oauth) : null,
        Shares = node.Member(Settings.Upstream.PriorityShares.Name) is { } shares ? BindShares(shares) : PriorityShares.None,
        Costs = [.. (node.Member(Settings.Upstream.Costs.Name)?.Members ?? []).Select(member => BindCost(member.Name, member.Value))],
        Retry = node.Member(Settings.Upstream.Retries.Name) is { } retry ? BindRetry(retry) : RetryConfiguration.Default,
        Routes = [.. (node.Member(Settings.Upstream.Routes.Name)?.Members ?? []).Select(member => BindRoute(member.Name, member.Value))],
        Geo = [.. (node.Member(Settings.Upstream.Countries.Name)?.Members ?? []).Select(member => new GeoConfiguration(member.Name, Settings.Geo.LimitsShape.Read(member.Value)))],
        Throttled = node.Member(Settings.Upstream.Throttle.Name) is { } throttled ? BindThrottled(throttled) : null,
        Tls = node.Member(Settings.Upstream.Trust.Name) is { } tls ? BindTls(tls) : TlsConfiguration.Default,
        UserAgents = node.Member(Settings.Upstream.UserAgents.Name) is { } names ? Settings.Upstream.UserAgentsShape.Read(names) : [],
        Weight = (int)Value(node, Settings.Upstream.Weight, 1),
        Hedge = node.Member(Settings.Upstream.Hedging.Name) is { Kind: JsonValueKind.Object } hedge ? new HedgeConfiguration(Value(hedge, Settings.Hedge.After, HedgeAfter.Usual)) : null,
        Adaptive = node.Member(Settings.Upstream.Adapting.Name) is { } adaptive ? BindAdaptive(adaptive) : AdaptiveConfiguration.Off,
        Chaos = node.Member(Settings.Upstream.Disturbance.Name) is { } chaos ? BindChaos(chaos) : ChaosConfiguration.None,
        Failover = Value(node, Settings.Upstream.Failover, node.Member(Settings.Upstream.Base.Name)?.Items.Count > 1),
    };

    private static BreakerConfiguration? BindBreaker(ConfigurationNode node)
    {
        if (node.Kind == JsonValueKind.String)
            return null;
        var usual = BreakerConfiguration.Default;
        return new BreakerConfiguration
        {
            FailureThreshold = (int)Value(node, Settings.Breaker.FailureThreshold, usual.FailureThreshold),
            FailureShare = Value(node, Settings.Breaker.FailureShare, usual.FailureShare),
            RecoveryTimeout = Value(node, Settings.Breaker.RecoveryTimeout, usual.RecoveryTimeout),
            SuccessThreshold = (int)Value(node, Settings.Breaker.SuccessThreshold, usual.SuccessThreshold),
        };
    }

    private static AdaptiveConfiguration BindAdaptive(ConfigurationNode node) => new()
    {
        Rate = Value(node, Settings.Adaptive.Rate, false),
        Concurrency = Value(node, Settings.Adaptive.Concurrency, false),
        Timeout = Value(node, Settings.Adaptive.Timeout, false),
        Resources = Value(node, Settings.Adaptive.Resources, false),
        Ceiling = node.Member(Settings.Adaptive.Ceiling.Name) is { } ceiling && Scalars.Limit.TryRead(ceiling, out var limit) ? limit : null,
    };

    private static ChaosConfiguration BindChaos(ConfigurationNode node) => new()
    {
        Errors = Value(node, Settings.Chaos.Errors, default),
        Latency = Value(node, Settings.Chaos.Latency, default),
        Resets = Value(node, Settings.Chaos.Resets, default),
    };

    private KeysConfiguration BindKeys(ConfigurationNode node)
    {
        var usual = new KeysConfiguration();
        return new KeysConfiguration
        {
            From = node.Member(Settings.Keys.From.Name) is { } from ? [.. Settings.Keys.FromShape.Read(from).Select(Absolute)] : [],
            Template = Value(node, Settings.Keys.As, usual.Template),
            Limits = node.Member(Settings.Keys.Limits.Name) is { } limits ? Settings.Keys.LimitsShape.Read(limits) : [],
            Choice = Value(node, Settings.Keys.Choose, usual.Choice),
            AnswersShared = Value(node, Settings.Keys.AnswersShared, usual.AnswersShared),
            Dead = node.Member(Settings.Keys.Dead.Name) is { } dead ? Settings.Keys.DeadShape.Read(dead) : usual.Dead,
        };
    }

    private ProxyPoolConfiguration BindProxies(string name, ConfigurationNode node) => new()
    {
        Name = name,
        From = node.Member(ProxySettings.From.Name) is { } from ? [.. ProxySettings.FromShape.Read(from).Select(Absolute)] : [],
        Poll = Value(node, ProxySettings.Poll, ProxyPoolConfiguration.UsualPoll),
        Choice = Value(node, ProxySettings.Choose, default),
        Limits = node.Member(ProxySettings.Limits.Name) is { } limits ? ProxySettings.LimitsShape.Read(limits) : [],
        Probe = node.Member(ProxySettings.Probe.Name) is null ? null : Value(node, ProxySettings.Probe, null!),
        Ca = node.Member(ProxySettings.Tls.Name) is { } tls ? Source(tls, ProxySettings.Ca) : null,
    };

    /// <summary>Null where something of it is missing, which has been told.</summary>
    private OAuthConfiguration? BindOAuth(ConfigurationNode node) => Value(node, OAuthSettings.TokenUrl, null!) is not { } url || Source(node, OAuthSettings.ClientSecret) is not { } secret ? null : new()
    {
        TokenUrl = url,
        ClientId = Value(node, OAuthSettings.ClientId, ""),
        ClientSecret = secret,
        Scopes = node.Member(OAuthSettings.Scopes.Name) is { } scopes ? OAuthSettings.ScopesShape.Read(scopes) : [],
        Audience = node.Member(OAuthSettings.Audience.Name) is null ? null : Value(node, OAuthSettings.Audience, null!),
        InBody = Value(node, OAuthSettings.Send, false),
    };

    private static PriorityShares BindShares(ConfigurationNode node) => new(
        Value(node, Settings.Shares.Critical, Percentage.Whole),
        Value(node, Settings.Shares.High, Percentage.Whole),
        Value(node, Settings.Shares.Medium, Percentage.Whole),
        Value(node, Settings.Shares.Low, Percentage.Whole),
        Value(node, Settings.Shares.Background, Percentage.Whole));

    private static CostConfiguration BindCost(string unit, ConfigurationNode node) => new(
        unit,
        Value(node, Settings.Cost.Estimate, 1),
        node.Member(Settings.Cost.Actual.Name) is null ? null : Value(node, Settings.Cost.Actual, ""));

    private static RouteConfiguration BindRoute(string name, ConfigurationNode node) => new(
        name,
        Value(node, Settings.Route.Match, RoutePattern.All),
        node.Member(Settings.Route.Methods.Name) is { } methods ? Settings.Route.MethodsShape.Read(methods) : [],
        node.Member(Settings.Route.Limits.Name) is { } limits ? Settings.Route.LimitsShape.Read(limits) : []);

    private static ThrottledConfiguration BindThrottled(ConfigurationNode node) => new(
        Value(node, Settings.Throttled.Status, new StatusRange(200, 200)),
        Value(node, Settings.Throttled.Pointer, ""),
        Value(node, Settings.Throttled.Value, ""));

    private static RetryConfiguration BindRetry(ConfigurationNode node)
    {
        var usual = RetryConfiguration.Default;
        var budget = node.Member(Settings.Retry.Budget.Name);
        return new RetryConfiguration
        {
            Statuses = node.Member(Settings.Retry.Statuses.Name) is { } statuses ? Settings.Retry.StatusesShape.Read(statuses) : usual.Statuses,
            IdempotencyKey = Value(node, Settings.Retry.IdempotencyKey, usual.IdempotencyKey),
            BudgetShare = Value(budget, Settings.Retry.Share, usual.BudgetShare),
            BudgetFloor = Value(budget, Settings.Retry.Floor, usual.BudgetFloor),
        };
    }

    private static ConnectionsConfiguration BindConnections(ConfigurationNode node)
    {
        var usual = ConnectionsConfiguration.Default;
        return new ConnectionsConfiguration
        {
            PerHost = (int?)Given(node, Settings.Connections.PerHost),
            IdleTimeout = Value(node, Settings.Connections.IdleTimeout, usual.IdleTimeout),
            Lifetime = Value(node, Settings.Connections.Lifetime, usual.Lifetime),
            Http = Value(node, Settings.Connections.Http, usual.Http),
            Decompress = Given(node, Settings.Connections.Decompress),
        };
    }

    private TlsConfiguration BindTls(ConfigurationNode node) => new()
    {
        Ca = Source(node, Settings.Tls.Ca),
        ClientCertificate = Source(node, Settings.Tls.ClientCertificate),
        Password = Source(node, Settings.Tls.Password),
    };

    private string? Source(ConfigurationNode node, Setting<string> setting) =>
        node.Member(setting.Name) is { } given && setting.Scalar.TryRead(given, out var source) ? Absolute(source) : null;

    private string Absolute(string source) =>
        source.StartsWith("file:", StringComparison.Ordinal) ? $"file:{Path.GetFullPath(source[5..], directory)}" : source;

    private static T? Given<T>(ConfigurationNode? group, Setting<T> setting)
        where T : struct => group?.Member(setting.Name) is { } node && setting.Scalar.TryRead(node, out var value) ? value : null;

    /// <summary>What a member of a group says, if it can be read.</summary>
    internal static T Value<T>(ConfigurationNode? group, Setting<T> setting, T otherwise) =>
        group?.Member(setting.Name) is { } node && setting.Scalar.TryRead(node, out var value) ? value : otherwise;
}
