using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Keys;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate;

/// <summary>What an engine is made of beside its configuration.</summary>
internal sealed record EngineOptions
{
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public Random Random { get; init; } = new();

    /// <summary>At most so many in flight to one API.</summary>
    public int Concurrency { get; init; } = 100;

    /// <summary>Where sends are written down; by default nowhere.</summary>
    public Func<Clock, SendJournal> Journal { get; init; } = clock => new SendJournal(clock, null);

    /// <summary>The keys of an API whose configuration names any.</summary>
    public Func<UpstreamConfiguration, IReadOnlyList<KeyEntry>> Keys { get; init; } = _ => [];

    /// <summary>Told what a user should know of: a limit that does not hold, a pause the server asked for. Thread-safe; must not throw.</summary>
    public Action<string> Notice { get; init; } = _ => { };

    /// <summary>Told of every attempt that has ended, sent or not. Thread-safe; must not throw.</summary>
    public Action<Attempt> Ended { get; init; } = _ => { };

    /// <summary>Told what is learned of a server. Thread-safe; must not throw.</summary>
    public Action<Lesson> Learned { get; init; } = _ => { };

    /// <summary>What is unpacked on the way in, and asked for; see <see cref="TransportOptions.Decompression"/>.</summary>
    public DecompressionMethods Decompression { get; init; }

    /// <summary>What connects and sends for an API, where that is not the network: tests. It stamps by <see cref="AttemptMessage.OnHeaders"/>.</summary>
    public Func<Upstream, HttpMessageHandler>? Handler { get; init; }

    /// <summary>A server never reached fails its requests after three tries, instead of each for itself.</summary>
    public bool GivesUpUnreached { get; init; }
}

/// <summary>The APIs at work in a process, the limits they share, and the one dispatcher for all of them. Thread-safe.</summary>
internal sealed class Engine : IDisposable
{
    private readonly HeadgateConfiguration _configuration;
    private readonly EngineOptions _options;
    private readonly UpstreamMap _map;
    private readonly ConcurrentDictionary<string, Lazy<Upstream>> _upstreams = new();
    private volatile Upstream? _last;

    /// <exception cref="ScopeHeldException">Another process holds the total limits.</exception>
    public Engine(HeadgateConfiguration configuration, EngineOptions options)
    {
        (_configuration, _options, _map) = (configuration, options, new UpstreamMap(configuration));
        Dispatcher = new Dispatcher(options.Time);
        Journal = options.Journal(Dispatcher.Clock);
        Timeouts = new Timeouts(options.Time);
        var timing = configuration.Defaults.Timing;
        var terms = timing.Mode == LimitTiming.Nominal ? ArrivalTerms.Nominal
            : new ArrivalTerms(timing.Mode, timing.Bound is { } bound ? Clock.Nanoseconds(bound) : ArrivalTerms.LeastBound, Clock.Nanoseconds(configuration.Defaults.Straggle));
        Total = new Scope("everything", configuration.TotalLimits, terms, Dispatcher.Ours);
        Journal.Remember(Total, "total", isTotal: true);
    }

    public Dispatcher Dispatcher { get; }

    public Clock Clock => Dispatcher.Clock;

    public Scope Total { get; }

    public SendJournal Journal { get; }

    public Timeouts Timeouts { get; }

    public Random Random => _options.Random;

    public int Concurrency => _options.Concurrency;

    public Action<string> Notice => _options.Notice;

    public Action<Attempt> Ended => _options.Ended;

    public Action<Lesson> Learned => _options.Learned;

    public bool GivesUpUnreached => _options.GivesUpUnreached;

    /// <summary>The APIs that were asked for so far.</summary>
    public IEnumerable<Upstream> Upstreams => _upstreams.Values.Where(upstream => upstream.IsValueCreated).Select(upstream => upstream.Value);

    /// <summary>The API a URL belongs to.</summary>
    /// <exception cref="ScopeHeldException">Another process sends within its limits.</exception>
    /// <exception cref="LedgerException">What was sent before cannot be read.</exception>
    /// <exception cref="ConfigurationException">Its keys cannot be read.</exception>
    public Upstream UpstreamOf(Uri url)
    {
        var configuration = _map.Find(url);
        // Nearly always the one as before: no name to look up.
        if (_last is { } last && ReferenceEquals(last.Configuration, configuration))
            return last;
        return _last = UpstreamOf(configuration);
    }

    /// <summary>Limits of an API that the header of the ledger does not name, or that have changed.</summary>
    public void WriteLimits(Upstream upstream, string scope, IEnumerable<Limit> limits) =>
        Journal.WriteLimits(scope, limits.Select(limit => upstream.Configuration.Policy.Timing.Told(limit, _configuration.Defaults.Timing)));

    private Upstream UpstreamOf(UpstreamConfiguration configuration)
    {
        if (_upstreams.TryGetValue(configuration.Name, out var known))
            return known.Value;
        return _upstreams.GetOrAdd(configuration.Name, static (_, it) => new Lazy<Upstream>(() => it.Engine.Open(it.Configuration)), (Engine: this, Configuration: configuration)).Value;
    }

    public IReadOnlyList<KeyEntry> KeysOf(UpstreamConfiguration upstream) => _options.Keys(upstream);

    /// <summary>The handler that connects and sends for one API, and measures how long connecting takes.</summary>
    public HttpMessageHandler MakeHandler(Upstream upstream)
    {
        if (_options.Handler is { } make)
            return make(upstream);
        var handler = Transport.CreateHandler(new TransportOptions { ConnectTimeout = upstream.Configuration.Policy.ConnectTimeout, Decompression = _options.Decompression });
        handler.ConnectCallback = async (context, cancellation) =>
        {
            var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellation).ConfigureAwait(false);
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                var before = Clock.Now;
                await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellation).ConfigureAwait(false);
                Connected(upstream, Clock.Now - before);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
        return handler;
    }

    /// <summary>Refuses everybody who waits, and whoever comes.</summary>
    public void Close() => Dispatcher.Close(Upstreams.Select(upstream => upstream.Gate).ToList());

    public void Dispose()
    {
        foreach (var upstream in Upstreams)
            upstream.Dispose();
        Dispatcher.Dispose();
        Timeouts.Dispose();
        Journal.Dispose();
    }

    private void Connected(Upstream upstream, long roundTrip)
    {
        upstream.Connected();
        if (!upstream.BoundIsGiven && 4 * roundTrip > upstream.Terms.Bound)
            upstream.ChangeBound(this, terms => terms.Learn(roundTrip));
    }

    private Upstream Open(UpstreamConfiguration configuration)
    {
        var upstream = new Upstream(configuration, this);
        var address = configuration.Bases.Count > 0 ? configuration.Bases[0].ToString() : configuration.Name;
        Journal.Remember(upstream.Scope, address);
        foreach (var key in upstream.Keys?.Keys ?? [])
            Journal.Remember(key.Scope, $"{address} key {Journal.Fingerprint(key.Secret)}");
        // The header names the limits of those APIs that were known before the run.
        Tell(upstream.Name, upstream.Scope);
        foreach (var key in upstream.Keys?.Keys ?? [])
            Tell($"{upstream.Name}/key:{key.Name}", key.Scope);
        return upstream;

        void Tell(string scope, Scope limits)
        {
            if (limits.Limits.Any())
                WriteLimits(upstream, scope, limits.Limits);
        }
    }
}
