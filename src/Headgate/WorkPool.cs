using Headgate.Time;
using Headgate.Work;

namespace Headgate;

/// <summary>
/// Does any kind of work under limits: calls of an SDK, files, scans. Each attempt waits until all limits and a free place allow it, in the order
/// of priorities, then of coming; its place is free again when it ends.
/// </summary>
/// <remarks>
/// All members are thread-safe. Work runs on threads of the pool of the runtime, and is given a token that is cancelled with it: work that does
/// not look at it goes on, keeping its place, until it ends.
/// </remarks>
/// <example>
/// <code>
/// await using var pool = new WorkPool(["30/s"], maxConcurrency: 8);
/// await foreach (var result in pool.RunAsync(hosts, (host, token) => ProbeAsync(host, token)))
///     Console.WriteLine($"{result.Item}: {(result.Ok ? result.Value : result.Error.Message)}");
/// </code>
/// </example>
public sealed class WorkPool : IAsyncDisposable
{
    private readonly WorkPoolOptions _options;
    private readonly WorkPlace _place;
    private readonly Lock _lock = new();
    private CancellationTokenSource _stop = new();
    private bool _isDisposed;

    /// <summary>A pool.</summary>
    /// <param name="limits">Limits that hold together, for example <c>["30/s", "400/min"]</c>; may be none.</param>
    /// <param name="maxConcurrency">How many pieces of work are under way at once, from 1 to 1,000,000.</param>
    /// <exception cref="FormatException">A text is not a limit. The message shows each such text, the position and an example.</exception>
    /// <exception cref="ArgumentException">The number is out of its range.</exception>
    public WorkPool(IEnumerable<string> limits, int maxConcurrency = 100) : this(new WorkPoolOptions { Limits = [.. limits], MaxConcurrency = maxConcurrency }) { }

    /// <summary>A pool.</summary>
    /// <param name="options">Read once.</param>
    /// <exception cref="FormatException">A text is not a limit. The message shows each such text, the position and an example.</exception>
    /// <exception cref="ArgumentException">An option is out of its range; the message names everything that is.</exception>
    public WorkPool(WorkPoolOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate(nameof(options));
        _options = options;
        var clock = new Clock(options.TimeProvider);
        var limiter = new GateLimiter([.. options.Limits, $"{options.MaxConcurrency} concurrent"], new GateLimiterOptions { TimeProvider = options.TimeProvider, Name = "work pool" });
        _place = new WorkPlace(limiter, clock, options.Random, new WorkCounts(clock));
    }

    /// <summary>What was done so far, and how things stand.</summary>
    public WorkPoolStatistics Statistics => _place.Counts.Read();

