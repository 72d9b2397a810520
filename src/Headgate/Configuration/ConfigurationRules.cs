using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Configuration;

/// <summary>What must fit together though each value by itself is valid.</summary>
internal sealed class ConfigurationRules(ConfigurationNode root, List<ConfigurationError> errors)
{
    private const int MostRoutes = 64;

    public void Check(HeadgateConfiguration configuration)
    {
        CheckBackoff("/defaults", configuration.Defaults);
        CheckPool("/defaults", configuration.Defaults, configuration);
        var owners = new Dictionary<UpstreamBase, string>();
        foreach (var upstream in configuration.Upstreams)
        {
            var pointer = ConfigurationNode.Below("/upstreams", upstream.Name);
            CheckBases(pointer, upstream, owners);
            CheckBackoff(pointer, upstream.Policy);
            CheckPool(pointer, upstream.Policy, configuration);
            CheckCosts(pointer, upstream, configuration.TotalLimits);
            if (upstream.Routes.Count > MostRoutes)
                Wrong($"{pointer}/routes", $"{upstream.Routes.Count} routes are more than the {MostRoutes} an API may have; take those with the same limits together, with * and ** in their paths");
            CheckRate($"{pointer}/retry/budget/floor", upstream.Retry.BudgetFloor);
            CheckRate($"{pointer}/adaptive/ceiling", upstream.Adaptive.Ceiling);
            CheckResilience(pointer, upstream);
            CheckTls(pointer, upstream);
            if (upstream is { OAuth: not null, Keys: not null })
                Wrong($"{pointer}/oauth", "requests get a key or a token, not both; leave \"oauth\" or \"keys\" out");
        }
        CheckService(configuration);
    }

    private void CheckService(HeadgateConfiguration configuration)
    {
        AccessRules.Check(root.Member(ServiceSettings.ServeGroup.Name), errors);
        if (configuration.Serve is { Access.Tls: null } serve)
            foreach (var (setting, secure) in serve.Listen.Where(url => url.IsTls).Take(1).Select(url => ("listen", url)).Concat(serve.ProxyListen is { IsTls: true } proxy ? [("proxyListen", proxy)] : []))
                Wrong($"/serve/{setting}", $"{secure} needs a certificate; say where that is with \"serve\": {{ \"tls\": {{ \"certificate\": \"file:PATH\", \"key\": \"file:PATH\" }} }}");
        if (configuration.Serve is { ProxyUpgrade.Count: > 0, ProxyListen: null })
            Wrong("/serve/proxyUpgrade", "is for the forward proxy; say with \"proxyListen\" (--proxy-listen URL) where that listens");
        if (configuration.Serve.UpRoot is { } name && configuration.Upstreams.All(upstream => upstream.Name != name))
            Wrong("/serve/upRoot", $"no API is called \"{Excerpt.Of(name)}\"; add it to \"upstreams\", or give it with --up NAME=BASE_URL");
        if (configuration.Jobs is { Store.Kind: JobPlaceKind.Memory, Queue.Kind: not JobPlaceKind.Memory })
            Wrong("/jobs/store", $"the queue ({configuration.Jobs.Queue}) would outlive the jobs that wait in it; keep both in memory, or the jobs in sqlite:");
    }

    private void CheckRate(string pointer, Limit? rate)
    {
        if (rate is not (null or { Algorithm: LimitAlgorithm.Sliding, Unit: Limit.Requests }))
            Wrong(pointer, $"\"{rate}\" is not a plain rate of requests; write for example \"10/s\"");
    }

    private void CheckResilience(string pointer, UpstreamConfiguration upstream)
    {
        if (upstream is { Failover: true, Bases.Count: 1 })
            Wrong($"{pointer}/failover", "there is one base address, and no other to go to; add one to \"base\", or leave \"failover\" out");
        if (upstream.Chaos is var chaos && chaos.Errors.Share.BasisPoints + chaos.Resets.BasisPoints > Percentage.Whole.BasisPoints)
            Wrong($"{pointer}/chaos/resets", $"errors ({chaos.Errors.Share}) and resets ({chaos.Resets}) are more than all attempts together");
    }

    private void CheckBases(string pointer, UpstreamConfiguration upstream, Dictionary<UpstreamBase, string> owners)
    {
        foreach (var item in root.Find($"{pointer}/base")?.Items ?? [])
            if (Scalars.Base.TryRead(item, out var address) && !owners.TryAdd(address, upstream.Name))
                Wrong(item.Pointer, $"{address} belongs to \"{owners[address]}\" already; a URL can belong to one API only");
    }

    // Told only where one of the two is written: an API that takes both from the defaults has nothing to correct.
    private void CheckBackoff(string pointer, UpstreamPolicy policy)
    {
        if (policy.RetryCap >= policy.RetryDelay)
            return;
        var at = root.Find($"{pointer}/retryCap") is not null ? $"{pointer}/retryCap" : $"{pointer}/retryDelay";
        if (root.Find(at) is not null)
            Wrong(at, $"retryCap ({Duration.Format(policy.RetryCap)}) is shorter than retryDelay ({Duration.Format(policy.RetryDelay)}); raise retryCap or lower retryDelay");
    }

    private void CheckCosts(string pointer, UpstreamConfiguration upstream, ValueList<Limit> total)
    {
        foreach (var cost in upstream.Costs)
        {
            var at = ConfigurationNode.Below($"{pointer}/cost", cost.Unit);
            if (cost is { Unit: Limit.Requests, Actual: not null })
                Wrong($"{at}/actual", "the cost in requests is known when it is sent; leave \"actual\" out");
            foreach (var limit in upstream.Policy.Limits.Concat(upstream.Keys?.Limits ?? []).Concat(total))
                if (limit.Unit == cost.Unit && limit.Algorithm != LimitAlgorithm.Concurrent && cost.Estimate > Room(limit))
                    Wrong($"{at}/estimate", $"{cost.Estimate} {cost.Unit} is more than the limit \"{limit}\" ever lets through: no request could be sent");
        }
    }

    // Told only where it is written: an API that has it from the defaults has nothing to correct.
    private void CheckPool(string pointer, UpstreamPolicy policy, HeadgateConfiguration configuration)
    {
        if (policy.Proxies is { } name && root.Find($"{pointer}/proxies") is not null && configuration.ProxyPools.All(pool => pool.Name != name))
            Wrong($"{pointer}/proxies", $"no pool of proxies is called \"{Excerpt.Of(name)}\"{(NearestName.Suggest(name, configuration.ProxyPools.Select(pool => pool.Name)) is { Length: > 0 } near ? near : "; add it to \"proxies\"")}");
    }

    private void CheckTls(string pointer, UpstreamConfiguration upstream)
    {
        if (upstream.Tls is { Password: not null, ClientCertificate: null })
            Wrong($"{pointer}/tls/password", "a password without \"clientCertificate\" opens nothing; add it, or take the password out");
        if (upstream.Tls != TlsConfiguration.Default && upstream.Bases.Count > 0 && upstream.Bases.All(address => address.Authority.Scheme == "http"))
            Wrong($"{pointer}/tls", "no base address is https, so nothing of this would be used");
    }

    private static long Room(Limit limit) => limit.Algorithm == LimitAlgorithm.Bucket ? limit.Burst : limit.Amount;

    private void Wrong(string pointer, string message) =>
        errors.Add(new ConfigurationError(root.Find(pointer)?.Origin ?? ValueOrigin.Default, pointer, message));
}
