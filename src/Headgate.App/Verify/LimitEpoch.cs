using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>From a moment on a limit holds.</summary>
/// <param name="FromUs">The moment on the time line.</param>
/// <param name="Limit">The limit; null where none holds any more.</param>
/// <param name="IsRestart">Whether a run began with it, which rebuilds its state from what was sent, rather than changed it on the way.</param>
internal sealed record LimitEpoch(long FromUs, Limit? Limit, bool IsRestart = false);

/// <summary>Walks through epochs as the time goes on.</summary>
internal sealed class EpochWalk(IReadOnlyList<LimitEpoch> epochs)
{
    private int _next;

    /// <summary>The epoch that holds; null before the first.</summary>
    public LimitEpoch? Present { get; private set; }

    /// <summary>Goes on to a time not before the last one; says whether another epoch has begun.</summary>
    public bool GoTo(long us)
    {
        var before = Present;
        while (_next < epochs.Count && epochs[_next].FromUs <= us)
            Present = epochs[_next++];
        return !ReferenceEquals(before, Present);
    }

    public Limit? At(long us)
    {
        GoTo(us);
        return Present?.Limit;
    }

    /// <summary>When the next epoch begins.</summary>
    public long NextFromUs => _next < epochs.Count ? epochs[_next].FromUs : long.MaxValue;
}
