using Headgate.App.Formats;

namespace Headgate.Tests.Formats;

public sealed class EnvironmentFileTests
{
    [Theory]
    [InlineData("A=1", "1")]
    [InlineData("  export  A = 1  ", "1")]
    [InlineData("A=1\r\n", "1")]
    [InlineData("A=", "")]
    [InlineData("A= # nothing", "")]
    [InlineData("A=a b # comment", "a b")]
    [InlineData("A=a#b", "a#b")]
    [InlineData("A=x=y", "x=y")]
    [InlineData("A=$HOME/${X}", "$HOME/${X}")]
    [InlineData("A='a\\n # \"b\" '  # comment", "a\\n # \"b\" ")]
    [InlineData("A=\"a\\n\\t\\\"b\\\" \\$x \\\\ \\d\"", "a\n\t\"b\" $x \\ \\d")]
    [InlineData("A=\"one\ntwo\"", "one\ntwo")]
    [InlineData("# A=2\n\n   \nA=1", "1")]
    public void A_variable_is_read(string text, string value)
    {
        var file = EnvironmentFile.Read(text);

        Assert.Empty(file.Errors);
        var variable = Assert.Single(file.Variables);
        Assert.Equal(("A", value), (variable.Name, variable.Value));
    }

    [Fact]
    public void Variables_of_ours_have_their_names()
    {
        var file = EnvironmentFile.Read("HEADGATE_UPSTREAMS__my-api.v2__LIMITS__0=10/s\nexport=1");

        Assert.Equal(["HEADGATE_UPSTREAMS__my-api.v2__LIMITS__0", "export"], file.Variables.Select(variable => variable.Name));
    }

    [Fact]
    public void Name_and_value_have_their_places()
    {
        var variables = EnvironmentFile.Read("# ü\n export A = 'x\ny'\nÄ=\nB=\"z\"").Variables;

        Assert.Equal([("A", 2L, 9, 2L, 13), ("B", 5L, 1, 5L, 3)], variables.Select(variable => (variable.Name, variable.Place.Line, variable.Place.Column, variable.ValuePlace.Line, variable.ValuePlace.Column)));
    }
}
