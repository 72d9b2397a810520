using Headgate.Time;

namespace Headgate.Limits;

/// <summary>When a limit with <c>when=</c> holds, by our wall clock. Remembers its last search. Owned by the lock of its dispatcher.</summary>
internal sealed class DutyHours(Limit limit, WallTime ours)
{
    private const long Minute = 60 * Clock.Second;

    /// <summary>A schedule repeats every week; a change to or from summer time may put one end of it off.</summary>
    private const long Horizon = 8 * 24 * 60 * Minute;

    private readonly LimitSchedule _schedule = limit.When!;
    private readonly TimeZoneInfo _zone = limit.Zone ?? TimeZoneInfo.Utc;

    private (long From, long To, long Lead, int Clock) _searched = (0, -1, 0, 0);
    private long _found;

    /// <summary>The earliest instant from now on at which the limit does not hold, nor within <paramref name="lead"/> of it; <see cref="LimitState.Never"/> if it always does.</summary>
    public long NextOff(long now, long lead)
    {
        // Until it comes, the answer stays the same.
        if (now < _searched.From || now > _searched.To || lead != _searched.Lead || ours.Version != _searched.Clock)
        {
            _found = Search(now, lead);
            _searched = (now, _found == LimitState.Never ? now + Horizon / 2 : _found, lead, ours.Version);
        }
        return _found;
    }

    private long Search(long now, long lead)
    {
        var from = now;
        // Schedules are told in whole minutes, so one look at each minute is enough.
        for (var minute = StartOfMinute(now); minute < now + Horizon; minute += Minute)
        {
            if (minute > from + lead)
                return from;
            if (_schedule.Holds(DateTimeOffset.UnixEpoch.AddTicks((minute + ours.Offset) / 100), _zone))
                from = minute + Minute;
        }
        return LimitState.Never;
    }

    private long StartOfMinute(long at) => at - (at + ours.Offset) % Minute;
}
