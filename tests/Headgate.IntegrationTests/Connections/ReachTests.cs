using System.Net;
using System.Net.Sockets;
using Headgate.Connections;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;
using Headgate.Time;

namespace Headgate.IntegrationTests.Connections;

/// <summary>Hosts that are not there, or not any more.</summary>
public sealed class ReachTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Hosts_that_cannot_be_reached_fail_their_lines_and_no_others()
    {
        await using var alive = new ByteServer(AnswerAsync);
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var cli = new Cli();
        var closed = $"http://127.0.0.1:{Ports.Free()}/";
        var mute = $"https://localhost:{((IPEndPoint)silent.LocalEndpoint).Port}";
        // The others have time enough to connect, or be refused, on a machine that is busy.
        cli.Write("headgate.json", $$"""{ "defaults": { "connectTimeout": 3, "retryDelay": 0.05 }, "upstreams": { "mute": { "base": ["{{mute}}"], "connectTimeout": 0.5 } } }""");
        cli.Write("in.jsonl", Enumerable.Range(1, 60).SelectMany(n => (string[])
        [
            Requests.Line($"name-{n}", "http://no-such-host.invalid/"),
            Requests.Line($"port-{n}", closed),
            Requests.Line($"mute-{n}", mute),
            Requests.Line($"alive-{n}", alive.Url),
        ]));

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--retries", "2");

        output.WriteLine(result.ToString());
        Assert.Equal((1, 60), (result.Code, alive.Requests));
        Assert.Equal(60, cli.Ledger().Count);
        Assert.All(cli.Results(), line =>
        {
            var (failure, attempts, detail) = line.Id!.Split('-')[0] switch
            {
                // The name server may take longer than the connect timeout; what it says is tested elsewhere.
                "name" => ("network", 0, "was never reached in 3 tries"),
                "port" => ("network", 0, "no connection: connection refused"),
                "mute" => ("network", 0, "no connection within the connect timeout"),
                _ => ((string?)null, 1, null),
            };
            Assert.Equal((failure, attempts, false), (line.Class, line.Attempts, line.MaybeSent));
            if (detail is not null)
                Assert.Contains(detail, line.Detail);
        });
        // One after the other they would take half a minute.
        Assert.InRange(result.Elapsed.TotalSeconds, 0, 20);
    }

    [Fact]
    public async Task A_host_that_is_gone_for_good_in_the_middle_ends_the_run_with_what_it_had_answered()
    {
        await using var cli = new Cli();
        var answered = 0;
        var gone = new TaskCompletionSource();
        var server = new ByteServer(async request =>
        {
            if (Interlocked.Increment(ref answered) > 20)
            {
                gone.TrySetResult();
                return false;
            }
            return await AnswerAsync(request);
        });
        cli.Write("in.jsonl", [.. Enumerable.Range(1, 60).Select(n => Requests.Line($"{n}", $"{server.Url}/{n}", "\"retry_delay\":0.05"))]);

        // Its breaker opens; of the two minutes that a run is patient a test does with two seconds.
        (cli.Environment["HEADGATE_DEFAULTS__BREAKER__RECOVERYTIMEOUT"], cli.Environment["HEADGATE_DEFAULTS__PATIENCE"]) = ("1", "2");
        var running = cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--retries", "2", "--concurrency", "4");
        await gone.Task.WaitAsync(Cli.Patience);
        await server.DisposeAsync();
        var result = await running;

        output.WriteLine(result.ToString());
        var results = cli.Results();
        Assert.Equal(1, result.Code);
        RunOutput.EachOnce(results, Enumerable.Range(1, 60).Select(n => $"{n}"));
        Assert.Equal(20, results.Count(line => line.Ok));
        Assert.All(results.Where(line => !line.Ok), line => Assert.True(line.Class is "network" or "circuit_open", line.Class));
        // A connection that the dying server had not yet read from may have taken a request with it.
        Assert.InRange(cli.Ledger().Count, server.Requests, server.Requests + 4);
        Assert.Equal(cli.Ledger().Count, results.Sum(line => line.Attempts));
    }

    [Fact]
    public async Task An_HTTP_2_server_that_never_says_a_word_is_a_timeout()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}";
        await using var cli = new Cli();
        cli.Write("headgate.json", TlsTests.Configuration([("api", url, """ "connections": { "http": "2" }, "connectTimeout": 0.5, "timeout": 0.5, "retryDelay": 0.05 """)]));
        cli.Write("in.jsonl", [Requests.Line("x", url)]);

        var result = await cli.RunAsync("run", "in.jsonl", "-o", "out.jsonl", "--retries", "1");

        output.WriteLine(result + string.Join('\n', cli.Results()));
        var line = Assert.Single(cli.Results());
        Assert.Equal(1, result.Code);
        Assert.Contains(line.Class, (string[])["timeout", "network"]);
        Assert.Equal(cli.Ledger().Count, line.Attempts);
    }

    [Fact]
    public async Task A_dead_address_of_a_host_costs_a_moment_and_not_the_connect_timeout()
    {
        using var alive = new TcpListener(IPAddress.Loopback, 0);
        alive.Start();
        var port = ((IPEndPoint)alive.LocalEndpoint).Port;
        using var dead = new FullBacklog(IPAddress.Parse("127.0.0.2"), port);
        var clock = new Clock(TimeProvider.System);
        var measured = 0L;
        var connector = new Connector(clock, roundTrip => measured = roundTrip) { Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.2"), IPAddress.Loopback]) };

        var before = clock.Now;
        await using var stream = await connector.ConnectAsync(new DnsEndPoint("api.example", port), TestContext.Current.CancellationToken).AsTask().WaitAsync(Cli.Patience, TestContext.Current.CancellationToken);

        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)((NetworkStream)stream).Socket.RemoteEndPoint!).Address);
        Assert.InRange(clock.Now - before, 240 * Clock.Millisecond, 5 * Clock.Second);
        Assert.InRange(measured, 1, 200 * Clock.Millisecond);
    }

    private static async Task<bool> AnswerAsync(ByteRequest request)
    {
        await request.SayAsync(HostileAnswers.Ok);
        return true;
    }

    /// <summary>A listener whose queue is full: a further connection hangs in its first packet.</summary>
    private sealed class FullBacklog : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly List<Socket> _fillers = [];

        public FullBacklog(IPAddress address, int port)
        {
            _listener.Bind(new IPEndPoint(address, port));
            _listener.Listen(1);
            for (var i = 0; i < 8; i++)
            {
                var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
                _fillers.Add(filler);
                try
                {
                    filler.Connect(_listener.LocalEndPoint!);
                }
                catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
                {
                }
            }
        }

        public void Dispose()
        {
            _fillers.ForEach(filler => filler.Dispose());
            _listener.Dispose();
        }
    }
}
