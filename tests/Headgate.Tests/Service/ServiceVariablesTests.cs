using Headgate.App.Service;
using Headgate.Configuration;

namespace Headgate.Tests.Service;

public sealed class ServiceVariablesTests
{
    [Theory]
    [InlineData("A=1\n  sk-secret", ".env:2:12: \"=\" is missing; a line is NAME=value, or a comment that begins with #")]
    [InlineData("A=1\nB='secret\nC=2", ".env:2:3: the quote ' that begins here is not closed")]
    [InlineData("A=\"x\ny\"\nB=\"x\" secret", ".env:3:7: there is something behind the closing quote; put all of the value into the quotes")]
    [InlineData("A=secret\n\n A=other", ".env:3:2: A is given twice; the first is in line 1: keep one of them")]
    [InlineData("1A=secret", ".env:1:1: a line is NAME=value, or a comment that begins with #; a name is of letters, digits and underscores")]
    [InlineData("=secret", ".env:1:1: a line is NAME=value, or a comment that begins with #; a name is of letters, digits and underscores")]
    [InlineData("A=sec\0ret", ".env:1:1: the value of A has a null character in it")]
    public void A_broken_line_is_named_with_its_column_and_its_value_is_not_shown(string text, string expected)
    {
        var wrong = Assert.Throws<ConfigurationException>(() => ServiceVariables.Read(text, ".env"));

        Assert.Equal(expected, Assert.Single(wrong.Errors).ToString());
    }

    [Fact]
    public void All_that_is_wrong_is_told_at_once() =>
        Assert.Equal([1, 3, 4], Assert.Throws<ConfigurationException>(() => ServiceVariables.Read("a b\nC=1\nC=2\n?\n", ".env")).Errors.Select(error => error.Origin.Line));

    [Fact]
    public void A_file_that_is_not_there_is_told_with_the_option()
    {
        var wrong = Assert.Throws<ConfigurationException>(() => ServiceVariables.Load("/nowhere/.env"));

        Assert.StartsWith("--env-file: /nowhere/.env cannot be read: ", Assert.Single(wrong.Errors).ToString(), StringComparison.Ordinal);
    }
}
