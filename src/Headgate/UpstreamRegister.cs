using System.Collections.Concurrent;
using System.Collections.Immutable;
using Headgate.Configuration;
using Headgate.Ledgers;

namespace Headgate;

/// <summary>The APIs of an engine: which one a URL belongs to, which are open, and which are there only for what they have sent. Thread-safe.</summary>
internal sealed class UpstreamRegister : IDisposable
{
    private readonly Engine _engine;
    private readonly ConcurrentDictionary<string, Lazy<Upstream?>> _upstreams = new();

    /// <summary>Held while an API comes to those that are open, or all of them are changed or disposed.</summary>
    private readonly Lock _opening = new();

    /// <summary>Held from when some are forgotten until they are closed.</summary>
    private readonly Lock _closing = new();
    private volatile HeadgateConfiguration _configuration;
    private volatile UpstreamMap _map;
    private volatile Upstream? _last;

    /// <summary>Those that are to be disposed: one that is being opened is not among <see cref="Open"/> yet. Replaced whole.</summary>
    private volatile ImmutableList<Upstream> _held = [];

    /// <summary>Those of them that the configuration does not know any more: they stay for as long as what they sent counts.</summary>
    private List<Upstream> _retired = [];
    private bool _isDisposed;

    public UpstreamRegister(HeadgateConfiguration configuration, Engine engine) =>
        (_configuration, _engine, _map) = (configuration, engine, new UpstreamMap(configuration));

    public HeadgateConfiguration Configuration => _configuration;

    /// <summary>The APIs that were asked for so far.</summary>
    public IEnumerable<Upstream> Open => _upstreams.Values.Where(upstream => upstream.IsValueCreated).Select(upstream => upstream.Value).OfType<Upstream>();

    /// <summary>Those, and the ones that are not configured any more of which something may be under way.</summary>
    public IReadOnlyList<Upstream> Held => _held;

    /// <summary>The API a URL belongs to.</summary>
    /// <exception cref="ScopeHeldException">Another process sends within its limits.</exception>
    /// <exception cref="LedgerException">What was sent before cannot be read.</exception>
    /// <exception cref="ConfigurationException">Its keys cannot be read.</exception>
    public Upstream Of(Uri url)
    {
        while (true)
        {
            var map = _map;
            var configuration = map.Find(url);
            // Nearly always the one as before: no name to look up.
            if (_last is { IsGone: false } last && ReferenceEquals(last.Configuration, configuration))
                return last;
            if (Of(configuration, map) is { } found)
                return _last = found;
        }
    }

    /// <summary>The API that a server belongs to, where neither scheme nor path is known; and whether it has all its paths.</summary>
    /// <inheritdoc cref="Of(Uri)"/>
    public (Upstream Api, bool IsWhole) OfServer(string host, int port)
    {
        while (true)
        {
            var map = _map;
            var (configuration, isWhole) = map.FindServer(host, port);
            if (Of(configuration, map) is { } found)
                return (found, isWhole);
        }
    }

    /// <summary>The configured API of a name, opened if it was not; null if there is none.</summary>
    /// <inheritdoc cref="Of(Uri)"/>
    public Upstream? Named(string name)
    {
        while (true)
        {
            var map = _map;
            if (_configuration.Upstreams.FirstOrDefault(api => api.Name == name) is not { } configuration)
                return null;
            if (Of(configuration, map) is { } found)
                return found;
        }
    }

    /// <summary>The API a URL belongs to, which is not opened for that.</summary>
    public UpstreamConfiguration ConfigurationOf(Uri url) => _map.Find(url);

