using Headgate.Benchmarks;

Round.Prepare();
(string Name, string What, Func<Session, Task> Run)[] benchmarks =
[
    ("checks", "one limit check and three at once, beside System.Threading.RateLimiting", Checks.RunAsync),
    ("queue", "a million waiters in one gate: memory, and how fast they come, go and give up", GateQueue.RunAsync),
    ("keys", "100,000 keys: memory of each, idle and in use", KeyMemory.RunAsync),
    ("proxies", "a grant where one of 10, 1,000 and 10,000 proxies is chosen, by each strategy", ProxyGrants.RunAsync),
    ("cache", "the cache: how much of a zipf trace is found, lookups a second, memory of an answer", CacheLookups.RunAsync),
    ("engine", "the engine around a bare handler loop, beside the bare loop and Polly", EngineThroughput.RunAsync),
    ("overhead", "what the engine adds to each request at half the rate of saturation, open model", Overhead.RunAsync),
    ("run", "headgate run of 100,000 lines in a process of its own; --learn without --limit none, --million for 1,000,000", RunEndToEnd.RunAsync),
    ("inflight", "10,000 requests in flight at once, beside a bare HttpClient", InFlight.RunAsync),
    ("rate", "how much of an allowed rate is used, and whether a judge finds it exceeded", AllowedRate.RunAsync),
    ("lateness", "from the due time to the grant, beside the timers of the runtime", GrantLateness.RunAsync),
];
var name = args.FirstOrDefault() ?? "";
if (name == "all")
    return await Every.RunAsync([.. benchmarks.Select(benchmark => benchmark.Name)], args[1..]);
if (name == "origin")
    return await Origin.RunAsync(args[1..]);
if (name == "flood")
    return await Flood.RunAsync(args[1..]);
foreach (var benchmark in benchmarks)
{
    if (benchmark.Name != name)
        continue;
    var (session, others) = (new Session(name, args[1..]), new Others());
    await benchmark.Run(session);
    session.Report.Others = others.Part;
    Console.WriteLine(session.Report);
    if (session.To is { } path)
        session.Report.WriteTo(path);
    return session.Report.IsMissed ? 1 : 0;
}

Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Headgate.Benchmarks -- NAME [--quick]");
foreach (var benchmark in benchmarks)
    Console.Error.WriteLine($"  {benchmark.Name,-10}{benchmark.What}");
Console.Error.WriteLine($"  {"all",-10}every one of them, or those named; --write puts the figures into docs/benchmarks.md");
return 2;
