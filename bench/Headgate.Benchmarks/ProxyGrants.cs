using System.Diagnostics;
using System.Globalization;
using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Limits;
using Headgate.Proxies;
using Headgate.Time;

namespace Headgate.Benchmarks;

/// <summary>What a grant costs where one of many proxies is chosen, from its wish to the end of its answer, in virtual time: at once, and out of a queue.</summary>
internal static class ProxyGrants
{
    private const double Most = 20_000;

    public static Task RunAsync(Session session)
    {
        foreach (var choice in (ProxyChoice[])[ProxyChoice.LeastUsed, ProxyChoice.RoundRobin, ProxyChoice.Fastest, ProxyChoice.Geo, ProxyChoice.Sticky])
            foreach (var count in (int[])[10, 1_000, 10_000])
                // Those who keep to one go in another order than they came.
                foreach (var queues in choice == ProxyChoice.Sticky ? (bool[])[false] : [false, true])
                {
                    var took = Round.Middle(Enumerable.Range(0, session.Either(5, 1)).Select(_ => new Pool(choice, count, queues).Measure(session.Either(4_000, 400))));
                    var (what, figure) = ($"{ProxySettings.NameOf(choice)} of {count:#,0}{(queues ? ", out of a queue" : "")}", string.Create(CultureInfo.InvariantCulture, $"{took / 1000:0.00} µs"));
                    if (count == 10_000)
                        session.Report.HoldTime(what, figure, "≤ 20 µs", took <= Most);
                    else
                        session.Report.Add(what, figure);
                }
        return Task.CompletedTask;
    }

    private sealed class Pool : IProxyUser
    {
        private readonly VirtualTime _time = new();
        private readonly Dispatcher _dispatcher;
        private readonly ProxyOutlets _ways;
        private readonly Gate _gate;
        private readonly bool _queues;
        private readonly Random _random = new(7);
        private readonly int _count;

        public Pool(ProxyChoice choice, int count, bool queues)
        {
            (_count, _queues, _dispatcher) = (count, queues, new Dispatcher(_time));
            var pool = new ProxyPool(new ProxyPoolConfiguration { Name = "pool", Choice = choice });
            _ways = new ProxyOutlets(pool, this);
            _gate = new Gate("api", [ScopeOf("api", queues ? [Limit.Parse($"{count / 2} concurrent")] : [])]) { Proxies = _ways };
            _dispatcher.Change((pool, this), static (_, it, now) =>
            {
                var (pool, self) = it;
                pool.UseNeedsLock([.. Enumerable.Range(0, self._count).Select(number => new PoolProxy(Entry(number), null))]);
                pool.Users = [self._ways];
                self._ways.UseNeedsLock(pool.Proxies.Select(proxy => new ProxyOutlet(proxy, self.ExitOf(proxy.Entry, [Limit.Parse("1000000/s")]), proxy.Name)));
                // Each is proven, and was measured.
                foreach (var way in self._ways.All)
                    for (var answer = 0; answer < 6; answer++)
                    {
                        way.AnsweredNeedsLock(now + 1, now + 2 + self._random.Next(1_000_000));
                        way.BroughtNeedsLock(isEmpty: false, now + 1, now + 2);
                    }
            });
        }

        public string Name => "api";

        public IEnumerable<Gate> Gates => [_gate];

        public ProxyExit ExitOf(ProxyEntry entry, ValueList<Limit> limits) => new(entry.ExitName, ScopeOf(entry.ExitName, limits));

        public void Follow(ProxyPool pool, IReadOnlyList<ProxyEntry> entries, IReadOnlyList<ProxyOutlet> ways) => throw new NotSupportedException();

        /// <returns>Nanoseconds for each grant.</returns>
        public double Measure(int grants)
        {
            using var end = _dispatcher;
            var underWay = new Queue<Permit>();
            for (var number = 0; number < (_count / 2) + (_queues ? grants : 0); number++)
                underWay.Enqueue(Ask());
            var start = Stopwatch.GetTimestamp();
            for (var number = 0; number < grants; number++)
            {
                if (!_queues)
                    underWay.Enqueue(Ask());
                var permit = underWay.Dequeue();
                _dispatcher.Sent(permit, _dispatcher.Clock.Now);
                _dispatcher.Answered(permit, _dispatcher.Clock.Now);
                permit.BringsBody = true;
                _time.Advance(TimeSpan.FromMicroseconds(10));
                _dispatcher.Ended(permit, _dispatcher.Clock.Now);
            }
            var took = Stopwatch.GetElapsedTime(start).TotalNanoseconds / grants;
            return _dispatcher.Waiting == 0 ? took : throw new InvalidOperationException($"{_dispatcher.Waiting} wait still");
        }

        private static ProxyEntry Entry(int number) => new(new ProxyEndpoint(ProxyKind.Http, $"p{number}.test", 8080)) { Country = number % 2 == 0 ? "DE" : "FR", Weight = 1 + (number % 3) };

        private Permit Ask()
        {
            var permit = new Permit(Cost.One, LimitState.Never);
            var ways = _ways.For("DE", $"tenant {_random.Next(100)}", null);
            _dispatcher.Acquire(permit, _gate, new LaneKey(Cost.One, RequestPriority.Medium, null, null, ways), CancellationToken.None);
            return permit;
        }

        private Scope ScopeOf(string name, ValueList<Limit> limits) => new(name, limits, ArrivalTerms.Nominal, _dispatcher.Ours);
    }
}
