using System.Net;
using System.Net.Sockets;
using Headgate.Connections;
using Headgate.Time;

namespace Headgate.Tests.Connections;

/// <summary>A host with three addresses, each of which answers when the test says so.</summary>
public sealed class ConnectorTests
{
    private readonly VirtualTime _time = new();
    private readonly List<long> _roundTrips = [];
    private readonly Dictionary<string, TaskCompletionSource<Stream>> _dials = [];
    private readonly List<string> _stopped = [];
    private bool _stopsInTime = true;
    private string _addresses = "10.0.0.1 10.0.0.2 10.0.0.3";

    [Fact]
    public async Task The_first_address_is_taken_when_it_answers()
    {
        var connecting = ConnectAsync();
        _time.Advance(TimeSpan.FromMilliseconds(20));
        var stream = new MemoryStream();
        _dials["10.0.0.1"].SetResult(stream);

        Assert.Same(stream, await connecting);
        Assert.Equal(20 * Clock.Millisecond, Assert.Single(_roundTrips));
        Assert.Equal(["10.0.0.1"], _dials.Keys);
    }

    [Fact]
    public async Task An_address_that_says_nothing_costs_250_ms_and_the_round_trip_is_that_of_the_one_that_won()
    {
        var connecting = ConnectAsync();
        _time.Advance(TimeSpan.FromMilliseconds(249));
        Assert.Single(_dials);
        await AdvanceToAsync(2);
        _time.Advance(TimeSpan.FromMilliseconds(30));
        var stream = new MemoryStream();
        _dials["10.0.0.2"].SetResult(stream);

        Assert.Same(stream, await connecting);
        Assert.InRange(Assert.Single(_roundTrips), 30 * Clock.Millisecond, 31 * Clock.Millisecond);
        Assert.Equal(["10.0.0.1"], _stopped);
    }

    [Fact]
    public async Task A_refused_address_leads_to_the_next_at_once()
    {
        var connecting = ConnectAsync();
        _dials["10.0.0.1"].SetException(new SocketException((int)SocketError.ConnectionRefused));
        await DialedAsync(2);
        _dials["10.0.0.2"].SetResult(Stream.Null);

        Assert.Same(Stream.Null, await connecting);
        Assert.Equal(TimeSpan.Zero, _time.Elapsed);
    }

    [Fact]
    public async Task A_slow_first_one_can_still_win_and_the_other_is_stopped()
    {
        var connecting = ConnectAsync();
        await AdvanceToAsync(2);
        _dials["10.0.0.1"].SetResult(Stream.Null);

        Assert.Same(Stream.Null, await connecting);
        Assert.Equal(["10.0.0.2"], _stopped);
        Assert.True(Assert.Single(_roundTrips) >= 250 * Clock.Millisecond);
    }

    [Fact]
    public async Task A_connection_that_stands_when_another_has_won_is_closed()
    {
        _stopsInTime = false;
        var connecting = ConnectAsync();
        await AdvanceToAsync(2);
        _dials["10.0.0.1"].SetResult(Stream.Null);
        Assert.Same(Stream.Null, await connecting);

        var late = new MemoryStream();
        _dials["10.0.0.2"].SetResult(late);
        for (var step = 0; late.CanRead && step < 10_000; step++)
            await Task.Yield();
        Assert.False(late.CanRead);
    }

    [Fact]
    public async Task Where_none_answers_the_last_failure_is_told()
    {
        var connecting = ConnectAsync();
        foreach (var (number, error) in ((int, SocketError)[])[(1, SocketError.NetworkUnreachable), (2, SocketError.HostUnreachable), (3, SocketError.ConnectionRefused)])
        {
            await DialedAsync(number);
            _dials[$"10.0.0.{number}"].SetException(new SocketException((int)error));
        }
        Assert.Equal(SocketError.ConnectionRefused, (await Assert.ThrowsAsync<SocketException>(() => connecting)).SocketErrorCode);
        Assert.Empty(_roundTrips);
    }

    [Fact]
    public async Task A_name_without_addresses_is_not_found()
    {
        _addresses = "";
        Assert.Equal(SocketError.HostNotFound, (await Assert.ThrowsAsync<SocketException>(() => ConnectAsync())).SocketErrorCode);
    }

    [Fact]
    public async Task A_name_is_asked_once_and_only_the_addresses_that_were_looked_at_are_connected_to()
    {
        // First of the internet, then of this machine, as a name does that is to deceive whoever looks first and connects later.
        var answers = new Queue<string>(["1.1.1.1 127.0.0.1 2606:4700::1111 ::ffff:10.0.0.1", "127.0.0.1"]);
        var dialed = new List<string>();
        var connector = new Connector(new Clock(_time), _ => { })
        {
            MayConnect = AddressGuard.IsPublic,
            Resolve = (_, _) => Task.FromResult(answers.Dequeue().Split(' ').Select(IPAddress.Parse).ToArray()),
            Dial = (address, _) =>
            {
                dialed.Add(address.Address.ToString());
                return Task.FromException<Stream>(new SocketException((int)SocketError.ConnectionRefused));
            },
        };

        await Assert.ThrowsAsync<SocketException>(() => connector.ConnectAsync(new DnsEndPoint("turns.example", 443), CancellationToken.None).AsTask());
        Assert.Equal(["1.1.1.1", "2606:4700::1111"], dialed);
        // The next connection asks anew, and finds nothing it may connect to.
        await Assert.ThrowsAsync<AddressBlockedException>(() => connector.ConnectAsync(new DnsEndPoint("turns.example", 443), CancellationToken.None).AsTask());
        Assert.Equal(2, dialed.Count);
    }

    [Fact]
    public async Task Whoever_gives_up_stops_them_all()
    {
        using var stop = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        var connecting = ConnectAsync(stop.Token);
        await AdvanceToAsync(3);
        await stop.CancelAsync();

        Assert.Equal(stop.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting)).CancellationToken);
        Assert.Equal(["10.0.0.1", "10.0.0.2", "10.0.0.3"], _stopped.Order());
    }

    private Task<Stream> ConnectAsync(CancellationToken cancellation = default) => new Connector(new Clock(_time), _roundTrips.Add)
    {
        Resolve = (_, _) => Task.FromResult(_addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPAddress.Parse).ToArray()),
        Dial = (address, stop) =>
        {
            var name = address.Address.ToString();
            var dial = _dials[name] = new TaskCompletionSource<Stream>();
            stop.Register(() =>
            {
                lock (_stopped)
                    if (_stopsInTime && dial.TrySetCanceled(stop))
                        _stopped.Add(name);
            });
            return dial.Task;
        },
    }.ConnectAsync(new DnsEndPoint("api.example", 443), cancellation).AsTask();

    /// <summary>Lets time pass until so many addresses were tried.</summary>
    private async Task AdvanceToAsync(int dials)
    {
        for (var step = 0; _dials.Count < dials && step < 10_000; step++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Yield();
        }
        Assert.Equal(dials, _dials.Count);
    }

    private async Task DialedAsync(int dials)
    {
        for (var step = 0; _dials.Count < dials && step < 10_000; step++)
            await Task.Yield();
        Assert.Equal(dials, _dials.Count);
    }
}
