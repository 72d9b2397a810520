using Headgate.Ledgers;

namespace Headgate;

/// <summary>
/// An attempt whose intent is put on disk before it is handed to the transport, which may not wait for a disk: with those of all who want to send
/// at that time. Where it is not sent after all, that is recorded too. Not thread-safe.
/// </summary>
internal sealed class SendPromise(Engine engine, Attempt attempt)
{
    private bool _isMade;

    /// <summary>Sends when the intent is on disk.</summary>
    /// <param name="sync">What puts it there.</param>
    /// <exception cref="SendRefusedException">It could not be recorded: nothing may be sent.</exception>
    /// <exception cref="OperationCanceledException">The attempt was given up.</exception>
    public async Task<HttpResponseMessage> SendAsync(IntentSync sync)
    {
        try
        {
            _isMade = attempt.Record();
            attempt.GiveUpAtDeadline();
            await sync.ThroughAsync().WaitAsync(attempt.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is LedgerException or ScopeHeldException)
        {
            throw new SendRefusedException(failure);
        }
        // It may have come as the disk was through.
        attempt.Token.ThrowIfCancellationRequested();
        return await attempt.SendNow().ConfigureAwait(false);
    }

    /// <summary>It was not sent, unless it was: to be told while its permit is held.</summary>
    public void TakeBack()
    {
        if (!_isMade || attempt.WasSent)
            return;
        _isMade = false;
        try
        {
            engine.Journal.Unsent(attempt.RecordedAs, attempt, engine.Clock.Now);
        }
        catch (Exception failure) when (failure is LedgerException or ObjectDisposedException)
        {
            // Without that record a restart is stricter, and nothing else.
        }
    }
}
