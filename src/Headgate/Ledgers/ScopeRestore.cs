using Headgate.Time;

namespace Headgate.Ledgers;

/// <summary>How the clocks stand at a restart.</summary>
/// <param name="Boot">The present boot.</param>
/// <param name="NowNs">The monotonic clock, nanoseconds: on Linux also the time since the boot.</param>
/// <param name="WallUs">The wall clock at the same moment, microseconds since the Unix epoch.</param>
internal readonly record struct RestartClock(string Boot, long NowNs, long WallUs)
{
    public static RestartClock Read(Clock clock, string boot) => new(boot, clock.Now, clock.UnixNow / Clock.Microsecond);
}

/// <summary>
/// Carries recorded sends over a restart, in the direction that is safe. Same boot: monotonic time is used as it is. Another boot: all of it
/// happened before ours began, and more is not proven; the wall clock may say more, and counts once it is confirmed. Pure.
/// </summary>
/// <remarks>Where no boot is known (not on Linux) the wall clock is believed.</remarks>
internal static class ScopeRestore
{
    /// <summary>Places all sends of a scope's files.</summary>
    /// <param name="logs">The files.</param>
    /// <param name="clock">The moment at which the lock was taken.</param>
    /// <param name="straggle">Nothing arrives later than this after its process died.</param>
    public static ScopePast Place(IEnumerable<ScopeLog> logs, RestartClock clock, TimeSpan straggle)
    {
        var sends = new List<PastSend>();
        long? full = null, since = null;
        var isOfOtherBoot = false;
        foreach (var log in logs)
        {
            if (IsMissingRecords(log, clock))
                full = clock.NowNs;
            foreach (var segment in log.Segments)
            {
                var header = segment.Header;
                foreach (var send in segment.Settled)
                    sends.Add(Settled(send, header, clock));
                foreach (var send in segment.Open.Values)
                    sends.Add(Unanswered(send, header, clock, straggle));
                isOfOtherBoot |= !MachineBoot.IsSame(header.Boot, clock.Boot) && segment.Settled.Count + segment.Open.Count > 0;
                full = Latest(full, header.FullUs, header, clock);
                since = Latest(since, header.SinceUs, header, clock);
            }
        }
        sends.Sort((a, b) => a.LateNs.CompareTo(b.LateNs));
        return new ScopePast { Sends = sends, FullAtNs = full, KnownSinceNs = since, IsOfOtherBoot = isOfOtherBoot };
    }

    /// <summary>The last proven moment of a recorded one: never before our boot if it was in another, and not in the future.</summary>
    public static long Proven(long us, ScopeHeader header, RestartClock clock)
    {
        if (MachineBoot.IsSame(header.Boot, clock.Boot))
            return Nanoseconds(us);
        var earliest = header.Boot == MachineBoot.Unknown || clock.Boot == MachineBoot.Unknown ? long.MinValue : 0;
        // A wall clock that puts it after our boot (another machine's file, a clock that was set) is believed in that direction.
        return Math.Clamp(ByWall(us, header, clock), earliest, Math.Max(earliest, clock.NowNs));
    }

    // What a process could not finish was never sent. After a power cut, though, what came before it may be gone too.
    private static bool IsMissingRecords(ScopeLog log, RestartClock clock) =>
        log.Damage is not null || (log.IsTorn && !(log.Segments.LastOrDefault() is { } last && MachineBoot.IsSame(last.Header.Boot, clock.Boot)));

    private static PastSend Settled(ScopeSend send, ScopeHeader header, RestartClock clock)
    {
        // The file cuts off to whole microseconds; late is rounded against ourselves.
        var late = Math.Min(send.LateUs!.Value, long.MaxValue - 1) + 1;
        return new PastSend
        {
            SentNs = Proven(send.SentUs, header, clock),
            LateNs = Proven(late, header, clock),
            WallSentNs = Math.Min(ByWall(send.SentUs, header, clock), clock.NowNs),
            WallLateNs = MachineBoot.IsSame(header.Boot, clock.Boot) ? Nanoseconds(late) : Math.Min(ByWall(late, header, clock), clock.NowNs),
            Number = send.Number,
            Costs = send.Costs,
        };
    }

    private static PastSend Unanswered(ScopeSend send, ScopeHeader header, RestartClock clock, TimeSpan straggle)
    {
        var late = clock.NowNs + Clock.Nanoseconds(straggle);
        return new PastSend
        {
            SentNs = Proven(send.SentUs, header, clock),
            LateNs = late,
            WallSentNs = Math.Min(ByWall(send.SentUs, header, clock), clock.NowNs),
            WallLateNs = late,
            IsUnanswered = true,
            Number = send.Number,
            Costs = send.Costs,
        };
    }

    private static long ByWall(long us, ScopeHeader header, RestartClock clock) =>
        MachineBoot.IsSame(header.Boot, clock.Boot)
            ? Nanoseconds(us)
            : long.CreateSaturating(clock.NowNs + ((Int128)us - header.MonoUs + header.WallUs - clock.WallUs) * Clock.Microsecond);

    /// <summary>A record may say anything: what is beyond the clock is its last or first moment, never one on the other side of it.</summary>
    private static long Nanoseconds(long us) => long.CreateSaturating((Int128)us * Clock.Microsecond);

    private static long? Latest(long? known, long? us, ScopeHeader header, RestartClock clock) =>
        us is not { } at ? known : known is { } other ? Math.Max(other, Proven(at, header, clock)) : Proven(at, header, clock);
}
