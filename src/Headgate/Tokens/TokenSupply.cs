namespace Headgate.Tokens;

/// <summary>
/// A bearer token that is fetched when it is needed, by one for all, and again after four fifths of its life, while the old one is still good.
/// Thread-safe.
/// </summary>
/// <param name="supply">Gives the token.</param>
/// <param name="time">The clock.</param>
/// <param name="notice">Told why a token that is still good could not be renewed.</param>
internal sealed class TokenSupply(Func<CancellationToken, Task<AccessToken>> supply, TimeProvider time, Action<string> notice) : IDisposable
{
    /// <summary>So long after a failure, or after a token that had expired when it came, nobody asks again: everybody who needs a token would.</summary>
    private static readonly TimeSpan Backoff = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _disposed = new();
    private readonly Lock _lock = new();
    private volatile Held? _held;
    private Task? _renewal;
    private int _fetched;

    /// <summary>When the last failure was, in stamps of the clock: a wall clock that is set must not lengthen the pause.</summary>
    private long _failedAt;

    /// <summary>What goes into the Authorization header; null before the first token was fetched.</summary>
    public string? Current => _held?.Header;

    /// <summary>Whether there is one that has not expired, or had when it came, which was just now.</summary>
    public bool IsGood => _held is { } held && (time.GetUtcNow() < held.ExpiresAt || IsForNow(held));

    /// <summary>How many were fetched so far.</summary>
    public int Fetched => Volatile.Read(ref _fetched);

    /// <summary>Whether there is one that is as good as can be had: it has not expired, or had when it came, which was since so many were fetched.</summary>
    public bool IsGoodSince(int fetched) => IsGood || (_held is { CameExpired: true } held && held.Number > fetched);

    /// <summary>Sees to it that there is one that is good.</summary>
    /// <param name="cancellation">Ends the wait; the token is fetched all the same, for others.</param>
    /// <exception cref="Exception">What the supplier threw.</exception>
    public ValueTask PrepareAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (_held is { } held && (now < held.RenewAt || IsForNow(held)))
            return default;
        var renewal = Renew(now);
        return IsGood ? default : new ValueTask(renewal.WaitAsync(cancellation));
    }

    /// <summary>The server did not accept one. If it is the one that is given out, it is not any more: the next who needs one has it fetched anew.</summary>
    /// <param name="header">What went into the Authorization header.</param>
    /// <returns>Whether another one is, or will be, in its place.</returns>
    public bool Refused(string header)
    {
        lock (_lock)
        {
            if (_held is not { } held || held.Header != header)
                return true;
            // One that is refused as soon as it comes is not fetched again and again.
            if (time.GetElapsedTime(held.CameAt) < Backoff)
                return false;
            _held = null;
            return true;
        }
    }

    public void Dispose()
    {
        _disposed.Cancel();
        _disposed.Dispose();
    }

    /// <summary>The renewal that is under way, or a new one.</summary>
    private Task Renew(DateTimeOffset now)
    {
        TaskCompletionSource begun;
        lock (_lock)
        {
            if (_held is { } newer && (now < newer.RenewAt || IsForNow(newer)))
                return Task.CompletedTask;
            if (_renewal is { } before && (!before.IsCompleted || (!before.IsCompletedSuccessfully && time.GetElapsedTime(_failedAt) < Backoff)))
                return before;
            begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _renewal = begun.Task;
        }
        _ = FetchAsync(begun);
        return begun.Task;
    }

    /// <summary>The server gives tokens that are of no use any more (<c>expires_in: 0</c>), and the next would be no better: it is asked no more often than where it fails.</summary>
    private bool IsForNow(Held held) => held.CameExpired && time.GetElapsedTime(held.CameAt) < Backoff;

    private async Task FetchAsync(TaskCompletionSource begun)
    {
        try
        {
            var token = await supply(_disposed.Token).ConfigureAwait(false) ?? throw new InvalidOperationException("the supplier of tokens gave none");
            var (now, expires) = (time.GetUtcNow(), token.ExpiresAt ?? DateTimeOffset.MaxValue);
            if (expires <= now)
                notice("the token that was given had expired when it came; it is sent all the same. Does this clock agree with the server's?");
            _held = new Held($"Bearer {token.Reveal()}", expires - (expires - now) / 5, expires, expires <= now, _fetched + 1, time.GetTimestamp());
            _fetched++;
            begun.SetResult();
        }
        catch (Exception failure)
        {
            lock (_lock)
                _failedAt = time.GetTimestamp();
            if (IsGood)
                notice($"the token could not be renewed, and is used for as long as it is good: {failure.Message}");
            begun.SetException(failure);
            // Looked at, whether anybody waits for it or not.
            _ = begun.Task.Exception;
        }
    }

    private sealed record Held(string Header, DateTimeOffset RenewAt, DateTimeOffset ExpiresAt, bool CameExpired, int Number, long CameAt);
}
