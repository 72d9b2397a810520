using Headgate.App.CommandLine;
using Headgate.Configuration;
using Headgate.Limits;

namespace Headgate.App.Runs;

/// <summary>The fixed part of every limit that one of K processes has: together they never have more than the whole.</summary>
internal static class Shares
{
    public static HeadgateConfiguration Of(HeadgateConfiguration whole, int? parts) => parts is not (int and > 1) ? whole : whole with
    {
        TotalLimits = Of(whole.TotalLimits, parts.Value),
        TotalConnections = Of(whole.TotalConnections, parts.Value),
        Defaults = Of(whole.Defaults, parts.Value),
        ProxyPools = [.. whole.ProxyPools.Select(pool => pool with { Limits = Of(pool.Limits, parts.Value) })],
        Upstreams = [.. whole.Upstreams.Select(api => api with
        {
            Policy = Of(api.Policy, parts.Value),
            Keys = api.Keys is { } keys ? keys with { Limits = Of(keys.Limits, parts.Value) } : null,
        })],
    };

    public static ValueList<Limit> Of(IEnumerable<Limit> limits, int parts) => [.. limits.Select(limit => Of(limit, parts))];

    /// <summary>A part of a limit. Rates without a window are made slower exactly; amounts are divided and rounded down.</summary>
    /// <exception cref="CommandException">There is less than one for each.</exception>
    public static Limit Of(Limit limit, int parts)
    {
        if (limit.Algorithm == LimitAlgorithm.Spaced)
            return limit with { Period = limit.Period * parts };
        if (limit.Algorithm == LimitAlgorithm.Bucket && limit.Burst >= parts)
            return limit with { Burst = limit.Burst / parts, Period = limit.Period * parts };
        if (limit.Algorithm != LimitAlgorithm.Bucket && limit.Amount >= parts)
            return limit with { Amount = limit.Amount / parts };
        throw new CommandException(ExitCode.Configuration, $"--share 1/{parts}: the limit \"{limit}\" cannot be divided by {parts}: less than one would be left for each");
    }

    private static int? Of(int? connections, int parts) => connections is not { } whole || whole >= parts ? connections / parts
        : throw new CommandException(ExitCode.Configuration, $"--share 1/{parts}: {whole} {(whole == 1 ? "connection" : "connections")} cannot be divided by {parts}: less than one would be left for each");

    private static UpstreamPolicy Of(UpstreamPolicy policy, int parts) => policy with
    {
        Limits = Of(policy.Limits, parts),
        Connections = policy.Connections with { PerHost = Of(policy.Connections.PerHost, parts) },
    };
}
