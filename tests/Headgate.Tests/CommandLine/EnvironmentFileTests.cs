using Headgate.App.CommandLine;
using Headgate.Configuration;

namespace Headgate.Tests.CommandLine;

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
    public void A_variable_is_read(string text, string value) => Assert.Equal(KeyValuePair.Create("A", value), Assert.Single(EnvironmentFile.Read(text, ".env")));

    [Fact]
    public void Variables_of_ours_have_their_names()
    {
        var variables = EnvironmentFile.Read("HEADGATE_UPSTREAMS__my-api.v2__LIMITS__0=10/s\nexport=1", ".env");

        Assert.Equal(["HEADGATE_UPSTREAMS__my-api.v2__LIMITS__0", "export"], variables.Keys);
    }

    [Theory]
    [InlineData("A=1\n  sk-secret", ".env:2:12: \"=\" is missing; a line is NAME=value, or a comment behind #")]
    [InlineData("A=1\nB='secret\nC=2", ".env:2:3: the quote ' is not closed")]
    [InlineData("A=\"x\ny\"\nB=\"x\" secret", ".env:3:7: there is something behind the closing quote; put all of the value into the quotes")]
    [InlineData("A=secret\n\n A=other", ".env:3:2: A is given twice; the first is in line 1: keep one of them")]
    [InlineData("1A=secret", ".env:1:1: a line is NAME=value, or a comment behind #; a name is of letters, digits and underscores")]
    [InlineData("=secret", ".env:1:1: a line is NAME=value, or a comment behind #; a name is of letters, digits and underscores")]
    [InlineData("A=sec\0ret", ".env:1:1: the value of A has a null character in it")]
    public void A_broken_line_is_named_with_its_column_and_its_value_is_not_shown(string text, string expected)
    {
        var wrong = Assert.Throws<ConfigurationException>(() => EnvironmentFile.Read(text, ".env"));

        Assert.Equal(expected, Assert.Single(wrong.Errors).ToString());
    }

    [Fact]
    public void All_that_is_wrong_is_told_at_once() =>
        Assert.Equal([1, 3], Assert.Throws<ConfigurationException>(() => EnvironmentFile.Read("a b\nC=1\n?\n", ".env")).Errors.Select(error => error.Origin.Line));

    [Fact]
    public void A_file_that_is_not_there_is_told_with_the_option()
    {
        var wrong = Assert.Throws<ConfigurationException>(() => EnvironmentFile.Load("/nowhere/.env"));

        Assert.StartsWith("--env-file: /nowhere/.env cannot be read: ", Assert.Single(wrong.Errors).ToString(), StringComparison.Ordinal);
    }
}
