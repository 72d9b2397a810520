using System.Net;
using System.Net.Sockets;
using Headgate.Connections;
using Headgate.Time;

namespace Headgate.Tests.Connections;

/// <summary>What callers may not reach they may not reach through a proxy.</summary>
public sealed class TargetGuardTests
{
    private readonly VirtualTime _time = new();
    private readonly Dictionary<string, IPAddress[]> _names = new()
    {
        ["public.example"] = [IPAddress.Parse("93.184.215.14")],
        ["private.example"] = [IPAddress.Parse("10.0.0.1")],
        ["both.example"] = [IPAddress.Parse("93.184.215.14"), IPAddress.Parse("10.0.0.1")],
    };
    private readonly List<string> _asked = [];

    [Theory]
    [InlineData("93.184.215.14", true)]
    [InlineData("10.0.0.1", false)]
    [InlineData("127.0.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("public.example", true)]
    [InlineData("private.example", false)]
    [InlineData("both.example", false)]
    public async Task All_addresses_of_a_host_have_to_be_allowed(string host, bool isAllowed)
    {
        var checking = Guard().CheckAsync(host, CancellationToken.None).AsTask();

        if (isAllowed)
            await checking;
        else
            await Assert.ThrowsAsync<AddressBlockedException>(() => checking);
    }

    [Fact]
    public async Task A_name_that_only_the_proxy_knows_is_not_reached() =>
        await Assert.ThrowsAsync<SocketException>(() => Guard().CheckAsync("metadata.internal", CancellationToken.None).AsTask());

    [Fact]
    public async Task What_was_found_holds_for_half_a_minute()
    {
        var guard = Guard();
        await guard.CheckAsync("public.example", CancellationToken.None);
        await guard.CheckAsync("public.example", CancellationToken.None);
        Assert.Single(_asked);
        _names["public.example"] = [IPAddress.Loopback];
        _time.Advance(TimeSpan.FromSeconds(31));

        await Assert.ThrowsAsync<AddressBlockedException>(() => guard.CheckAsync("public.example", CancellationToken.None).AsTask());
    }

    private TargetGuard Guard() => new(AddressGuard.IsPublic, new Clock(_time))
    {
        Resolve = (host, _) =>
        {
            _asked.Add(host);
            return _names.TryGetValue(host, out var found) ? Task.FromResult(found) : Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound));
        },
    };
}
