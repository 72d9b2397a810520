using Microsoft.AspNetCore.Http;

namespace Headgate.App.Service;

/// <summary>A call that is passed on, as long as it waits for its turn: when the service stops nobody will let it go any more. Thread-safe.</summary>
/// <param name="gone">Its caller has gone.</param>
internal sealed class HeldCall(CancellationToken gone) : IDisposable
{
    private const int Waits = 0, LetGo = 1, GivenUp = 2, CutOff = 3;

    private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(gone);
    private int _state;

    /// <summary>Ends its wait.</summary>
    public CancellationToken Token => _end.Token;

    /// <summary>Whether the service has ended its wait.</summary>
    public bool WasGivenUp => Volatile.Read(ref _state) == GivenUp;

    /// <summary>The answer to a call whose wait was ended.</summary>
    public static Problem Stopping => new(StatusCodes.Status503ServiceUnavailable, "the service is stopping") { RetryAfter = 5 };

    /// <summary>Whether the service has ended it in flight.</summary>
    public bool WasCutOff => Volatile.Read(ref _state) == CutOff;

    /// <summary>The answer to a call that was cut off: it was sent, and what it came to is not known.</summary>
    public static Problem Stopped => new(StatusCodes.Status504GatewayTimeout, "the service has stopped before the answer came: the call was sent");

    /// <summary>Follows it on its way: once it may be sent it is in flight, and ends as it ends.</summary>
    public void Follow(LineStep step)
    {
        if (step == LineStep.Permitted)
            Interlocked.CompareExchange(ref _state, LetGo, Waits);
    }

    /// <summary>Ends its wait, if it waits.</summary>
    public void GiveUp()
    {
        if (Interlocked.CompareExchange(ref _state, GivenUp, Waits) == Waits)
            End();
    }

    /// <summary>Ends it wherever it stands: there is no more time for it.</summary>
    public void CutOffNow()
    {
        GiveUp();
        if (Interlocked.CompareExchange(ref _state, CutOff, LetGo) == LetGo)
            End();
    }

    public void Dispose() => _end.Dispose();

    private void End()
    {
        try
        {
            _ = _end.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It ended just now.
        }
    }
}
