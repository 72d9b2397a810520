using System.Diagnostics;
using System.Globalization;
using Headgate.Gates;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Benchmarks;

/// <summary>A million waiters in one gate, in virtual time: what each holds in memory, and how fast they come, go and give up.</summary>
internal static class GateQueue
{
    public static Task RunAsync(Session session)
    {
        var (waiters, rounds) = (session.Either(1_000_000, 200_000), session.Either(5, 1));
        List<(double Bytes, double Tied, double In, double Out, double Cancelled)> all = [];
        for (var round = 0; round < rounds; round++)
        {
            var (bytes, enter, leave) = Flow(waiters);
            var (tied, cancel) = GiveUp(waiters);
            all.Add((bytes, tied, enter, leave, cancel));
        }
        var it = session.Report;
        Memory($"{waiters:#,0} waiters: bytes each", Round.Middle(all.Select(round => round.Bytes)));
        Rate("enqueue", Round.Middle(all.Select(round => round.In)));
        Rate("dequeue, as their time comes", Round.Middle(all.Select(round => round.Out)));
        it.Add("bytes each with a token that can cancel", string.Create(CultureInfo.InvariantCulture, $"{Round.Middle(all.Select(round => round.Tied)):0} B"));
        it.Add("cancelled through their token", string.Create(CultureInfo.InvariantCulture, $"{Round.Middle(all.Select(round => round.Cancelled)) / 1e6:0.00} M/s"));
        return Task.CompletedTask;

        void Memory(string what, double bytes) => it.Hold(what, string.Create(CultureInfo.InvariantCulture, $"{bytes:0} B"), "≤ 200 B", bytes <= 200);
        void Rate(string what, double perSecond) => it.HoldTime(what, string.Create(CultureInfo.InvariantCulture, $"{perSecond / 1e6:0.00} M/s"), "≥ 1 M/s", perSecond >= 1e6);
    }

    /// <summary>All come while nobody may go, and go 1,000 at a time.</summary>
    private static (double Bytes, double In, double Out) Flow(int waiters)
    {
        var (time, dispatcher, gate) = Room("1000000/s burst=1000");
        using var end = dispatcher;
        var all = new Permit[waiters];
        var key = new LaneKey(Cost.One, RequestPriority.Medium, null, null);
        for (var first = 0; first < 1000; first++)
            dispatcher.TryAcquire(gate, key);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var start = Stopwatch.GetTimestamp();
        for (var index = 0; index < all.Length; index++)
            dispatcher.Acquire(all[index] = new Permit(Cost.One, LimitState.Never), gate, key, CancellationToken.None);
        var enter = Stopwatch.GetElapsedTime(start);
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        if (dispatcher.Waiting != waiters)
            throw new InvalidOperationException($"{dispatcher.Waiting} wait, not {waiters}");
        start = Stopwatch.GetTimestamp();
        while (dispatcher.Waiting > 0)
            time.Advance(TimeSpan.FromMilliseconds(1));
        var leave = Stopwatch.GetElapsedTime(start);
        GC.KeepAlive(all);
        return (bytes / (double)waiters, waiters / enter.TotalSeconds, waiters / leave.TotalSeconds);
    }

    /// <summary>All come with a token, and it is cancelled.</summary>
    private static (double Bytes, double Cancelled) GiveUp(int waiters)
    {
        var (_, dispatcher, gate) = Room("1/day");
        using var end = dispatcher;
        using var token = new CancellationTokenSource();
        var all = new Permit[waiters];
        var key = new LaneKey(Cost.One, RequestPriority.Medium, null, null);
        dispatcher.TryAcquire(gate, key);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var index = 0; index < all.Length; index++)
            dispatcher.Acquire(all[index] = new Permit(Cost.One, LimitState.Never), gate, key, token.Token);
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        var start = Stopwatch.GetTimestamp();
        token.Cancel();
        var took = Stopwatch.GetElapsedTime(start);
        if (dispatcher.Waiting != 0)
            throw new InvalidOperationException($"{dispatcher.Waiting} wait still");
        GC.KeepAlive(all);
        return (bytes / (double)waiters, waiters / took.TotalSeconds);
    }

    private static (VirtualTime Time, Dispatcher Dispatcher, Gate Gate) Room(string limit)
    {
        var time = new VirtualTime();
        var dispatcher = new Dispatcher(time);
        return (time, dispatcher, new Gate("api", [new Scope("api", [Limit.Parse(limit)], ArrivalTerms.Nominal, dispatcher.Ours)], sendsAtGrant: true));
    }
}
