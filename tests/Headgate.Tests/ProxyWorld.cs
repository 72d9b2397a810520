using System.Collections.Concurrent;
using Headgate.Configuration;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Proxies;
using Headgate.Retries;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>An engine in virtual time that reaches its APIs through proxies, each of which does as a test says.</summary>
internal sealed class ProxyWorld : IDisposable
{
    private readonly StraightLine _line;

    /// <param name="pool">The pool; where it comes from is not looked at.</param>
    /// <param name="entries">The proxies.</param>
    /// <param name="policy">How APIs are treated.</param>
    /// <param name="state">Where what was sent is remembered; null for nowhere.</param>
    public ProxyWorld(ProxyPoolConfiguration pool, IReadOnlyList<ProxyEntry> entries, UpstreamPolicy? policy = null, StateDirectory? state = null)
    {
        Entries = entries;
        var api = new FakeApi();
        Configuration = new HeadgateConfiguration { ProxyPools = [pool], Defaults = (policy ?? ChangingEngine.Policy()) with { Proxies = pool.Name }, Concurrency = 1000 };
        Engine = new Engine(Configuration, api.In(Time) with
        {
            Concurrency = 1000,
            GivesUpUnreached = true,
            Notice = Notices.Enqueue,
            Journal = clock => new SendJournal(clock, state),
            Proxies = _ => Entries,
            ProxyList = (_, cancellation) =>
            {
                // It is asked for before a test can have said what it is.
                SpinWait.SpinUntil(() => List is not null, TimeSpan.FromSeconds(10));
                return List!().WaitAsync(cancellation);
            },
            Probe = (_, proxy, _, _, _) =>
            {
                Probes.Enqueue((proxy.Host, Time.Elapsed));
                return Task.FromResult(FaultOf(proxy.Host, Time.Elapsed) is var (fault, _) ? new ProxyProbeResult(fault, TimeSpan.Zero, $"it is {fault}") : new ProxyProbeResult(ProxyFault.None, TimeSpan.FromMilliseconds(5), null));
            },
            Inner = _ => IsMisconfigured ? throw new InvalidOperationException("a certificate that cannot be read") : new Handler(this),
        });
        Engine.Proxies.Begin();
        _line = new StraightLine(Engine);
    }

    public VirtualTime Time { get; } = new();

    public Engine Engine { get; }

    public HeadgateConfiguration Configuration { get; }

    public IReadOnlyList<ProxyEntry> Entries { get; set; }

    /// <summary>No API can be opened.</summary>
    public bool IsMisconfigured { get; set; }

    /// <summary>What an address answers with.</summary>
    public Func<Task<byte[]>>? List { get; set; }

    public ConcurrentQueue<string> Notices { get; } = new();

    /// <summary>Every attempt, whether its proxy let it through or not.</summary>
    public ConcurrentQueue<(string Proxy, TimeSpan At)> Tries { get; } = new();

    public ConcurrentQueue<(string Proxy, TimeSpan At)> Probes { get; } = new();

    /// <summary>What came to the API, and out of which exit.</summary>
    public ConcurrentQueue<(string Exit, string Host, TimeSpan At)> Arrivals { get; } = new();

    /// <summary>What a proxy does wrong at a moment, and how long it takes to do so; null where it does well.</summary>
    public Func<string, TimeSpan, (ProxyFault Fault, TimeSpan After)?> FaultOf { get; set; } = static (_, _) => null;

    public Func<string, TimeSpan> LatencyOf { get; set; } = static _ => TimeSpan.FromMilliseconds(50);

    public Func<string, int> StatusOf { get; set; } = static _ => 200;

    public static ProxyPoolConfiguration Pool(ProxyChoice choice = default, params string[] limits) =>
        new() { Name = "pool", From = ["file:/nowhere"], Choice = choice, Limits = ChangingEngine.List(limits), Poll = TimeSpan.FromHours(24) };

    public static ProxyEntry Entry(string name, string? country = null, string? exit = null, int weight = 1, params string[] limits) =>
        new(new ProxyEndpoint(ProxyKind.Http, name, 80)) { Name = name, Country = country, Exit = exit, Weight = weight, Limits = limits.Length == 0 ? null : ChangingEngine.List(limits) };

    /// <summary>Whether what comes through a proxy is no HTTP at all.</summary>
    public Func<string, bool> TalksNonsense { get; set; } = static _ => false;

    /// <summary>Whether what comes through a proxy from an address breaks off after its first bytes.</summary>
    public Func<string, Uri, bool> BreaksOff { get; set; } = static (_, _) => false;

    /// <summary>Whether of what comes through a proxy nothing follows its head.</summary>
    public Func<string, bool> Stalls { get; set; } = static _ => false;

