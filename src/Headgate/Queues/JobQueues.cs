using System.Collections.Concurrent;
using Headgate.Configuration;
using Headgate.Jobs;

namespace Headgate.Queues;

/// <summary>The named queues of a service: which of them a job goes to, how many of each may be under way, and which of them rest. Thread-safe.</summary>
/// <param name="rules">Those that are configured, in their order: the first that fits takes a job that names none itself.</param>
internal sealed class JobQueues(IReadOnlyList<NamedQueue> rules)
{
    /// <summary>The one that jobs go to that no rule sends elsewhere.</summary>
    public const string Default = "default";

    private readonly ConcurrentDictionary<string, QueueState> _states = new(rules.Select(rule => KeyValuePair.Create(rule.Name, new QueueState(rule.Workers, false))));

    /// <summary>Those that are configured or were changed.</summary>
    public IReadOnlyList<(string Name, QueueState State)> All => [.. _states.OrderBy(state => state.Key, StringComparer.Ordinal).Select(state => (state.Key, state.Value))];

    /// <summary>The queue of a request; null for the default one.</summary>
    /// <param name="request">The request.</param>
    /// <param name="api">The name of its API.</param>
    /// <exception cref="HeadgateException">It names one that is no name.</exception>
    public string? Of(JobRequest request, string api)
    {
        if (request.Queue is { } named)
            return !NamedQueue.IsName(named) ? throw new HeadgateException(FailureClass.Invalid, $"queue \"{Excerpt.Of(named)}\": {NamedQueue.Names}") : named == Default ? null : named;
        foreach (var rule in rules)
            if (Takes(rule, request, api))
                return rule.Name;
        return null;
    }

    /// <summary>How a queue stands.</summary>
    public QueueState StateOf(string name) => _states.GetValueOrDefault(name) ?? QueueState.Free;

    /// <summary>How it is to stand from now on.</summary>
    public void Set(string name, QueueState state) => _states[name] = state;

    private static bool Takes(NamedQueue rule, JobRequest request, string api) =>
        rule.Tags.Count + rule.Tenants.Count + rule.Apis.Count + rule.Urls.Count > 0
        && (rule.Tags.Count == 0 || request.Tags.Any(rule.Tags.Contains))
        && (rule.Tenants.Count == 0 || (request.Tenant is { } tenant && rule.Tenants.Contains(tenant)))
        && (rule.Apis.Count == 0 || rule.Apis.Contains(api))
        && (rule.Urls.Count == 0 || rule.Urls.Any(url => request.Url.StartsWith(url, StringComparison.OrdinalIgnoreCase)));
}

/// <summary>How a named queue stands.</summary>
/// <param name="Workers">At most so many of its jobs are under way; null for any number.</param>
/// <param name="IsPaused">Nothing of it is begun.</param>
internal sealed record QueueState(int? Workers, bool IsPaused)
{
    public static readonly QueueState Free = new(null, false);
}
