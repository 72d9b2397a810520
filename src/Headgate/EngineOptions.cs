using System.Net;
using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Ledgers;
using Headgate.Proxies;
using Headgate.Time;
using Headgate.Tokens;

namespace Headgate;

/// <summary>What an engine is made of beside its configuration.</summary>
internal sealed record EngineOptions
{
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public Random Random { get; init; } = new();

    /// <summary>How long a request waits while the breaker of its API is open, where its configuration does not say; zero for not at all.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>At most so many in flight to one API.</summary>
    public int Concurrency { get; init; } = 100;

    /// <summary>Where sends are written down; by default nowhere.</summary>
    public Func<Clock, SendJournal> Journal { get; init; } = clock => new SendJournal(clock, null);

    /// <summary>The keys of an API whose configuration names any.</summary>
    public Func<UpstreamConfiguration, IReadOnlyList<KeyEntry>> Keys { get; init; } = _ => [];

    /// <summary>How often the keys of an API are read anew; null for never.</summary>
    public Func<UpstreamConfiguration, TimeSpan?> KeysEvery { get; init; } = _ => null;

    /// <summary>The proxies of a file that a pool names, or of a pool of the encrypted store.</summary>
    public Func<string, IReadOnlyList<ProxyEntry>> Proxies { get; init; } = static source => ProxyFile.Read(source);

    /// <summary>The list that an address answers with, which a pool names.</summary>
    public Func<Uri, CancellationToken, Task<byte[]>> ProxyList { get; init; } = ProxyLists.FetchAsync;

    /// <summary>Tries a proxy out.</summary>
    public Func<ProxyProbe, ProxyEndpoint, Uri, TimeSpan, CancellationToken, Task<ProxyProbeResult>> Probe { get; init; } =
        static (probe, proxy, url, patience, cancellation) => probe.RunAsync(proxy, url, patience, cancellation);

    /// <summary>Told what a user should know of: a limit that does not hold, a pause the server asked for. Thread-safe; must not throw.</summary>
    public Action<string> Notice { get; init; } = _ => { };

    /// <summary>An API that nobody configured, and that nothing was sent to for so long, is forgotten with what was learned of it, and holds no file open; null for never.</summary>
    public TimeSpan? ForgetsIdle { get; init; }

    /// <summary>So many APIs that nobody configured are known at most, beside those that are in use; null for any number.</summary>
    public int? MostUnknown { get; init; }

    /// <summary>So many requests are under way at once where the configuration does not say (<c>total.connections</c>); null for any number.</summary>
    public int? MostAtOnce { get; init; }

    /// <summary>Told of every attempt that has ended, sent or not. Thread-safe; must not throw.</summary>
    public Action<Attempt> Ended { get; init; } = _ => { };

    /// <summary>Told what is learned of a server. Thread-safe; must not throw.</summary>
    public Action<Lesson> Learned { get; init; } = _ => { };

    /// <summary>What is unpacked on the way in, and asked for; see <see cref="TransportOptions.Decompression"/>.</summary>
    public DecompressionMethods Decompression { get; init; }

    /// <summary>Which answers are kept, of APIs that say nothing of it.</summary>
    public CacheConfiguration Cache { get; init; } = CacheConfiguration.Off;

    /// <summary>What keeps answers behind memory; null for nothing. Not owned.</summary>
    public Caching.ICacheArchive? Archive { get; init; }

    /// <summary>Makes what sends for an API where the engine is not to make it: the handler of a caller. By default the engine does.</summary>
    public Func<Upstream, HttpMessageHandler>? Inner { get; init; }

    /// <summary>Gives the bearer token of requests that have no credentials of their own, to APIs without keys; null for none.</summary>
    public Func<CancellationToken, Task<AccessToken>>? Token { get; init; }

    /// <summary>Fetches a token with the credentials of a client.</summary>
    public Func<ClientCredentials, CancellationToken, Task<AccessToken>> FetchToken { get; init; } = static (client, stop) => client.FetchAsync(stop);

    /// <summary>Only addresses of the internet are connected to, but for APIs that are configured.</summary>
    public bool GuardsAddresses { get; init; }

    /// <summary>What may be connected to all the same.</summary>
    public IReadOnlyList<IPNetwork> AllowsAddresses { get; init; } = [];

    /// <summary>A server never reached fails its requests after three tries, instead of each for itself.</summary>
    public bool GivesUpUnreached { get; init; }

    /// <summary>A proxy that fails time after time is not tried for ever, where somebody waits and nobody is going to mend it.</summary>
    public bool GivesUpProxies { get; init; }
}
