using Headgate.Time;

namespace Headgate.Resilience;

/// <summary>
/// Which base address a request goes to when there are several: its own while that is well, else the first that is. A base is down after three
/// failures in a row, for 30 s, doubled up to 5 min as long as it stays so; then one request tries it. A success brings it back at once.
/// Pure, the time is an argument; owned by the dispatcher's lock.
/// </summary>
/// <param name="count">How many bases, in their order of preference.</param>
internal sealed class BaseHealth(int count)
{
    private const int FailuresToFall = 3;
    private const long FirstAbsence = 30 * Clock.Second;
    private const long LongestAbsence = 5 * 60 * Clock.Second;

    /// <summary>Whoever tries one and is never heard of again does not keep it down for ever.</summary>
    private const long ProbeTime = 30 * Clock.Second;

    private readonly Standing[] _bases = [.. Enumerable.Repeat(new Standing(0, long.MinValue, 0, long.MinValue), count)];

    /// <summary>The base for a request whose URL is of base <paramref name="own"/>: that, or another. Of one that may be tried again this is the try.</summary>
    public int Choose(int own, long now)
    {
        if (IsOpenTo(own, now))
            return own;
        for (var other = 0; other < count; other++)
            if (other != own && IsOpenTo(other, now))
                return other;
        // All are down: the one that had longest to get well.
        var choice = own;
        for (var other = 0; other < count; other++)
            if (_bases[other].FellAt < _bases[choice].FellAt)
                choice = other;
        return choice;
    }

    public bool IsDown(int index) => _bases[index].Absence > 0;

    /// <summary>An answer below 500 came from a base.</summary>
    /// <returns>Whether that brought it back.</returns>
    public bool Succeeded(int index, long sentAt)
    {
        ref var known = ref _bases[index];
        if (sentAt <= known.FellAt)
            return false;
        var wasDown = known.Absence > 0;
        known = new Standing(0, known.FellAt, 0, long.MinValue);
        return wasDown;
    }

    /// <summary>No connection, a timeout, or 5xx. What was sent before it fell tells nothing new.</summary>
    /// <returns>Whether it is down from now on, and was not before.</returns>
    public bool Failed(int index, long sentAt, long now)
    {
        ref var known = ref _bases[index];
        if (sentAt <= known.FellAt)
            return false;
        if (known.Absence > 0)
            known = new Standing(0, now, Math.Min(LongestAbsence, known.Absence * 2), long.MinValue);
        else if (known.Failures + 1 < FailuresToFall)
            known = known with { Failures = known.Failures + 1 };
        else
        {
            known = new Standing(0, now, FirstAbsence, long.MinValue);
            return true;
        }
        return false;
    }

    private bool IsOpenTo(int index, long now)
    {
        ref var known = ref _bases[index];
        if (known.Absence == 0)
            return true;
        if (now < known.FellAt + known.Absence || now < known.TriedUntil)
            return false;
        known = known with { TriedUntil = now + ProbeTime };
        return true;
    }

    /// <param name="Failures">In a row, while it is well.</param>
    /// <param name="FellAt">When it fell, or failed to come back.</param>
    /// <param name="Absence">For how long; 0 while it is well.</param>
    /// <param name="TriedUntil">While this lasts one request is finding out.</param>
    private record struct Standing(int Failures, long FellAt, long Absence, long TriedUntil);
}
