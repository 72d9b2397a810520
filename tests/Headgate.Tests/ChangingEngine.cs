using System.Collections.Concurrent;
using System.Net;
using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests;

/// <summary>An engine in virtual time whose configuration becomes another, with APIs that answer when they are told to.</summary>
internal sealed class ChangingEngine : IDisposable
{
    private readonly StraightLine _line;

    public ChangingEngine(HeadgateConfiguration configuration, string? state = null, TimeSpan? forgetsIdle = null, int? mostUnknown = null)
    {
        Api = new FakeApi(async (request, cancellation) =>
        {
            Arrivals.Enqueue((request.RequestUri!.PathAndQuery, Time.Elapsed, request.Headers.Authorization?.Parameter));
            if (Latency > TimeSpan.Zero)
                await Task.Delay(Latency, Time, cancellation);
            return FakeApi.Answer(Status, "ok");
        });
        var directory = state is null ? null : StateDirectory.Open(state);
        Engine = new Engine(configuration, Api.In(Time) with
        {
            Concurrency = configuration.Concurrency,
            ForgetsIdle = forgetsIdle,
            MostUnknown = mostUnknown,
            Notice = Notices.Enqueue,
            Journal = clock => new SendJournal(clock, directory) { RemembersAll = true },
            Keys = api => Keys.TryGetValue(api.Name, out var keys) ? [.. keys.Select(key => new KeyEntry(new KeySecret(key, $"secret-{key}")))] : throw Unreadable(api.Name),
            FetchToken = (_, stop) => FetchToken(stop),
            Inner = _ =>
            {
                Interlocked.Increment(ref _handlers);
                return new Handler(this);
            },
        });
        _line = new StraightLine(Engine);
    }

    public VirtualTime Time { get; } = new();

    public Engine Engine { get; }

    public FakeApi Api { get; }

    /// <summary>What came, when, and with which key.</summary>
    public ConcurrentQueue<(string Path, TimeSpan At, string? Key)> Arrivals { get; } = new();

    public ConcurrentQueue<string> Notices { get; } = new();

    /// <summary>The keys of each API by name; one that is not here cannot be read.</summary>
    public ConcurrentDictionary<string, string[]> Keys { get; } = new();

    /// <summary>Gives the tokens of those that have <c>oauth</c>.</summary>
    public Func<CancellationToken, Task<AccessToken>> FetchToken { get; set; } = static _ => Task.FromResult(new AccessToken("token"));

    public TimeSpan Latency { get; set; }

    /// <summary>From the grant to the first byte.</summary>
    public TimeSpan Connect { get; set; }

    public int Status { get; set; } = 200;

    private int _handlers;
    private int _disposed;

    /// <summary>How many handlers were made, and how many of them are gone.</summary>
    public (int Made, int Disposed) Handlers => (_handlers, _disposed);

    /// <summary>An API that may be kept to a limit by nominal timing, so that every figure is exact.</summary>
    public static UpstreamConfiguration Of(string name, params string[] limits) => new()
    {
        Name = name,
        Bases = [UpstreamBase.TryParse($"https://{name}.test", out var address, out _) ? address : default],
        Policy = Policy(limits),
    };

    public static UpstreamPolicy Policy(params string[] limits) => UpstreamPolicy.Default with
    {
        Limits = List(limits),
        Learns = false,
        Timing = new TimingChoice(LimitTiming.Nominal),
        Retries = 0,
        Timeout = TimeSpan.FromDays(7),
        Breaker = null,
    };

    public static ValueList<Limit> List(params string[] limits) => [.. limits.Select(Limit.Parse)];

    public static HeadgateConfiguration Of(params UpstreamConfiguration[] apis) => new() { Upstreams = [.. apis], Defaults = Policy(), Concurrency = 1000 };

    /// <summary>Asks for something; what becomes of it is a status, or a class of failure.</summary>
    public async Task<string> SendAsync(string url, string? own = null, string? queue = null, bool isDirect = false)
    {
        var exchange = new Exchange(new HttpRequestMessage(HttpMethod.Get, url), new SendTerms { IsDirect = isDirect, OwnKey = own, Queue = queue }) { Receive = static async (answer, cancellation) => await answer.Content.ReadAsByteArrayAsync(cancellation) };
        try
        {
            using var answer = await _line.SendAsync(exchange, CancellationToken.None);
            return $"{(int)answer.StatusCode}";
        }
        catch (HeadgateException failure)
        {
            return $"{failure.FailureClass}: {failure.Message}";
        }
        finally
        {
            exchange.Last?.TryWriteEnd();
        }
    }

    /// <summary>Asks for many things; goes on when each has gone or waits.</summary>
    public async Task<List<Task<string>>> SendManyAsync(string url, int count, string? own = null, string? queue = null)
    {
        var before = Arrivals.Count + Waiting + Connecting;
        var all = Enumerable.Range(0, count).Select(number => SendAsync($"{url}{number}", own, queue)).ToList();
        await FakeApi.Until(() => Arrivals.Count + Waiting + Connecting >= before + count);
        return all;
    }

    private int Connecting => Connect == TimeSpan.Zero ? 0 : Engine.Dispatcher.Read(Engine, static (_, engine, _) => engine.UnderWayNeedsLock.Count(permit => permit.State == Headgate.Gates.PermitState.Granted));

    public int Waiting => Engine.Upstreams.Sum(api => Engine.Dispatcher.Read(api.Gates, static (_, gates, _) => gates.All.Sum(gate => gate.Waiting)));

    /// <summary>How much of a limit is left.</summary>
    public long Left(string api, int limit = 0) => Engine.Dispatcher.Read((Engine.UpstreamNamed(api)!.Scope, limit), static (_, it, now) => it.Scope.Checkpoints[it.limit].State.Available(now));

    public Task EndAsync(IEnumerable<Task> tasks) => Threads.PassUntilAsync(Time, () => tasks.All(task => task.IsCompleted), milliseconds: 500);

    public Task PassAsync(double seconds)
    {
        var until = Time.Elapsed + TimeSpan.FromSeconds(seconds);
        return Threads.PassUntilAsync(Time, () => Time.Elapsed >= until, milliseconds: 500);
    }

    public void Dispose()
    {
        Engine.Close();
        Engine.Dispose();
    }

    private static ConfigurationException Unreadable(string api) => new(new ValueOrigin(ValueSource.File, $"{api}.keys"), "the file of keys cannot be read");

    private sealed class Handler : DelegatingHandler
    {
        private readonly ChangingEngine _world;

        public Handler(ChangingEngine world)
        {
            _world = world;
            InnerHandler = new Shared(world.Api);
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (_world.Connect > TimeSpan.Zero)
                await Task.Delay(_world.Connect, _world.Time, cancellationToken);
            return await base.SendAsync(request, cancellationToken);
        }

        protected override void Dispose(bool disposing)
        {
            Interlocked.Increment(ref _world._disposed);
            base.Dispose(disposing);
        }
    }

    /// <summary>The API is that of other handlers too.</summary>
    private sealed class Shared(HttpMessageHandler api) : DelegatingHandler(api)
    {
        protected override void Dispose(bool disposing) => base.Dispose(false);
    }
}
