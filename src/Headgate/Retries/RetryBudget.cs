using System.Runtime.CompilerServices;
using Headgate.Time;

namespace Headgate.Retries;

/// <summary>
/// Stops storms of retries: one is allowed if, with it, the last 10 s hold at most 20 % of their requests, plus 10 for each second.
/// Pure integer arithmetic; not thread-safe: owned by the lock of the API's gate.
/// </summary>
/// <param name="sharePerMille">The part of the traffic that may be retries, in thousandths: 0 to 1,000; 200 by default.</param>
/// <param name="floorPerSecond">What is allowed whatever the traffic, in retries a second: 0 to 1,000,000; 10 by default.</param>
internal sealed class RetryBudget(int sharePerMille = 200, int floorPerSecond = 10)
{
    private const int Seconds = 10;
    // One more than the horizon, so that the time looked back on is never shorter than it.
    private const int Slots = Seconds + 1;

    private Counts _requests;
    private Counts _retries;
    private long _requestsSum;
    private long _retriesSum;
    private long _second = long.MinValue;

    /// <summary>Counts a request that was sent for the first time.</summary>
    public void Deposit(long now)
    {
        Advance(now);
        _requests[SlotOf(_second)]++;
        _requestsSum++;
    }

    /// <summary>Takes one retry out of the budget; false if it is exhausted: a direct call fails then, a job waits until <see cref="WaitUntil"/>.</summary>
    public bool TryWithdraw(long now)
    {
        Advance(now);
        if (!Allows(_requestsSum, _retriesSum))
            return false;
        _retries[SlotOf(_second)]++;
        _retriesSum++;
        return true;
    }

    /// <summary>When a retry will be allowed at the earliest if nothing else comes, in monotonic nanoseconds; null if never.</summary>
    public long? WaitUntil(long now)
    {
        Advance(now);
        var (requests, retries) = (_requestsSum, _retriesSum);
        if (Allows(requests, retries))
            return now;
        for (var passed = 1; passed <= Slots; passed++)
        {
            // The slot that will be reused then is the one that falls out of sight.
            var slot = SlotOf(_second + passed);
            requests -= _requests[slot];
            retries -= _retries[slot];
            if (Allows(requests, retries))
                return (_second + passed) * Clock.Second;
        }
        return null;
    }

    private bool Allows(long requests, long retries) => requests * sharePerMille + (floorPerSecond * Seconds - retries - 1) * 1000L >= 0;

    private void Advance(long now)
    {
        var second = Math.Max(_second, FloorSecond(now));
        if (_second == long.MinValue || second - _second >= Slots)
        {
            (_requests, _retries, _requestsSum, _retriesSum) = (default, default, 0, 0);
            _second = second;
        }
        while (_second < second)
        {
            var slot = SlotOf(++_second);
            _requestsSum -= _requests[slot];
            _retriesSum -= _retries[slot];
            (_requests[slot], _retries[slot]) = (0, 0);
        }
    }

    private static long FloorSecond(long now) => now >= 0 ? now / Clock.Second : (now + 1) / Clock.Second - 1;

    private static int SlotOf(long second) => (int)(((second % Slots) + Slots) % Slots);

    [InlineArray(Slots)]
    private struct Counts
    {
        private long _first;
    }
}
