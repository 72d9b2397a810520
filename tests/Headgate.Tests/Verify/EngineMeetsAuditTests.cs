using Headgate.App.Verify;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Verify;

/// <summary>What the engine's arithmetic lets through, at full speed and with every kind of answer, the audit finds within the limit.</summary>
public sealed class EngineMeetsAuditTests
{
    private const long Ms = Clock.Millisecond;
    private static readonly string[] Limits =
    [
        "20/s", "20/s guard=0ms", "100/min", "20/s burst=5", "20/s burst=5 guard=0ms", "7 bucket 3/s guard=0ms", "50/s counter", "3/s spaced", "3/s spaced guard=0ms", "5 concurrent", "30/10s fixed", "1/s counter", "100/s counter guard=0ms",
    ];

    public static TheoryData<string, string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, int>();
            foreach (var limit in Limits)
                foreach (var timing in (string[])["guaranteed", "bounded", "nominal"])
                    for (var seed = 1; seed <= 3; seed++)
                        cases.Add(limit, timing, seed);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void No_window_is_exceeded(string text, string timing, int seed)
    {
        var header = LedgerScript.Header(text) with { Timing = timing, BoundMs = new Dictionary<string, decimal> { ["api"] = 250 } };
        using var script = new LedgerScript(header);
        script.Write(writer => new Sender(Limit.Parse(text), timing, new Random(seed), writer).Send(400));
        var found = script.Audit().Single();
        Assert.False(found.Worst!.IsBreach, $"{found.Worst} attempts {string.Join(", ", found.Attempts)}");
        Assert.InRange(found.Worst.Use, 0.6, 1.0001);
    }

    [Theory]
    [InlineData("20/s", 7)]
    [InlineData("20/s burst=9", 9)]
    [InlineData("100/s counter", 9)]
    [InlineData("100/s counter", 60)]
    [InlineData("10/s spaced", 3)]
    [InlineData("50/10s fixed", 7)]
    public void Nor_with_costs_of_every_size(string text, int largest)
    {
        foreach (var timing in (string[])["guaranteed", "bounded"])
        {
            using var script = new LedgerScript(LedgerScript.Header(text) with { Timing = timing, BoundMs = new Dictionary<string, decimal> { ["api"] = 250 } });
            script.Write(writer => new Sender(Limit.Parse(text), timing, new Random(largest), writer, largest).Send(400));
            var found = script.Audit().Single();
            Assert.False(found.Worst!.IsBreach, $"{found.Worst} attempts {string.Join(", ", found.Attempts)}");
            Assert.InRange(found.Worst.Use, 0.4, 1.0001);
        }
    }

    /// <summary>Sends as soon as the limit lets it: answers after 0 to 2 s, one in ten is given up.</summary>
    private sealed class Sender(Limit limit, string timing, Random random, LedgerWriter writer, int largest = 1)
    {
        private const long Straggle = 2000 * Ms;
        private readonly PriorityQueue<Action<long>, long> _events = new();
        private readonly LimitState _state = LimitStates.Create(
            limit,
            new ArrivalTerms(Enum.Parse<LimitTiming>(timing, ignoreCase: true), 250 * Ms, Straggle),
            new WallTime(LedgerScript.WallAtZero * 1000, 0, isKnown: true),
            WallTime.Unknown());

        public void Send(int count)
        {
            var now = 0L;
            var cost = 1;
            for (var number = 1; number <= count;)
            {
                var free = _state.FreeAt(cost, now);
                if (_events.TryPeek(out _, out var due) && due <= free)
                {
                    now = Math.Max(now, due);
                    _events.Dequeue()(now);
                    continue;
                }
                Assert.NotEqual(LimitState.Never, free);
                now = free;
                Attempt(number++, cost, now);
                cost = random.Next(1, largest + 1);
            }
            while (_events.TryDequeue(out var last, out var due))
                last(due);
        }

        private void Attempt(long number, int cost, long sent)
        {
            _state.Take(cost);
            _state.Sent(cost, sent);
            writer.WriteIntent(new LedgerIntent { WallUs = LedgerScript.WallAtZero + sent / 1000, SentUs = sent / 1000, Number = number, Upstream = "api", Cost = [new(Limit.Requests, cost)] });
            var answered = sent + random.NextInt64(random.Next(3) == 0 ? 2000 * Ms : 50 * Ms);
            var isLost = random.Next(10) == 0;
            var ended = isLost ? answered : answered + random.NextInt64(20 * Ms);
            _events.Enqueue(now => { if (isLost) _state.Lost(cost, sent, now); else _state.Answered(cost, sent, now); }, answered);
            _events.Enqueue(
                now =>
                {
                    _state.Ended(cost, sent, isLost, now);
                    var late = isLost ? now + Straggle : timing == "bounded" ? Math.Min(answered, sent + 250 * Ms) : answered;
                    writer.WriteEnd(new LedgerEnd { Number = number, EndUs = now / 1000, LateUs = late / 1000, Status = isLost ? 0 : 200, Class = isLost ? "timeout" : null });
                },
                ended);
        }
    }
}
