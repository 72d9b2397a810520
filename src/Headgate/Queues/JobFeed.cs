using Headgate.Time;

namespace Headgate.Queues;

/// <summary>
/// Leases jobs from a queue in batches, lane by lane, so that each lane has some hundred of them at hand and the others cost nothing here.
/// Thread-safe.
/// </summary>
/// <param name="queue">The queue.</param>
/// <param name="clock">The clock.</param>
/// <param name="mostOfLane">So many of a lane are at hand at most.</param>
/// <param name="begin">Begins leased jobs; what it throws puts them back for a while.</param>
/// <param name="failed">Told of what was thrown; must not throw.</param>
internal sealed class JobFeed(IJobQueue queue, Clock clock, int mostOfLane, Func<IReadOnlyList<JobLease>, Task> begin, Action<Exception> failed) : IDisposable
{
    /// <summary>As many of a lane at hand as is of any use: enough for 5,000 a second where a batch takes 50 ms.</summary>
    public const int Usual = 512;

    /// <summary>So many of all lanes are at hand; where it is full a lane still has <see cref="Least"/>, so that a million lanes cost what a thousand do.</summary>
    private const int AtHandTogether = 65_536;

    private const int Least = 2;

    /// <summary>How long a lane rests of which nothing could be leased, or begun.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Lane> _lanes = [];
    private int _atHand;
    private bool _isStopped;

    /// <summary>There may be something to lease in a lane.</summary>
    public void Signal(string name)
    {
        lock (_lock)
        {
            if (_isStopped)
                return;
            if (!_lanes.TryGetValue(name, out var lane))
                _lanes.Add(name, lane = new Lane(name));
            lane.MayHaveMore = true;
            GoOnNeedsLock(lane);
        }
    }

    /// <summary>A leased job has ended, or went back.</summary>
    public void Ended(string name)
    {
        lock (_lock)
        {
            var lane = _lanes[name];
            lane.AtHand--;
            _atHand--;
            GoOnNeedsLock(lane);
            if (lane is { AtHand: 0, MayHaveMore: false, IsLeasing: false, Wake: null })
                _lanes.Remove(name);
        }
    }

    /// <summary>Leases nothing more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isStopped = true;
            foreach (var lane in _lanes.Values)
                lane.Wake?.Dispose();
        }
    }

    private void GoOnNeedsLock(Lane lane)
    {
        var most = Math.Clamp(lane.AtHand + AtHandTogether - _atHand, Math.Min(Least, mostOfLane), mostOfLane);
        if (_isStopped || lane.IsLeasing || !lane.MayHaveMore || lane.AtHand > most / 2)
            return;
        lane.IsLeasing = true;
        _ = LeaseAsync(lane, most - lane.AtHand);
    }

    private async Task LeaseAsync(Lane lane, int most)
    {
        // Whoever signals has something else to do.
        await Task.Yield();
        DateTimeOffset? next = null;
        var isResting = false;
        try
        {
            lock (_lock)
                // What comes from here on is signalled anew.
                lane.MayHaveMore = false;
            var leased = await queue.LeaseAsync(lane.Name, most).ConfigureAwait(false);
            next = leased.NextDue;
            lock (_lock)
            {
                lane.AtHand += leased.Leases.Count;
                _atHand += leased.Leases.Count;
                lane.MayHaveMore |= leased.Leases.Count == most;
            }
            if (leased.Leases.Count > 0)
                await begin(leased.Leases).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            failed(failure);
            isResting = true;
        }
        lock (_lock)
        {
            lane.IsLeasing = false;
            if (isResting || next is not null)
                WakeNeedsLock(lane, isResting ? Rest : next!.Value - clock.Provider.GetUtcNow());
            if (!isResting)
                GoOnNeedsLock(lane);
        }
    }

    private void WakeNeedsLock(Lane lane, TimeSpan wait)
    {
        lane.Wake?.Dispose();
        lane.Wake = null;
        if (_isStopped)
            return;
        // Cut to whole milliseconds by the timer, so that it would come too early again and again.
        wait = wait < Rest / 1000 ? Rest / 1000 : wait > Clock.LongestTimer ? Clock.LongestTimer : wait;
        lane.Wake = clock.Provider.CreateTimer(_ =>
        {
            lock (_lock)
            {
                lane.Wake?.Dispose();
                lane.Wake = null;
            }
            Signal(lane.Name);
        }, null, wait, Timeout.InfiniteTimeSpan);
    }

    private sealed class Lane(string name)
    {
        public string Name => name;

        /// <summary>Leased, and not ended.</summary>
        public int AtHand { get; set; }

        public bool MayHaveMore { get; set; }

        public bool IsLeasing { get; set; }

        /// <summary>Set for the time when more is due.</summary>
        public ITimer? Wake { get; set; }
    }
}
