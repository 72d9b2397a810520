using Headgate.Configuration;
using Headgate.Resilience;
using Headgate.Retries;

namespace Headgate;

/// <summary>
/// The base addresses of an API that has several: a request goes to its own, or while that is down to the first that is up. The permit is
/// the same, since the limits are those of the API. Thread-safe.
/// </summary>
internal sealed class Bases(Upstream api, Engine engine)
{
    private readonly UpstreamBase[] _bases = [.. api.Configuration.Bases];
    private readonly BaseHealth _health = new(api.Configuration.Bases.Count);

    /// <summary>Where a request goes now.</summary>
    public Uri AddressOf(Uri uri)
    {
        if (IndexOf(uri) is not (>= 0 and var own))
            return uri;
        var chosen = engine.Dispatcher.Read((_health, own), static (_, it, now) => it._health.Choose(it.own, now));
        return chosen == own ? uri : Moved(uri, _bases[own], _bases[chosen]);
    }

    /// <summary>Learns from an attempt how the base it went to is.</summary>
    /// <returns>Whether a failure is that of one base only, and others are up: the API as a whole is well.</returns>
    public bool From(Attempt attempt, in Outcome outcome)
    {
        var isSuccess = outcome.IsWell;
        if (!(isSuccess || outcome.IsFailing) || IndexOf(attempt.Uri) is not (>= 0 and var index))
            return false;
        var (changed, othersUp) = engine.Dispatcher.Change((Bases: this, index, isSuccess, sentAt: attempt.TriedAt), static (_, it, now) =>
        {
            var health = it.Bases._health;
            var changed = it.isSuccess ? health.Succeeded(it.index, it.sentAt) : health.Failed(it.index, it.sentAt, now);
            return (changed, !it.isSuccess && Enumerable.Range(0, it.Bases._bases.Length).Any(other => other != it.index && !health.IsDown(other)));
        });
        if (changed)
            engine.Notice(isSuccess ? $"{api.Name}: {_bases[index]} answers again" : $"{api.Name}: {_bases[index]} is down ({outcome.Detail ?? $"it answered {outcome.Status}"}); its requests go to another base address meanwhile");
        return othersUp;
    }

    /// <summary>The base with the longest path that holds an address; -1 for none.</summary>
    private int IndexOf(Uri uri)
    {
        var (authority, path, found) = (Authority.Of(uri), UrlPath.Plain(uri.AbsolutePath), -1);
        for (var index = 0; index < _bases.Length; index++)
            if (_bases[index].Authority == authority && _bases[index].Holds(path) && (found < 0 || _bases[index].Path.Length > _bases[found].Path.Length))
                found = index;
        return found;
    }

    private static Uri Moved(Uri uri, UpstreamBase from, UpstreamBase to) => new($"{to.Authority}{to.Path}{uri.PathAndQuery[UrlPath.Below(uri.PathAndQuery, from.Path)..]}");
}
