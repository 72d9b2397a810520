using System.Net;
using Headgate.Connections;

namespace Headgate.Tests.Connections;

public sealed class AddressOrderTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("::1", "::1")]
    [InlineData("::1 ::2 ::3 10.0.0.1", "::1 10.0.0.1 ::2 ::3")]
    [InlineData("10.0.0.1 10.0.0.2 ::1 ::2", "10.0.0.1 ::1 10.0.0.2 ::2")]
    [InlineData("10.0.0.1 10.0.0.2 10.0.0.1", "10.0.0.1 10.0.0.2")]
    public void The_families_take_turns_in_the_order_of_the_resolver(string found, string tried) =>
        Assert.Equal(tried, string.Join(' ', AddressOrder.Alternate([.. found.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPAddress.Parse)]).Select(address => address.ToString())));
}