    /// <summary>Asks for something; tells what became of it, and through which proxy.</summary>
    public async Task<(string Outcome, string? Proxy, Exchange Exchange)> SendAsync(string url = "https://api.test/x", string? tenant = null, string? country = null)
    {
        var exchange = new Exchange(new HttpRequestMessage(HttpMethod.Get, url), new SendTerms { Tenant = tenant, Country = country }) { Receive = static async (answer, cancellation) => await answer.Content.ReadAsByteArrayAsync(cancellation) };
        try
        {
            using var answer = await _line.SendAsync(exchange, CancellationToken.None);
            return ($"{(int)answer.StatusCode}", exchange.Last!.Permit.Proxy?.Name, exchange);
        }
        catch (HeadgateException failure)
        {
            return ($"{failure.FailureClass}: {failure.Message}", null, exchange);
        }
    }

    /// <summary>The same of many at once, to the end.</summary>
    public async Task<List<(string Outcome, string? Proxy, Exchange Exchange)>> SendManyAsync(int count, Func<int, (string? Tenant, string? Country)>? of = null)
    {
        var all = Enumerable.Range(0, count).Select(number => SendAsync(tenant: of?.Invoke(number).Tenant, country: of?.Invoke(number).Country)).ToList();
        await Threads.PassUntilAsync(Time, () => all.TrueForAll(task => task.IsCompleted));
        return [.. all.Select(task => task.Result)];
    }

    /// <summary>One after the other.</summary>
    public async Task<List<string?>> SendInTurnAsync(int count, string? tenant = null, string? country = null, string url = "https://api.test/x")
    {
        var ways = new List<string?>();
        for (var number = 0; number < count; number++)
        {
            var sending = SendAsync(url, tenant, country);
            await Threads.PassUntilAsync(Time, () => sending.IsCompleted);
            ways.Add(sending.Result.Proxy ?? sending.Result.Outcome);
        }
        return ways;
    }

    /// <summary>The most that arrived out of one exit within a second.</summary>
    public int WorstWindow()
    {
        var worst = 0;
        foreach (var exit in Arrivals.GroupBy(arrival => arrival.Exit))
        {
            var times = exit.Select(arrival => arrival.At).Order().ToList();
            for (int first = 0, last = 0; last < times.Count; last++)
            {
                while (times[last] - times[first] >= TimeSpan.FromSeconds(1))
                    first++;
                worst = Math.Max(worst, last - first + 1);
            }
        }
        return worst;
    }

    public void Dispose()
    {
        Engine.Close();
        Engine.Dispose();
    }

    /// <summary>Ten bytes, and no more.</summary>
    private sealed class CutStream : ReadingStream
    {
        private bool _hasGiven;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            if (_hasGiven)
                throw new HttpIOException(HttpRequestError.ResponseEnded);
            _hasGiven = true;
            return Math.Min(10, buffer.Length);
        }
    }

    /// <summary>Nothing, for ever.</summary>
    private sealed class StalledStream(VirtualTime time) : ReadingStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
            return 0;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    private sealed class Handler(ProxyWorld world) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var message = (AttemptMessage)request;
            var proxy = ((Attempt)message.Witness).Permit.Proxy!;
            world.Tries.Enqueue((proxy.Name, world.Time.Elapsed));
            if (world.FaultOf(proxy.Name, world.Time.Elapsed) is var (fault, after))
            {
                if (after > TimeSpan.Zero)
                    await Task.Delay(after, world.Time, cancellationToken);
                throw new HttpRequestException("no connection", new ProxyFaultException(fault, $"it is {fault}"));
            }
            message.OnHeaders();
            if (world.TalksNonsense(proxy.Name))
                throw new HttpRequestException(HttpRequestError.InvalidResponse, "no HTTP");
            world.Arrivals.Enqueue((proxy.Exit.Name, request.RequestUri!.Host, world.Time.Elapsed));
            if (world.LatencyOf(proxy.Name) is var latency && latency > TimeSpan.Zero)
                await Task.Delay(latency, world.Time, cancellationToken);
            var answer = FakeApi.Answer(world.StatusOf(proxy.Exit.Name));
            if (world.BreaksOff(proxy.Name, request.RequestUri!))
                answer.Content = new StreamContent(new CutStream());
            if (world.Stalls(proxy.Name))
                answer.Content = new StreamContent(new StalledStream(world.Time));
            return answer;
        }
    }

    /// <summary>Lets time go on.</summary>
    public static Task PassAsync(ProxyWorld world, double seconds)
    {
        var until = world.Time.Elapsed + TimeSpan.FromSeconds(seconds);
        return Threads.PassUntilAsync(world.Time, () => world.Time.Elapsed >= until, milliseconds: 100);
    }
}
