namespace Headgate.Ledgers;

/// <summary>
/// The latest that our wall clock can have said by a send, as far as ledgers tell: where it was set back, what was accepted before that and sent after
/// it would else seem to be accepted after it was sent. Not thread-safe.
/// </summary>
internal sealed class LatestClock
{
    private string _boot = MachineBoot.Unknown;

    /// <summary>The most that the wall clock was before the monotonic one, in this boot.</summary>
    private long _ahead = long.MinValue;
    private long _latest;

    /// <summary>A process has begun.</summary>
    public void Begin(LedgerHeader header)
    {
        if (!MachineBoot.IsSame(header.Boot, _boot))
            (_boot, _ahead) = (header.Boot, long.MinValue);
        At(header.WallUs, header.MonoUs);
    }

    /// <summary>The clocks stood so.</summary>
    /// <returns>The latest that the wall clock can have said until then, microseconds since the Unix epoch.</returns>
    public long At(long wallUs, long monoUs)
    {
        _ahead = Math.Max(_ahead, wallUs - monoUs);
        return _latest = Math.Max(_latest, monoUs + _ahead);
    }
}
