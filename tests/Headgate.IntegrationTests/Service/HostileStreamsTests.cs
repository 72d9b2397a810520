using System.Globalization;
using System.Net;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using static Headgate.IntegrationTests.Service.HostileStreams;

namespace Headgate.IntegrationTests.Service;

/// <summary>What can be done to a server with well-formed frames of HTTP/2: each is bounded, and good traffic goes on.</summary>
[Collection(Measured.Alone)]
public sealed class HostileStreamsTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int EnhanceYourCalm = 11;

    /// <summary>What a service may take more than at rest, whatever is done to it; it has some 100 MB.</summary>
    private const long MostMore = 150 << 20;

    private readonly Cli _cli = new();
    private readonly CancellationTokenSource _enough = new();
    private SimulatedApi _api = null!;
    private ServiceProcess _service = null!;
    private Task<(int Good, TimeSpan Slowest)> _traffic = null!;
    private long _memory;
    private int _port;
    private int _good;

    public async ValueTask InitializeAsync()
    {
        _api = await SimulatedApi.StartAsync(new());
        _service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={_api.Url}");
        _port = _service.Client.BaseAddress!.Port;
        _traffic = GoOnAsync();
        await Task.Delay(300);
        _memory = Memory();
    }

    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();
        await ((Task)_traffic).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _service.DisposeAsync();
        await _cli.DisposeAsync();
        await _api.DisposeAsync();
        _enough.Dispose();
    }

    [Fact]
    public async Task Streams_that_are_reset_as_soon_as_they_are_opened_end_the_connection()
    {
        await using var hostile = await ConnectAsync(_port);
        var request = hostile.Request("/up/sim/reset");
        var sent = 0;
        for (var stream = 1; stream < 200_000 && await hostile.SendAsync((byte[])[.. Frame(Headers, EndHeaders | EndStream, stream, request), .. Frame(Reset, 0, stream, [0, 0, 0, 8])]); stream += 2)
            sent++;

        await EndedAsync(hostile);
        // Its farewell is lost where more came behind it.
        Assert.True(hostile.Farewell is null or EnhanceYourCalm, $"{hostile.Farewell}");
        Assert.InRange(sent, 1, 90_000);
        await JudgeAsync($"{sent} streams were reset");
        // What reached the API is what was in flight at some moment, not what was asked for.
        Assert.InRange(_api.Arrivals().Count(arrival => arrival.Path == "/reset"), 0, 20_000);
    }

    [Fact]
    public async Task Headers_without_an_end_end_the_connection()
    {
        await using var hostile = await ConnectAsync(_port);
        await hostile.SendAsync(Frame(Headers, EndStream, 1, hostile.Request("/up/sim/x")));
        // A header of one letter and one of 100, without a table, again and again.
        byte[] field = [0x00, 0x01, (byte)'x', 100, .. Enumerable.Repeat((byte)'y', 100)];
        byte[] more = [.. Enumerable.Repeat(field, 150).SelectMany(bytes => bytes)];
        var sent = 0;
        while (sent < 10_000 && await hostile.SendAsync(Frame(Continuation, 0, 1, more)))
            sent++;

        await EndedAsync(hostile);
        Assert.InRange(sent, 1, 9_000);
        await JudgeAsync($"{sent} continuations were taken");
    }

    [Fact]
    public async Task Empty_headers_without_an_end_do_no_harm()
    {
        await using var hostile = await ConnectAsync(_port);
        await hostile.SendAsync(Frame(Headers, EndStream, 1, hostile.Request("/up/sim/x")));
        byte[] many = [.. Enumerable.Repeat(Frame(Continuation, 0, 1, []), 1000).SelectMany(frame => frame)];
        var sent = 0;
        var begun = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(20) && await hostile.SendAsync(many))
            sent += 1000;

        // The head of a request may take 15 seconds, however busy it is.
        await EndedAsync(hostile);
        await JudgeAsync($"{sent} empty continuations were taken");
    }

    [Theory]
    [InlineData(Settings)]
    [InlineData(Ping)]
    public async Task Questions_whose_answers_nobody_takes_are_not_answered_for_ever(byte type)
    {
        await using var hostile = await ConnectAsync(_port, reads: false);
        byte[] many = [.. Enumerable.Repeat(Frame(type, 0, 0, type == Ping ? new byte[8] : []), 1000).SelectMany(frame => frame)];
        var sent = 0;
        while (sent < 20_000_000 && await hostile.SendAsync(many))
            sent += 1000;

        Assert.InRange(sent, 1000, 10_000_000);
        await JudgeAsync($"{sent} frames of type {type} were taken");
    }

    [Fact]
    public async Task Answers_for_which_nobody_makes_room_are_given_up()
    {
        // SETTINGS_INITIAL_WINDOW_SIZE is 0.
        await using var hostile = await ConnectAsync(_port, [0, 4, 0, 0, 0, 0]);
        for (var stream = 1; stream < 200; stream += 2)
            await hostile.SendAsync(Frame(Headers, EndHeaders | EndStream, stream, hostile.Request("/up/sim/starved")));

        await EndedAsync(hostile);
        await JudgeAsync("100 answers were not taken");
    }

    [Fact]
    public async Task Streams_that_say_nothing_more_are_few_and_end()
    {
        List<HostileStreams> all = [];
        for (var connection = 0; connection < 20; connection++)
        {
            all.Add(await ConnectAsync(_port));
            for (var stream = 1; stream < 400; stream += 2)
                await all[^1].SendAsync(Frame(Headers, EndHeaders, stream, all[^1].Request("/up/sim/idle", isPost: true)));
        }
        foreach (var idle in all)
        {
            // Beyond 100 they are refused, and bodies that do not come are given up.
            await EndedAsync(idle, () => idle.Seen[Reset] >= 100);
            await idle.DisposeAsync();
        }
        await JudgeAsync("4,000 streams said nothing");
    }

    private static async Task EndedAsync(HostileStreams hostile, Func<bool>? orSo = null)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!hostile.Ended.IsCompleted && orSo?.Invoke() != true)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(45), "the server bears it for ever");
            await Task.Delay(50);
        }
    }

    /// <summary>Good traffic went on, and nothing grew.</summary>
    private async Task JudgeAsync(string what)
    {
        // It goes on now, too.
        var (before, begun) = (Volatile.Read(ref _good), TimeProvider.System.GetTimestamp());
        while (Volatile.Read(ref _good) < before + 5 && !_traffic.IsCompleted)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(45), "good traffic does not go on");
            await Task.Delay(50);
        }
        await _enough.CancelAsync();
        var (good, slowest) = await _traffic;
        var more = Memory() - _memory;
        output.WriteLine($"{what}; {good} good calls, the slowest {slowest.TotalMilliseconds:0} ms; {more >> 20} MB more");
        Assert.InRange(slowest, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.InRange(more, long.MinValue, MostMore);
    }

    /// <summary>Calls one after another, each of which is to be answered well.</summary>
    private async Task<(int Good, TimeSpan Slowest)> GoOnAsync()
    {
        using var client = new HttpClient { BaseAddress = _service.Client.BaseAddress, Timeout = TimeSpan.FromSeconds(30) };
        var (good, slowest) = (0, TimeSpan.Zero);
        while (!_enough.IsCancellationRequested)
        {
            var begun = TimeProvider.System.GetTimestamp();
            using var message = new HttpRequestMessage(HttpMethod.Get, "/up/sim/good") { Version = good % 2 == 0 ? HttpVersion.Version11 : HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var answer = await client.SendAsync(message);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var took = TimeProvider.System.GetElapsedTime(begun);
            (good, slowest) = (good + 1, took > slowest ? took : slowest);
            Volatile.Write(ref _good, good);
            await Task.Delay(20);
        }
        return (good, slowest);
    }

    private long Memory() =>
        long.Parse(File.ReadLines($"/proc/{_service.Process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
}