    /// <summary>Changes all that is open at one moment, while nothing is opened.</summary>
    /// <param name="known">Those that the change is prepared for.</param>
    /// <param name="commit">Changes them, and says what they are then: those that are left out are retired.</param>
    /// <returns>Whether it was done: not if another one was opened meanwhile.</returns>
    public bool TryChange(IReadOnlyList<Upstream> known, Func<(HeadgateConfiguration Configuration, UpstreamMap Map, IReadOnlyList<Upstream> Open)> commit)
    {
        lock (_opening)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (known.Count != _held.Count)
                return false;
            var (configuration, map, open) = commit();
            // The map last: whoever finds an API in it finds it here.
            _upstreams.Clear();
            foreach (var api in open)
                _upstreams[api.Name] = new Lazy<Upstream?>(api);
            (_configuration, _last, _map) = (configuration, null, map);
            _retired = [.. _held.Except(open)];
            return true;
        }
    }

    /// <summary>Forgets those that are not configured any more and of which nothing counts.</summary>
    public void Sweep()
    {
        List<Upstream> gone;
        lock (_opening)
        {
            gone = [.. _engine.Dispatcher.Read(_retired, static (_, retired, now) => retired.Where(api => api.IsIdleNeedsLock(now)).ToList())];
            _retired = [.. _retired.Except(gone)];
            _held = [.. _held.Except(gone)];
        }
        gone.ForEach(_engine.Forget);
    }

    /// <summary>
    /// Forgets those that nobody configured, that nothing was sent to for a while, and of which nothing counts, so that a service that comes to a million
    /// hosts keeps files open of those only that it uses. Whoever still comes to one is sent to the next that is opened.
    /// </summary>
    /// <param name="lastBefore">When something was sent to them last, monotonic nanoseconds.</param>
    public void ForgetIdle(long lastBefore) => Forget(lastBefore, static (unknown, lastBefore, now) => unknown.Where(api => api.UnderWay.LastAt < lastBefore && api.IsForgettableNeedsLock(now)));

    /// <summary>Forgets those that were used longest ago and that nobody waits for. What they sent still counts when they come back, where it is recorded.</summary>
    /// <param name="most">So many at most.</param>
    /// <param name="newest">One that stays; null for none.</param>
    public void ForgetUnused(int most, Upstream? newest) =>
        Forget((Most: most, Newest: newest, IsRecorded: _engine.Journal.HasRecords), static (unknown, it, now) => unknown
            .Where(api => api != it.Newest && (it.IsRecorded ? api.IsQuietNeedsLock(now) : api.IsForgettableNeedsLock(now)))
            .OrderBy(api => api.UnderWay.LastAt)
            .Take(it.Most));

    /// <summary>Forgets some of those that nobody configured.</summary>
    private void Forget<T>(T asked, Func<IEnumerable<Upstream>, T, long, IEnumerable<Upstream>> choose)
    {
        // Whoever opens one of them anew waits until its files are closed.
        lock (_closing)
        {
            foreach (var api in TakeOut(asked, choose))
                Close(api);
        }
    }

    private List<Upstream> TakeOut<T>(T asked, Func<IEnumerable<Upstream>, T, long, IEnumerable<Upstream>> choose)
    {
        lock (_opening)
        {
            var gone = _engine.Dispatcher.Change((_held, asked, choose), static (scheduler, it, now) =>
            {
                var gone = it.choose(it._held.Where(api => !api.Configuration.IsConfigured), it.asked, now).ToList();
                gone.ForEach(api => api.Gates.LeaveNeedsLock(scheduler, isAll: true));
                return gone;
            });
            if (gone.Count == 0)
                return gone;
            foreach (var api in gone)
            {
                api.IsGone = true;
                if (_upstreams.TryGetValue(api.Name, out var opened) && opened.IsValueCreated && opened.Value == api)
                    _upstreams.TryRemove(KeyValuePair.Create(api.Name, opened));
            }
            (_held, _last) = (_held.RemoveAll(static api => api.IsGone), null);
            _retired = [.. _retired.Except(gone)];
            return gone;
        }
    }

    private void Close(Upstream api)
    {
        try
        {
            _engine.Forget(api);
        }
        catch (LedgerException failure)
        {
            _engine.Notice($"{api.Name}: {failure.Message}");
        }
    }

    public void Dispose()
    {
        lock (_opening)
            _isDisposed = true;
        foreach (var upstream in _held)
            upstream.Dispose();
    }

    /// <summary>An API; null if the map it was looked up in is not the present one any more.</summary>
    private Upstream? Of(UpstreamConfiguration configuration, UpstreamMap map)
    {
        if (!_upstreams.TryGetValue(configuration.Name, out var opened))
            opened = _upstreams.GetOrAdd(configuration.Name, static (_, it) => new Lazy<Upstream?>(() => it.Register.Make(it.Configuration, it.Map)), (Register: this, Configuration: configuration, Map: map));
        try
        {
            if (opened.Value is { IsGone: false } upstream)
                return ReferenceEquals(_map, map) ? upstream : null;
        }
        catch
        {
            // A lazy value remembers its exception: the next request is to try anew.
            _upstreams.TryRemove(KeyValuePair.Create(configuration.Name, opened));
            throw;
        }
        _upstreams.TryRemove(KeyValuePair.Create(configuration.Name, opened));
        return null;
    }

    private Upstream? Make(UpstreamConfiguration configuration, UpstreamMap map)
    {
        if (TakeBack(configuration, map) is { } retired)
            return Revive(retired, configuration, map);
        if (_map != map)
            return null;
        lock (_closing)
        {
            // It may be the one that is just being closed.
        }
        var upstream = new Upstream(configuration, _engine);
        var isKept = false;
        try
        {
            _engine.Remember(upstream);
            isKept = Keep(upstream, map);
        }
        catch
        {
            // One that cannot be used holds nothing: the next request opens it anew.
            _engine.Forget(upstream);
            if (_map != map)
                return null;
            throw;
        }
        if (!isKept)
        {
            _engine.Forget(upstream);
            return null;
        }
        if (!configuration.IsConfigured)
            _engine.Unknown.Opened(upstream);
        return upstream;
    }

    private bool Keep(Upstream upstream, UpstreamMap map)
    {
        lock (_opening)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_map == map)
                _held = _held.Add(upstream);
            return _map == map;
        }
    }

    /// <summary>One that was retired and comes back, with its past and what it has under way.</summary>
    private Upstream? TakeBack(UpstreamConfiguration configuration, UpstreamMap map)
    {
        lock (_opening)
        {
            if (_map != map || _retired.Find(api => api.Identity == Upstream.IdentityOf(configuration)) is not { } retired)
                return null;
            _retired.Remove(retired);
            return retired;
        }
    }

    private Upstream? Revive(Upstream retired, UpstreamConfiguration configuration, UpstreamMap map)
    {
        try
        {
            // Whoever has changed the configuration meanwhile has decided what becomes of it.
            return _engine.Revive(retired, configuration, () => _map == map) ? retired : null;
        }
        catch
        {
            lock (_opening)
                if (_map == map)
                    _retired.Add(retired);
            throw;
        }
    }
}
