using Microsoft.AspNetCore.Http;

namespace Headgate.App.Service;

/// <summary>A call that is passed on, as long as it waits for its turn: when the service stops nobody will let it go any more. Thread-safe.</summary>
/// <param name="gone">Its caller has gone.</param>
internal sealed class HeldCall(CancellationToken gone) : IDisposable
{
    private const int Waits = 0, LetGo = 1, GivenUp = 2;

    private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(gone);
    private int _state;

    /// <summary>Ends its wait.</summary>
    public CancellationToken Token => _end.Token;

    /// <summary>Whether the service has ended its wait.</summary>
    public bool WasGivenUp => Volatile.Read(ref _state) == GivenUp;

    /// <summary>The answer to a call whose wait was ended.</summary>
    public static Problem Stopping => new(StatusCodes.Status503ServiceUnavailable, "the service is stopping") { RetryAfter = 5 };

    /// <summary>Follows it on its way: once it may be sent it is in flight, and ends as it ends.</summary>
    public void Follow(LineStep step)
    {
        if (step == LineStep.Permitted)
            Interlocked.CompareExchange(ref _state, LetGo, Waits);
    }

    /// <summary>Ends its wait, if it waits.</summary>
    public void GiveUp()
    {
        if (Interlocked.CompareExchange(ref _state, GivenUp, Waits) != Waits)
            return;
        try
        {
            _ = _end.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It ended just now.
        }
    }

    public void Dispose() => _end.Dispose();
}
