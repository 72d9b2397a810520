using Headgate.App.Simulator;
using Headgate.Configuration;
using Headgate.Keys;

namespace Headgate.App.Distribution;

/// <summary>
/// Calls to an API that is simulated in this process, spread over keys: each pays with one use of a key, and none waits for others of its batch.
/// The API lives as long as this does, so what was sent to it is not remembered any longer. Thread-safe.
/// </summary>
internal sealed class SimulatedCalls : IAsyncDisposable
{
    /// <summary>So many in flight at once: with the slowest latency of the original, twenty times what three keys of 1,000 a minute let go.</summary>
    private const int MostAtOnce = 1000;

    /// <summary>So many are on the line, in flight or waiting for a key; the others are counted only.</summary>
    private const int MostOnLine = 2 * MostAtOnce;

    private readonly SimulatedApi _api;
    private readonly Engine _engine;
    private readonly StraightLine _line;
    private readonly Uri _target;

    /// <summary>Who came first gets on the line first, with all his calls.</summary>
    private readonly SemaphoreSlim _turn = new(1);
    private readonly SemaphoreSlim _room = new(MostOnLine);

    private SimulatedCalls(SimulatedApi api, Engine engine) => (_api, _engine, _line, _target) = (api, engine, new StraightLine(engine), new Uri($"{api.Url}/call"));

    /// <summary>What the API saw.</summary>
    public SimulatorReport Report => _api.Report();

    /// <summary>Starts the API.</summary>
    public static async Task<SimulatedCalls> StartAsync(DistributorOptions options, TimeProvider time)
    {
        var api = await SimulatedApi.StartAsync(new SimulatorOptions { Limits = [options.KeyLimit], Latency = LatencyShape.Between(options.LeastLatency, options.MostLatency) }, time);
        var address = UpstreamBase.TryParse(api.Url, out var parsed, out var problem) ? parsed : throw new InvalidOperationException(problem);
        var configuration = new HeadgateConfiguration
        {
            Concurrency = MostAtOnce,
            Upstreams = [new UpstreamConfiguration { Name = "simulated", Bases = [address], Keys = new KeysConfiguration { Limits = [options.KeyLimit] } }],
        };
        return new SimulatedCalls(api, new Engine(configuration, new EngineOptions
        {
            Time = time,
            Concurrency = MostAtOnce,
            Keys = _ => [.. options.Keys.Select((value, index) => new KeyEntry(new KeySecret($"key-{index + 1}", value)))],
        }));
    }

    /// <summary>Makes calls, and tells of each whether it went well.</summary>
    /// <param name="count">How many.</param>
    /// <param name="cancellation">Ends those that are under way, and begins no others.</param>
    /// <exception cref="OperationCanceledException">The token.</exception>
    public async Task<bool[]> RunAsync(int count, CancellationToken cancellation)
    {
        var calls = new Task<bool>[count];
        var begun = 0;
        try
        {
            await _turn.WaitAsync(cancellation);
            try
            {
                for (; begun < count; begun++)
                {
                    await _room.WaitAsync(cancellation);
                    calls[begun] = CallAsync(cancellation);
                }
            }
            finally
            {
                _turn.Release();
            }
            return await Task.WhenAll(calls);
        }
        catch
        {
            // Each gives its room back, and none outlives the engine.
            await ((Task)Task.WhenAll(calls[..begun])).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _engine.Close();
        await _engine.LeftAsync();
        _engine.Dispose();
        await _api.DisposeAsync();
        _turn.Dispose();
        _room.Dispose();
    }

    private async Task<bool> CallAsync(CancellationToken cancellation)
    {
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Get, _target);
            using var answer = await _line.SendAsync(new Exchange(message, SendTerms.None) { Receive = static (answer, cancellation) => new ValueTask(answer.Content.CopyToAsync(Stream.Null, cancellation)) }, cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (HeadgateException)
        {
            return false;
        }
        finally
        {
            _room.Release();
        }
    }
}
