using Headgate.Time;

namespace Headgate.Proxies;

/// <summary>
/// What is known of how a proxy does. Pure: the time is an argument. One that was never tried gets few requests at once, and more with each
/// answer that came to its end; one at fault sits out, longer each time, and comes back on probation with one request. The head of an answer
/// says that it is there, and how quick it is; only the end says that it brings what it is given.
/// </summary>
/// <param name="leftAfter">So many faults in a row without an answer in between, are its last; null where it is tried again for ever.</param>
internal sealed class ProxyHealth(int? leftAfter)
{
    /// <summary>The first pause; each further one is four times as long, up to <see cref="LongestPause"/>: after 0, 1, 5, 21 and 85 s.</summary>
    private const long FirstPause = Clock.Second;

    private const long LongestPause = 600 * Clock.Second;

    /// <summary>So many answers in a row, and as many requests as there are go through it.</summary>
    private const int Proven = 6;

    /// <summary>An answer that keeps coming for so long says as much as one that has come: streams may go on for hours.</summary>
    private const long KeepsComing = 10 * Clock.Second;

    /// <summary>A latency that was measured so long ago says half as much.</summary>
    private const long Forgetting = 30 * Clock.Second;

    private int _answers;
    private int _faults;

    /// <summary>Since when an answer is coming of which the end will tell; none where that is not so.</summary>
    private long? _comingSince;

    /// <summary>When the request of that answer was sent, which tells it from others.</summary>
    private long _comingSentAt;

    /// <summary>What it did wrong last was to break an answer off, of which one without a body says nothing.</summary>
    private bool _breaksOff;
    private long _restsSince = long.MinValue;
    private long _latency;
    private long _measuredAt;

    /// <summary>Until when it sits out; a time that has passed where it does not.</summary>
    public long RestsUntil { get; private set; } = long.MinValue;

    /// <summary>When it was at fault last; before any time where it never was.</summary>
    public long FaultAt => _restsSince;

    /// <summary>Why it is not tried any more; null while it is.</summary>
    public string? DeadReason { get; private set; }

    /// <summary>What it did wrong last; null for nothing.</summary>
    public string? LastFault { get; private set; }

    /// <summary>Whether an answer ever came through it to its end.</summary>
    public bool HasWorked { get; private set; }

    /// <summary>What it did wrong last was to break an answer off, and it has brought none since.</summary>
    public bool BreaksOff => _breaksOff && _faults > 0;

    public bool IsProven => _answers >= Proven;

    /// <summary>It has sat out, and nothing has come through it since.</summary>
    public bool IsOnProbation => _faults > 0;

    /// <summary>How many may go through it at once.</summary>
    public int Room(long now) => RoomAfter(_answers + Said(now));

    /// <summary>When one more could go; never where only an event can tell.</summary>
    public long FreeAt(int inFlight, long now) =>
        DeadReason is not null ? Clock.Never : RestsUntil > now ? RestsUntil : inFlight < Room(now) ? now : RoomFor(inFlight, now);

    /// <summary>How long an answer takes, in nanoseconds; what was measured long ago counts less, so that it is measured again.</summary>
    public long Expected(long now)
    {
        var halvings = (now - _measuredAt) / Forgetting;
        return halvings >= 62 ? 0 : _latency >> (int)Math.Max(0, halvings);
    }

    /// <summary>As last measured, smoothed; 0 for never.</summary>
    public long Latency => _latency;

    /// <summary>A server has begun to answer through it.</summary>
    /// <param name="sentAt">What was sent before it was at fault proves nothing of it now.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether it is known when more may go through it than before.</returns>
    public bool Answered(long sentAt, long now)
    {
        Measure(sentAt, now);
        if (sentAt <= _restsSince || DeadReason is not null || IsProven || _comingSince is not null)
            return false;
        (_comingSince, _comingSentAt) = (now, sentAt);
        return true;
    }

    /// <summary>An answer that had begun to come through it did not come to its end: what it seemed to say meanwhile it did not say.</summary>
    /// <param name="ranOut">It was still not there when its time was over: so long it takes at least, however quick its head was.</param>
    /// <param name="sentAt">As for <see cref="Answered"/>.</param>
    /// <param name="now">The time.</param>
    public void Lost(bool ranOut, long sentAt, long now)
    {
        if (ranOut)
            Measure(sentAt, now);
        ComesNoMore(sentAt);
    }

    /// <summary>An answer came through it to its end.</summary>
    /// <param name="isEmpty">It has no body that could have broken off, or nobody has read it.</param>
    /// <param name="sentAt">As for <see cref="Answered"/>.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether more may go through it than before.</returns>
    public bool Brought(bool isEmpty, long sentAt, long now)
    {
        if (sentAt <= _restsSince || DeadReason is not null)
            return false;
        if (isEmpty && BreaksOff)
        {
            ComesNoMore(sentAt);
            return false;
        }
        var said = Said(now);
        (_faults, HasWorked, _breaksOff, _comingSince) = (0, true, false, null);
        if (IsProven)
            return false;
        _answers += said + 1;
        return true;
    }

    /// <summary>It was at fault: nothing came through, and no server had a part in that.</summary>
    /// <param name="why">What it did, in words.</param>
    /// <param name="grantedAt">Of those that went together the first is told; the others say nothing new.</param>
    /// <param name="now">The time.</param>
    /// <param name="brokeOff">That was to break an answer off, while it was there itself.</param>
    /// <returns>Whether that is news.</returns>
    public bool Failed(string why, long grantedAt, long now, bool brokeOff = false)
    {
        if (DeadReason is not null || grantedAt <= _restsSince)
            return false;
        (_answers, LastFault, _restsSince, _breaksOff, _comingSince) = (0, why, now, brokeOff, null);
        RestsUntil = now + Math.Min(LongestPause, FirstPause << Math.Min(20, 2 * _faults++));
        // One that never worked is more likely misspelt than out of order.
        if (_faults >= leftAfter - (HasWorked ? 0 : 1))
            DeadReason = $"{why}, {_faults} times in a row";
        return true;
    }

    /// <summary>It does not let us in, and trying again changes nothing.</summary>
    public void Kill(string why, long now) => (DeadReason, LastFault, _restsSince) = (why, why, now);

    /// <summary>It is tried again as if it were new: somebody has mended it, or a probe came through.</summary>
    public void Revive(long now)
    {
        (DeadReason, _answers, _faults, _breaksOff, _comingSince) = (null, 0, Math.Min(_faults, 1), false, null);
        RestsUntil = Math.Min(RestsUntil, now);
    }

    private void Measure(long sentAt, long now)
    {
        var took = Math.Max(1, now - sentAt);
        (_latency, _measuredAt) = (_latency == 0 ? took : _latency + ((took - _latency) >> 3), now);
    }

    private void ComesNoMore(long sentAt)
    {
        if (_comingSentAt == sentAt)
            _comingSince = null;
    }

    private int RoomAfter(int answers) => answers >= Proven ? int.MaxValue : answers == 0 && _faults > 0 ? 1 : 2 << answers;

    /// <summary>What an answer that is still coming has said so far, in answers.</summary>
    private int Said(long now) => _comingSince is { } since ? (int)Math.Clamp((now - since) / KeepsComing, 0, Proven) : 0;

    /// <summary>When an answer that goes on coming will have made room for one more.</summary>
    private long RoomFor(int inFlight, long now)
    {
        if (_comingSince is not { } since)
            return Clock.Never;
        var said = Said(now);
        do
            said++;
        while (RoomAfter(_answers + said) <= inFlight);
        return since + (said * KeepsComing);
    }
}