    /// <summary>Does a piece of work when it is its turn.</summary>
    /// <param name="work">The work; called once for each attempt. It should end when its token is cancelled.</param>
    /// <param name="options">How it is done; null for as usual.</param>
    /// <param name="cancellationToken">Cancels it, whether it waits or is under way.</param>
    /// <typeparam name="T">What it gives.</typeparam>
    /// <returns>What it gave; fails with what the last attempt failed with.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range, or it costs more than a limit ever allows at once.</exception>
    /// <exception cref="TimeoutException">The last attempt took longer than <see cref="WorkOptions.Timeout"/>, or <see cref="WorkOptions.Deadline"/> came first.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled, by its token or by <see cref="CancelAll"/>.</exception>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    public Task<T> SubmitAsync<T>(Func<CancellationToken, ValueTask<T>> work, WorkOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        options ??= WorkOptions.Default;
        options.Validate();
        return new WorkItem<T>(_place, work, options).RunAsync(cancellationToken, Stop());
    }

    /// <summary>Does the same work for several items: as <see cref="SubmitAsync{T}"/> for each of them.</summary>
    /// <param name="items">The items; all of them are read at once. For very many, or while they come, there is <see cref="RunAsync{TItem, T}(IEnumerable{TItem}, Func{TItem, CancellationToken, ValueTask{T}}, WorkOptions?, CancellationToken)"/>.</param>
    /// <param name="work">The work for one of them.</param>
    /// <param name="options">How it is done; null for as usual.</param>
    /// <param name="cancellationToken">Cancels all of them.</param>
    /// <typeparam name="TItem">What the work is done for.</typeparam>
    /// <typeparam name="T">What it gives.</typeparam>
    /// <returns>One task for each item, in their order.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    public IReadOnlyList<Task<T>> SubmitMany<TItem, T>(IEnumerable<TItem> items, Func<TItem, CancellationToken, ValueTask<T>> work, WorkOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(work);
        return [.. items.Select(item => SubmitAsync(token => work(item, token), options, cancellationToken))];
    }

    /// <summary>Does the same work for any number of items, and gives each result as soon as it is there.</summary>
    /// <param name="items">
    /// The items. They are read as there is room, on another thread: at most twice <see cref="WorkPoolOptions.MaxConcurrency"/> of them are under way,
    /// or ended and not taken. What reading them throws is thrown when the results of those before are through.
    /// </param>
    /// <param name="work">The work for one of them; called once for each attempt.</param>
    /// <param name="options">How it is done; null for as usual.</param>
    /// <param name="cancellationToken">Cancels all of it. Whoever stops taking results cancels the rest as well, and waits for its end.</param>
    /// <typeparam name="TItem">What the work is done for.</typeparam>
    /// <typeparam name="T">What it gives.</typeparam>
    /// <returns>One result for each item, failed or not, in the order in which they end.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled, by its token, or by <see cref="CancelAll"/> before all items were read; then when the results of those before are through.</exception>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    public IAsyncEnumerable<WorkResult<TItem, T>> RunAsync<TItem, T>(IEnumerable<TItem> items, Func<TItem, CancellationToken, ValueTask<T>> work, WorkOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        return RunAsync(items.ToAsyncEnumerable(), work, options, cancellationToken);
    }

    /// <inheritdoc cref="RunAsync{TItem, T}(IEnumerable{TItem}, Func{TItem, CancellationToken, ValueTask{T}}, WorkOptions?, CancellationToken)"/>
    public IAsyncEnumerable<WorkResult<TItem, T>> RunAsync<TItem, T>(IAsyncEnumerable<TItem> items, Func<TItem, CancellationToken, ValueTask<T>> work, WorkOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(work);
        options ??= WorkOptions.Default;
        options.Validate();
        return WorkStream<TItem, T>.RunAsync(() => new WorkStream<TItem, T>(_place, work, options, () => Volatile.Read(ref _isDisposed), Stop()), items, 2 * _options.MaxConcurrency, cancellationToken);
    }

    /// <summary>Waits until there is no work: all that was submitted has ended.</summary>
    /// <param name="cancellationToken">Ends the wait with an <see cref="OperationCanceledException"/>; the work goes on.</param>
    public Task WaitAsync(CancellationToken cancellationToken = default) => _place.Counts.Idle.WaitAsync(cancellationToken);

    /// <summary>Cancels all work there is, waiting or under way. Work that is submitted later is done.</summary>
    public void CancelAll()
    {
        CancellationTokenSource before;
        lock (_lock)
        {
            if (_isDisposed)
                return;
            (before, _stop) = (_stop, new CancellationTokenSource());
        }
        before.Cancel();
    }

    /// <summary>Cancels all work and waits for its end. The pool does none any more.</summary>
    public async ValueTask DisposeAsync()
    {
        bool isFirst;
        lock (_lock)
            (isFirst, _isDisposed) = (!_isDisposed, true);
        if (isFirst)
            await _stop.CancelAsync().ConfigureAwait(false);
        await _place.Counts.Idle.ConfigureAwait(false);
        await _place.Limiter.DisposeAsync().ConfigureAwait(false);
    }

    private CancellationToken Stop()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _stop.Token;
        }
    }
}
