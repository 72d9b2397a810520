using Headgate.Limits;
using Headgate.Tests.Limits.Servers;
using Headgate.Time;

namespace Headgate.Tests.Limits;

/// <summary>
/// Somebody with endless work, in virtual time, who goes as soon as a limit says so; and an adversary who decides when each attempt
/// arrives and is answered, as far as the timing allows.
/// </summary>
internal sealed class Client(Random random, LimitState state, ArrivalTerms terms)
{
    private readonly PriorityQueue<Action, (long At, int Order)> _events = new();
    private readonly List<(long Until, ArrivalTerms Terms)> _eras = [];
    private int _order;
    private int _eventsRun;
    private Luck _luck;

    private enum Luck { Early, Late, Any }

    public LimitState State { get; private set; } = state;

    public long Now { get; private set; } = 1_000 * Clock.Second + random.Next(1_000_000_000);

    public long MaxCost { get; init; } = 1;

    public long MaxLatency { get; init; }

    /// <summary>How often an attempt is never answered, and how often a permit goes back unsent.</summary>
    public double Losses { get; init; } = 0.05;

    public double Returns { get; init; } = 0.05;

    /// <summary>How often it has nothing to do for a while.</summary>
    public double Pauses { get; init; } = 0.05;

    public long MaxPause { get; init; }

    /// <summary>What is known of the server's clock fades, so that what was said of a time may become later.</summary>
    public bool ClockFades { get; init; }

    public Action<long, long>? OnAnswer { get; init; }

    public List<Arrival> Arrivals { get; } = [];

    /// <summary>From arrival to the end of the answer, for limits on what is in flight.</summary>
    public List<(long From, long To, long Cost)> Served { get; } = [];

    public IEnumerable<Arrival> InOrder => Arrivals.OrderBy(arrival => arrival.At);

    public void At(long at, Action act) => _events.Enqueue(act, (at, _order++));

    /// <summary>Sends so many attempts, each as soon as it may, and sees the last of them end.</summary>
    public void Run(int attempts, bool thatEnds = true)
    {
        var idleUntil = Now;
        var cost = NextCost();
        while (attempts > 0 || (thatEnds && _events.Count > 0))
        {
            if (attempts > 0 && Now >= idleUntil)
            {
                var free = State.FreeAt(cost, Now);
                Assert.True(free >= Now, $"FreeAt({cost}, {Now}) is {free}, in the past");
                if (free == Now)
                {
                    Take(cost);
                    (cost, attempts) = (NextCost(), attempts - 1);
                    if (random.Chance(Pauses))
                        idleUntil = Now + random.NextInt64(MaxPause + 1);
                    continue;
                }
                Assert.True(free != LimitState.Never || _events.Count > 0, $"waits for ever with nothing in flight: cost {cost} at {Now}");
                WaitUntil(free, cost);
            }
            else
                WaitUntil(attempts > 0 ? idleUntil : LimitState.Never, null);
        }
    }

    /// <summary>Another limit takes the place of this one.</summary>
    public void Change(LimitState next)
    {
        _eras.Add((Now, terms.For(State.Limit)));
        next.Inherit(State, Now);
        State = next;
        // What is sent at the very instant of a change counts as sent before it.
        Now++;
        for (var index = 0; index < Arrivals.Count; index++)
            Arrivals[index] = Arrivals[index] with { IsOfOldLimit = true };
    }

    private long NextCost() => MaxCost == 1 || random.Chance(0.4) ? 1 : random.Chance(0.1) ? MaxCost : random.NextInt64(1, MaxCost + 1);

    /// <summary>To the next event or to a time; while nothing happens, what was said of the time stays true to the nanosecond.</summary>
    private void WaitUntil(long at, long? cost)
    {
        var next = _events.TryPeek(out _, out var first) ? first.At : LimitState.Never;
        if (cost is { } waiting && at < next)
        {
            if (at - 1 > Now)
                CheckKept(at, State.FreeAt(waiting, at - 1));
            CheckKept(at, State.FreeAt(waiting, at));
        }
        Now = Math.Min(at, next);
        while (_events.TryPeek(out var act, out first) && first.At <= Now)
        {
            _events.Dequeue();
            act();
            _eventsRun++;
        }
        if (_eventsRun % 7 == 0)
            _luck = random.Pick(Luck.Early, Luck.Late, Luck.Any);
    }

    /// <summary>While nothing happens what was said of a time stays true, to the nanosecond.</summary>
    private void CheckKept(long said, long says)
    {
        // What arrives in between may take a counter's older past out of its two windows.
        var isKept = State.Limit.Algorithm == LimitAlgorithm.Counter ? says <= said : says == said || (ClockFades && says > said);
        Assert.True(isKept, $"{State.Limit}: FreeAt said {said}, and later {says}");
    }

    private void Take(long cost)
    {
        State.Take(cost);
        var era = _eras.Count;
        if (random.Chance(Returns))
            At(Now + random.NextInt64(MaxLatency + 1), () => State.Return(cost));
        else if (random.Chance(0.7))
            Send(cost, era);
        else
            At(Now + random.NextInt64(MaxLatency / 4 + 1), () => Send(cost, era));
    }

    private void Send(long cost, int era)
    {
        var sent = Now;
        var then = _eras.Count > 0 && sent <= _eras[^1].Until ? _eras.First(e => sent <= e.Until).Terms : terms.For(State.Limit);
        var (timing, bound) = (then.Timing, then.Bound);
        State.Sent(cost, sent);
        var answered = sent + random.NextInt64(MaxLatency + 1);
        var isLost = random.Chance(Losses);
        var settles = State.Limit.Unit != Limit.Requests;
        // In other units the server counts what the answer came to, at some moment until its end.
        var counted = settles && !isLost ? random.NextInt64(1, cost + 1) : cost;
        var ended = settles || State.Limit.Algorithm == LimitAlgorithm.Concurrent ? answered + random.NextInt64(MaxLatency + 1) : answered;
        var latest = isLost ? answered + (timing == LimitTiming.Nominal && settles ? 0 : then.Straggle) : settles ? ended : answered;
        if (!settles && timing == LimitTiming.Nominal)
            latest = sent;
        // Who is given up after the bound has arrived before it; D is what was assumed then.
        if (!settles && timing == LimitTiming.Bounded && (!isLost || answered >= sent + bound))
            latest = Math.Min(latest, sent + bound);
        var arrival = _luck switch { Luck.Early => sent, Luck.Late => latest, _ => sent + random.NextInt64(latest - sent + 1) };
        Arrivals.Add(new Arrival(arrival, counted, sent, IsOfOldLimit: era < _eras.Count));
        Served.Add((arrival, isLost ? latest : ended, cost));
        At(answered, () => Answer(cost, counted, sent, isLost, ended));
    }

    private void Answer(long cost, long counted, long sent, bool isLost, long ended)
    {
        if (isLost)
        {
            State.Forfeit(cost, Now);
            State.Ended(cost, sent, isAborted: true, Now);
            State.Lost(cost, sent, Now);
            return;
        }
        OnAnswer?.Invoke(sent, Now);
        State.Answered(cost, sent, Now);
        At(ended, () =>
        {
            State.Settle(cost, counted, Now);
            State.Ended(cost, sent, isAborted: false, Now);
        });
    }
}
