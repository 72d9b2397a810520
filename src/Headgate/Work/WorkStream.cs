using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Headgate.Time;

namespace Headgate.Work;

/// <summary>
/// The same work for item after item, results in the order in which they come. No more items are read than there is room for those that are not
/// ended or whose result nobody has taken, so that memory is bounded whatever the source has.
/// </summary>
internal sealed class WorkStream<TItem, T>(WorkPlace place, Func<TItem, CancellationToken, ValueTask<T>> work, WorkOptions options, Func<bool> isDisposed, CancellationToken pool)
{
    private readonly Channel<WorkResult<TItem, T>> _ended = Channel.CreateUnbounded<WorkResult<TItem, T>>(new UnboundedChannelOptions { SingleReader = true });
    private Exception? _failure;

    /// <summary>Items under way, and one for the reading of them.</summary>
    private int _open = 1;

    /// <summary>A stream that does all of it anew each time it is enumerated.</summary>
    /// <param name="make">Makes what does it, once for each time.</param>
    /// <param name="items">The source.</param>
    /// <param name="most">How many items are read, and not yet a result that was taken.</param>
    /// <param name="cancellation">The caller's.</param>
    public static async IAsyncEnumerable<WorkResult<TItem, T>> RunAsync(Func<WorkStream<TItem, T>> make, IAsyncEnumerable<TItem> items, int most, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var stream = make();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var room = new SemaphoreSlim(most);
        var reading = stream.ReadAsync(items, room, stop.Token);
        var results = stream._ended.Reader;
        try
        {
            await foreach (var result in results.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                room.Release();
                yield return result;
            }
        }
        finally
        {
            // Whoever takes no more leaves nothing behind that still works.
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(false);
            while (await results.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
                results.TryRead(out _);
        }
        if (stream._failure is { } failure)
            ExceptionDispatchInfo.Throw(failure);
    }

    private async Task ReadAsync(IAsyncEnumerable<TItem> items, SemaphoreSlim room, CancellationToken stop)
    {
        try
        {
            // The source is read beside whoever takes the results.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            await foreach (var item in items.WithCancellation(stop).ConfigureAwait(false))
            {
                await room.WaitAsync(stop).ConfigureAwait(false);
                ObjectDisposedException.ThrowIf(isDisposed(), typeof(WorkPool));
                pool.ThrowIfCancellationRequested();
                Interlocked.Increment(ref _open);
                _ = DoAsync(item, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested) { }
        catch (Exception failure)
        {
            // Told when the results are through.
            _failure = failure;
        }
        Close();
    }

    private async Task DoAsync(TItem item, CancellationToken stop)
    {
        var one = new WorkItem<T>(place, token => work(item, token), options);
        T? value = default;
        Exception? error = null;
        try
        {
            value = await one.RunAsync(stop, pool).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            error = failure;
        }
        _ended.Writer.TryWrite(new WorkResult<TItem, T>(item, value, error) { Attempts = one.Attempts, Wait = Clock.Span(one.Waited), Duration = Clock.Span(one.Worked) });
        Close();
    }

    private void Close()
    {
        if (Interlocked.Decrement(ref _open) == 0)
            _ended.Writer.Complete();
    }
}
