using Headgate.Configuration;
using Headgate.Proxies;

namespace Headgate;

/// <summary>Reads the list of one pool: files at once, addresses when somebody asks for it, all of them anew from time to time. Thread-safe.</summary>
internal sealed class ProxySources(Engine engine, ProxyPools pools, ProxyPool pool, EngineOptions options) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();

    /// <summary>What each source gave last: one that fails keeps what it had.</summary>
    private readonly Dictionary<string, IReadOnlyList<ProxyEntry>> _given = [];
    private ITimer? _timer;
    private ProxyProbing? _probing;
    private Task _reading = Task.CompletedTask;
    private IReadOnlyList<ProxyEntry> _used = [];

    /// <summary>Reads the files; addresses give nothing yet.</summary>
    /// <exception cref="ConfigurationException">One cannot be read.</exception>
    public IReadOnlyList<ProxyEntry> ReadFiles(ProxyPoolConfiguration configuration)
    {
        foreach (var file in configuration.From.Where(IsFile))
            _given[file] = options.Proxies(file);
        pool.IsAwaited = configuration.From.Any(source => !IsFile(source));
        return _used = Joined(configuration);
    }

    /// <summary>Reads the files of another configuration, to see whether it can be followed.</summary>
    /// <exception cref="ConfigurationException">One cannot be read.</exception>
    public void Check(ProxyPoolConfiguration next)
    {
        foreach (var file in next.From.Where(IsFile))
            options.Proxies(file);
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
        var isOther = pool.Configuration != next;
        pool.Configuration = next;
        if (isOther)
            lock (_lock)
                _used = [];
        Probe();
        Read();
    }

    /// <summary>Reads all of them, unless somebody does.</summary>
    public void Read()
    {
        lock (_lock)
            if (_reading.IsCompleted && !_stop.IsCancellationRequested)
                _reading = Task.Run(ReadAsync);
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

    private async Task ReadAsync()
    {
        var configuration = pool.Configuration;
        var trouble = new List<string>();
        foreach (var source in configuration.From)
            try
            {
                var given = IsFile(source) ? options.Proxies(source) : ProxyFile.ReadAnswer(await options.ProxyList(new Uri(source), _stop.Token).ConfigureAwait(false), source);
                lock (_lock)
                    _given[source] = given;
            }
            catch (Exception failure)
            {
                if (_stop.IsCancellationRequested)
                    return;
                trouble.Add($"{(IsFile(source) ? source["file:".Length..] : Shown(source))}: {failure.Message}");
            }
        Tell(trouble);
        var next = Joined(configuration);
        pool.IsAwaited = false;
        if (!next.SequenceEqual(_used) || next.Count == 0)
            pools.Use(pool, next);
        _used = next;
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

    private static bool IsFile(string source) => source.StartsWith("file:", StringComparison.Ordinal);
}
