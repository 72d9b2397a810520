using Headgate.Configuration;

namespace Headgate.Tests.Configuration;

public sealed class AddressRangeTests
{
    [Theory]
    [InlineData("10.1.2.3", "10.1.2.3/32")]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("fd00::/8", "fd00::/8")]
    [InlineData("::1", "::1/128")]
    public void An_address_or_a_network_is_read(string text, string expected)
    {
        Assert.True(AddressRange.TryParse(text, out var network, out _));
        Assert.Equal(expected, network.ToString());
    }

    [Theory]
    [InlineData("10.1.2.3/16", "\"10.1.0.0/16\"")]
    [InlineData("10.1.2.3/31", "\"10.1.2.2/31\"")]
    [InlineData("10.1.2.3/0", "\"0.0.0.0/0\"")]
    [InlineData("fd00::1/9", "\"fd00::/9\"")]
    public void Of_an_address_within_a_network_the_network_is_told(string text, string network)
    {
        Assert.False(AddressRange.TryParse(text, out _, out var problem));
        Assert.Contains(network, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/8/8")]
    [InlineData("010.0.0.1")]
    [InlineData("fe80::1%1")]
    [InlineData("intranet")]
    public void What_is_neither_is_refused(string text) => Assert.False(AddressRange.TryParse(text, out _, out _));
}
