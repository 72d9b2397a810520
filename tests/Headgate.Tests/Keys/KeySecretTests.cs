using System.Diagnostics;
using System.Reflection;
using Headgate.Keys;

namespace Headgate.Tests.Keys;

public sealed class KeySecretTests
{
    [Fact]
    public void Only_the_name_is_ever_shown()
    {
        var secret = new KeySecret("ci", "hunter2");

        Assert.Equal("ci", secret.ToString());
        Assert.Equal("ci", $"{secret}");
        Assert.DoesNotContain("hunter2", new KeyEntry(secret).ToString(), StringComparison.Ordinal);
        Assert.Equal("{Name,nq}", typeof(KeySecret).GetCustomAttribute<DebuggerDisplayAttribute>()!.Value);
        Assert.Equal("hunter2", secret.Reveal());
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData(" hunter2", "begins or ends with a space")]
    [InlineData("hunter2 ", "begins or ends with a space")]
    [InlineData("hunter2\r\nX-Evil: 1", "has a character at position 8 that is not printable ASCII")]
    [InlineData("hünter2", "has a character at position 2 that is not printable ASCII")]
    [InlineData("hunter2\u007f", "has a character at position 8 that is not printable ASCII")]
    public void A_value_that_cannot_be_sent_is_refused_and_not_shown(string value, string expected)
    {
        var wrong = Assert.Throws<ArgumentException>(() => new KeySecret("ci", value));

        Assert.Contains(expected, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("nter2", wrong.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_space_inside_is_allowed() => Assert.Null(KeySecret.FindFault("two words"));
}
