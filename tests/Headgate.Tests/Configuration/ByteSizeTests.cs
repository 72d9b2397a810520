using Headgate.Configuration;

namespace Headgate.Tests.Configuration;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("1024", 1024)]
    [InlineData("16MiB", 16 << 20)]
    [InlineData(" 1.5 KiB ", 1536)]
    [InlineData("500kB", 500_000)]
    [InlineData("2GiB", 2L << 30)]
    [InlineData("3gb", 3_000_000_000)]
    [InlineData("7B", 7)]
    public void Reads_bytes_and_units(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MiB")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("1..5kB")]
    [InlineData("16M")]
    [InlineData("16 bits")]
    [InlineData("9999999999TiB")]
    [InlineData("99999999999999999999999")]
    public void Refuses_what_is_no_size(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0B")]
    [InlineData(16 << 20, "16MiB")]
    [InlineData(1536, "1536B")]
    [InlineData(500_000, "500kB")]
    public void Writes_what_it_reads_back(long bytes, string text)
    {
        Assert.Equal(text, ByteSize.Format(bytes));
        Assert.True(ByteSize.TryParse(text, out var again));
        Assert.Equal(bytes, again);
    }
}
