using System.Collections.Concurrent;
using System.Threading.Channels;
using Headgate.Jobs;

namespace Headgate.App.Results;

/// <summary>
/// Writes results. Whoever has one gives it its letters on their own thread; one task takes all that wait, writes them with one
/// call of the system, and only then tells each that its result is safe.
/// </summary>
/// <remarks>
/// Thread-safe. With ordering a result that comes before its turn waits here, and its <see cref="WriteAsync"/>
/// with it: nobody may hold a permit meanwhile, or the line that all wait for could never be sent. A process that is killed loses
/// what waits for its turn; those lines are sent again on resume.
/// </remarks>
internal sealed class ResultWriter : IAsyncDisposable
{
    private const int BatchSize = 1024 * 1024;
    private static readonly TimeSpan SyncEvery = TimeSpan.FromSeconds(1);

    private readonly IByteSink _results;
    private readonly IByteSink? _failed;
    private readonly ResultOrder<Pending>? _order;
    private readonly Channel<Pending> _channel = Channel.CreateUnbounded<Pending>(new() { SingleReader = true });
    private readonly ConcurrentBag<ResultBuffer> _buffers = [];
    private readonly PeriodicTimer _syncTimer;
    private readonly Task _writing;
    private readonly Task _syncing;

    // Used by the writing task only.
    private readonly List<Pending> _ready = [];
    private readonly List<Attempt> _recorded = [];
    private readonly MemoryStream _batch = new();
    private readonly MemoryStream _failedBatch = new();

    private volatile bool _isDirty; // written, not yet synced
    private volatile ResultWriteException? _failure;

    /// <param name="results">Where results go; disposed with the writer.</param>
    /// <param name="failed">Where the requests go whose results are not ok; null for nowhere; disposed with the writer.</param>
    /// <param name="isOrdered">Whether results go out in the order of <see cref="Announce"/>.</param>
    /// <param name="time">For the sync every second.</param>
    public ResultWriter(IByteSink results, IByteSink? failed, bool isOrdered, TimeProvider time)
    {
        (_results, _failed) = (results, failed);
        _order = isOrdered ? new() : null;
        _syncTimer = new PeriodicTimer(SyncEvery, time);
        _writing = Task.Run(WriteAllAsync);
        _syncing = SyncAllAsync();
    }

    /// <summary>With ordering: a line that will have a result, in the order wanted. Without: nothing.</summary>
    public void Announce(long line) => _order?.Announce(line);

    /// <summary>With ordering: a line that was announced is left to a later run, so nobody waits for its result. Without: nothing.</summary>
    public void Withdraw(long line)
    {
        if (_order is not null)
            _channel.Writer.TryWrite(new Pending(null, line, default));
    }

    /// <summary>Writes a result; ends when its bytes have gone through write(2).</summary>
    /// <param name="record">The result; with ordering of a line that was announced.</param>
    /// <param name="request">The JSON of its request, written beside it if it is not ok.</param>
    /// <param name="attempt">The attempt that brought it, told as soon as it is written; null for none.</param>
    /// <param name="cancellation">Looked at once, at the beginning: a result that was handed over is written.</param>
    /// <exception cref="ResultWriteException">This or an earlier result could not be written.</exception>
    public ValueTask WriteAsync(ResultRecord record, ReadOnlyMemory<byte> request = default, Attempt? attempt = null, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (_failure is { } failure)
            throw failure;
        if (!_buffers.TryTake(out var buffer))
            buffer = new ResultBuffer();
        buffer.Encode(record);
        var pending = new Pending(buffer, record.Line ?? 0, _failed is null || record.Outcome.Ok ? default : request) { Attempt = attempt };
        if (!_channel.Writer.TryWrite(pending))
            throw new ObjectDisposedException(nameof(ResultWriter), "the results are closed");
        return new ValueTask(pending.Done.Task);
    }

