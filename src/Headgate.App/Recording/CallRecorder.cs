using Headgate.Backends.Sqlite;
using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Queues;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Recording;

/// <summary>Records calls that pass through the gateway and the forward proxy, to be looked through later. Nobody waits for it. Thread-safe.</summary>
/// <param name="calls">Keeps them.</param>
/// <param name="what">Which.</param>
/// <param name="bodies">How much of each body is kept, in bytes; 0 for none.</param>
/// <param name="time">The clock.</param>
/// <param name="say">Told what a user should know; must not throw.</param>
internal sealed class CallRecorder(SqliteCalls calls, Recorded what, int bodies, TimeProvider time, Action<string> say) : IDisposable
{
    /// <summary>So many may be on their way to the disk; beyond, some are not recorded, and that is said.</summary>
    private const int MostOnTheWay = 10_000;

    private static readonly TimeSpan Age = TimeSpan.FromDays(7);

    private const long MostBytes = 512L << 20;

    private readonly Lock _lock = new();
    private ITimer? _forgetting;
    private int _onTheWay;
    private long _lost;

    /// <summary>Calls, the newest first.</summary>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    public IReadOnlyList<RecordedCall> Search(CallSearch search) => calls.Search(search);

    /// <summary>A call has come.</summary>
    /// <param name="context">The call.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="keys">Where its API has its keys; null if it has none.</param>
    /// <param name="body">The beginning of its body.</param>
    public CallRecording Begin(HttpContext context, Uri target, KeyTemplate? keys, ReadOnlyMemory<byte> body) => new(this, context, target, keys, body.Length > bodies ? body[..bodies] : body, bodies, time);

    /// <summary>Keeps a call that has ended, if it is one of those.</summary>
    public void Add(RecordedCall call)
    {
        if (what == Recorded.Errors && call.Status is < 400)
            return;
        lock (_lock)
            // The first call begins it: a service that passes nothing on has nothing to forget.
            _forgetting ??= time.CreateTimer(_ => _ = ForgetAsync(), null, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
        if (Interlocked.Increment(ref _onTheWay) > MostOnTheWay)
        {
            Interlocked.Decrement(ref _onTheWay);
            if (Interlocked.Increment(ref _lost) == 1)
                say("more calls pass through than can be recorded: some are left out");
            return;
        }
        _ = AddAsync(call);
    }

    public void Dispose() => _forgetting?.Dispose();

    private async Task AddAsync(RecordedCall call)
    {
        try
        {
            await calls.AddAsync(call);
        }
        catch (JobStoreException failure)
        {
            if (Interlocked.Increment(ref _lost) == 1)
                say($"calls are not recorded: {failure.Message}");
        }
        finally
        {
            Interlocked.Decrement(ref _onTheWay);
        }
    }

    private async Task ForgetAsync()
    {
        const int together = 1000;
        try
        {
            while (await calls.ForgetAsync(time.GetUtcNow() - Age, MostBytes, together) == together)
            {
                // There are more.
            }
        }
        catch (JobStoreException failure)
        {
            say($"old calls are not forgotten: {failure.Message}");
        }
    }
}
