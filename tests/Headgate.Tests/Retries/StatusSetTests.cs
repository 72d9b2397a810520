using Headgate.Retries;

namespace Headgate.Tests.Retries;

public sealed class StatusSetTests
{
    [Fact]
    public void Codes_and_classes_of_codes_are_read()
    {
        var set = StatusSet.Parse("408", "429", "5xx");
        Assert.Equal(StatusSet.Default, set);
        Assert.Equal(StatusSet.Default.GetHashCode(), set.GetHashCode());
        Assert.All([408, 429, 500, 599], status => Assert.True(set.Contains(status)));
        Assert.All([0, -1, 200, 407, 499, 600, 1000], status => Assert.False(set.Contains(status)));
        Assert.NotEqual(set, StatusSet.Parse("408", "5XX"));
        Assert.False(new StatusSet().Contains(500));
    }

    [Theory, InlineData("600"), InlineData("6xx"), InlineData("5x"), InlineData("50x"), InlineData("+50"), InlineData(""), InlineData("abc")]
    public void What_is_no_status_is_shown_with_an_example(string text) =>
        Assert.Equal($"\"{text}\" is not a status: give a number from 100 to 599, or a class, for example 408 or \"5xx\"", Assert.Throws<FormatException>(() => StatusSet.Parse(text)).Message);
}