    /// <summary>Writes all that was handed over, has the disk keep it, and closes.</summary>
    /// <exception cref="ResultWriteException">A result could not be written.</exception>
    public async Task CompleteAsync()
    {
        await CloseAsync();
        if (_failure is null && _isDirty)
            Sync();
        if (_failure is { } failure)
            throw failure;
    }

    /// <summary>Closes, with all that was handed over written as far as the disk allows; says nothing of failures.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _results.Dispose();
        _failed?.Dispose();
        while (_buffers.TryTake(out var buffer))
            buffer.Dispose();
        await _batch.DisposeAsync();
        await _failedBatch.DisposeAsync();
    }

    private async Task CloseAsync()
    {
        _channel.Writer.TryComplete();
        _syncTimer.Dispose();
        await _writing;
        await _syncing;
    }

    private async Task WriteAllAsync()
    {
        var reader = _channel.Reader;
        while (await reader.WaitToReadAsync())
        {
            for (var size = 0; size < BatchSize && reader.TryRead(out var pending); size += pending.Result?.Written.Length ?? 0)
                Order(pending);
            WriteReady();
        }
        _order?.ReleaseAll(_ready);
        WriteReady();
    }

    private void Order(Pending pending)
    {
        if (_order is null)
            _ready.Add(pending);
        else if (pending.Result is null)
            _order.Withdraw(pending.Line, _ready);
        else
            _order.Release(pending.Line, pending, _ready);
    }

    private void WriteReady()
    {
        if (_ready.Count == 0)
            return;
        foreach (var pending in _ready)
        {
            _batch.Write(pending.Result!.Written);
            if (pending.Request.IsEmpty)
                continue;
            _failedBatch.Write(pending.Request.Span);
            _failedBatch.WriteByte((byte)'\n');
        }
        try
        {
            if (_failure is { } earlier)
                throw earlier;
            // Failed requests first: killed in between, one is there twice after a resume rather than not at all.
            Flush(_failed, _failedBatch);
            Flush(_results, _batch);
            _isDirty = true;
        }
        catch (Exception failure)
        {
            // Whatever it is: those who wait have to hear of it, or they would wait for ever.
            _failure = failure as ResultWriteException ?? new ResultWriteException("the results", failure);
        }
        // What was not written is sent again by the next run: nothing goes in its place.
        if (_failure is null)
            TellAttempts();
        foreach (var pending in _ready)
            Finish(pending);
        _ready.Clear();
    }

    private static void Flush(IByteSink? sink, MemoryStream batch)
    {
        if (batch.Length == 0)
            return;
        var bytes = batch.GetBuffer().AsSpan(0, (int)batch.Length);
        batch.SetLength(0);
        sink!.Write(bytes);
        if (batch.Capacity > 4 * BatchSize)
            batch.Capacity = BatchSize; // after a result with a large body
    }

    /// <summary>All at once: with their places others go, and one turn of the gate's lock for each cost a tenth of a run (measured).</summary>
    private void TellAttempts()
    {
        foreach (var pending in _ready)
            if (pending.Attempt is { } attempt)
                _recorded.Add(attempt);
        if (_recorded.Count > 0)
            Attempt.LetGo(_recorded);
        _recorded.Clear();
    }

    private void Finish(Pending pending)
    {
        pending.Result!.Release();
        _buffers.Add(pending.Result);
        if (_failure is { } failure)
            pending.Done.SetException(failure);
        else
            pending.Done.SetResult();
    }

    private async Task SyncAllAsync()
    {
        while (await _syncTimer.WaitForNextTickAsync())
            if (_isDirty && _failure is null)
                await Task.Run(Sync);
    }

    private void Sync()
    {
        _isDirty = false;
        try
        {
            _results.Sync();
            _failed?.Sync();
        }
        catch (ResultWriteException failure)
        {
            _failure = failure;
        }
    }

    /// <param name="Result">Null for a line that is withdrawn.</param>
    private sealed record Pending(ResultBuffer? Result, long Line, ReadOnlyMemory<byte> Request)
    {
        public Attempt? Attempt { get; init; }

        // Continuations elsewhere: the writing task may not run the engine's code.
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
