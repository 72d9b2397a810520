using Headgate.Configuration;
using Headgate.Proxies;

namespace Headgate;

/// <summary>Reads the list of one pool: files and the encrypted store at once, addresses when somebody asks for it, all of them anew from time to time. Thread-safe.</summary>
internal sealed class ProxySources(Engine engine, ProxyPools pools, ProxyPool pool, EngineOptions options) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();

    /// <summary>What each source gave last: one that fails keeps what it had.</summary>
    private readonly Dictionary<string, IReadOnlyList<ProxyEntry>> _given = [];

    /// <summary>Addresses that had proxies, and whose last list was empty: one that has just started may know of none yet.</summary>
    private readonly HashSet<string> _emptied = [];
    private ITimer? _timer;
    private ProxyProbing? _probing;

    /// <summary>Gives up what is being read; null while nothing is.</summary>
    private CancellationTokenSource? _reading;

    /// <summary>Somebody wants what was there after the present reading began.</summary>
    private bool _isAgain;
    private IReadOnlyList<ProxyEntry> _used = [];

    /// <summary>Reads what is here; addresses give nothing yet.</summary>
    /// <exception cref="ConfigurationException">One cannot be read.</exception>
    public IReadOnlyList<ProxyEntry> ReadFiles(ProxyPoolConfiguration configuration)
    {
        foreach (var source in configuration.From.Where(IsHere))
            _given[source] = options.Proxies(source);
        pool.IsAwaited = configuration.From.Any(ProxyFile.IsAddress);
        return _used = Joined(configuration);
    }

    /// <summary>Reads what is here of another configuration, to see whether it can be followed.</summary>
    /// <exception cref="ConfigurationException">One cannot be read.</exception>
    public void Check(ProxyPoolConfiguration next)
    {
        foreach (var source in next.From.Where(IsHere))
            options.Proxies(source);
    }

    /// <summary>Begins to read anew from time to time, and addresses at once.</summary>
    public void Begin()
    {
        var every = pool.Configuration.Poll;
        Probe();
        lock (_lock)
            _timer ??= engine.Clock.Provider.CreateTimer(static sources => ((ProxySources)sources!).Read(), this, every, every);
        if (pool.IsAwaited)
            Read();
    }

    /// <summary>Another configuration holds for the pool.</summary>
    public void Follow(ProxyPoolConfiguration next)
    {
        if (pool.Configuration.Poll != next.Poll)
            _timer?.Change(next.Poll, next.Poll);
        lock (_lock)
            if (pool.Configuration != next)
            {
                // What is read for the one before is of no use, and may take its time.
                (pool.Configuration, _used) = (next, []);
                _ = _reading?.CancelAsync();
            }
        Probe();
        Read(isAgain: true);
    }

    /// <summary>Reads all of them, unless somebody does.</summary>
    /// <param name="isAgain">Then once more.</param>
    public void Read(bool isAgain = false)
    {
        lock (_lock)
        {
            _isAgain |= isAgain;
            if (_reading is not null || _stop.IsCancellationRequested)
                return;
            BeginNeedsLock();
        }
    }

    public void Dispose()
    {
        _timer?.Dispose();
        _probing?.Dispose();
        _stop.Cancel();
    }

    /// <summary>Once its configuration says with what.</summary>
    private void Probe()
    {
        lock (_lock)
            if (_probing is null && pool.Configuration.Probe is not null && !_stop.IsCancellationRequested)
                _probing = new ProxyProbing(engine, pools, pool, options);
    }

    private void BeginNeedsLock()
    {
        (_reading, _isAgain) = (CancellationTokenSource.CreateLinkedTokenSource(_stop.Token), false);
        var reading = _reading;
        _ = Task.Run(() => ReadAsync(reading));
    }

    private async Task ReadAsync(CancellationTokenSource reading)
    {
        try
        {
            await ReadAsync(reading.Token).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                reading.Dispose();
                _reading = null;
                if (_isAgain && !_stop.IsCancellationRequested)
                    BeginNeedsLock();
            }
        }
    }

    private async Task ReadAsync(CancellationToken cancellation)
    {
        var configuration = pool.Configuration;
        var trouble = new List<string>();
        foreach (var source in configuration.From)
            try
            {
                var given = IsHere(source) ? options.Proxies(source) : ProxyFile.ReadAnswer(await options.ProxyList(new Uri(source), cancellation).ConfigureAwait(false), Shown(source));
                if (!TryTake(source, given))
                    trouble.Add($"{Shown(source)}: it is empty; it counts if it is so the next time, too");
            }
            catch (Exception failure)
            {
                if (cancellation.IsCancellationRequested)
                    return;
                // What is wrong with a list names its place itself.
                trouble.Add(failure is ConfigurationException ? failure.Message : $"{(IsHere(source) ? source : Shown(source))}: {failure.Message}");
            }
        bool isNew;
        IReadOnlyList<ProxyEntry> next;
        lock (_lock)
        {
            if (cancellation.IsCancellationRequested)
                return;
            next = Joined(configuration);
            isNew = !next.SequenceEqual(_used) || next.Count == 0;
            pool.IsAwaited = false;
        }
        Tell(trouble);
        if (isNew)
            pools.Use(pool, next);
        lock (_lock)
            if (!cancellation.IsCancellationRequested)
                _used = next;
    }

    /// <summary>Takes what a source gave; false for the first empty list of an address that had proxies.</summary>
    private bool TryTake(string source, IReadOnlyList<ProxyEntry> given)
    {
        lock (_lock)
        {
            if (given.Count == 0 && !IsHere(source) && _given.GetValueOrDefault(source) is { Count: > 0 } && _emptied.Add(source))
                return false;
            _emptied.Remove(source);
            _given[source] = given;
            return true;
        }
    }

    private IReadOnlyList<ProxyEntry> Joined(ProxyPoolConfiguration configuration)
    {
        lock (_lock)
            return ProxyFile.Join(configuration.From.SelectMany(source => _given.GetValueOrDefault(source) ?? []));
    }

    /// <summary>Each trouble is told once, and its end.</summary>
    private void Tell(List<string> trouble)
    {
        var text = trouble.Count == 0 ? null : string.Join("; ", trouble);
        if (text == pool.Trouble)
            return;
        pool.Trouble = text;
        engine.Notice(text is null ? $"the list of {pool.Name} can be read again" : $"the list of {pool.Name} stays as it is: {text}");
    }

    /// <summary>An address can have a token in its query.</summary>
    private static string Shown(string address) => new Uri(address).GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    private static bool IsHere(string source) => !ProxyFile.IsAddress(source);
}
