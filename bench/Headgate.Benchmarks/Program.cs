using Headgate.Benchmarks;

Round.Prepare();
var benchmarks = new (string Name, string What, Func<string[], Task<int>> Run)[]
{
    ("engine", "the straight line around a bare handler loop, beside the bare loop and Polly", EngineThroughput.RunAsync),
    ("run", "headgate run of 100,000 lines, end to end, in a process of its own", RunEndToEnd.RunAsync),
    ("in-flight", "10,000 requests in flight at once, beside HttpClient: all answered, and peak memory", InFlight.RunAsync),
    ("allowed-rate", "how much of an allowed rate is used, through the dispatcher alone", AllowedRate.RunAsync),
    ("lateness", "from the due time to the grant decision; the CPU of an idle engine", GrantLateness.RunAsync),
    ("origin", "a server that answers everything, for the others; prints its port", Origin.RunAsync),
};

foreach (var (name, _, run) in benchmarks)
    if (args.Length > 0 && args[0] == name)
        return await run(args[1..]);

Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Headgate.Benchmarks -- NAME");
foreach (var (name, what, _) in benchmarks)
    Console.Error.WriteLine($"  {name,-14}{what}");
return 2;
