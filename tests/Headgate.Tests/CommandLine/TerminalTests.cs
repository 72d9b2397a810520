using Headgate.App.CommandLine;

namespace Headgate.Tests.CommandLine;

public sealed class TerminalTests
{
    [Theory]
    [InlineData(true, "", true)]
    [InlineData(false, "", false)]
    [InlineData(true, "NO_COLOR=1", false)]
    [InlineData(true, "NO_COLOR=", true)]
    [InlineData(true, "TERM=dumb", false)]
    [InlineData(false, "FORCE_COLOR=1", true)]
    [InlineData(true, "FORCE_COLOR=1 NO_COLOR=1", false)]
    public void Colours_are_for_terminals_unless_somebody_says_otherwise(bool isTerminal, string variables, bool expected) =>
        Assert.Equal(expected, Detect(isTerminal, variables).HasColours);

    [Fact]
    public void The_width_is_that_of_the_terminal_or_of_COLUMNS_or_80()
    {
        Assert.Equal(120, Detect(true, "").Width);
        Assert.Equal(80, Detect(false, "").Width);
        Assert.Equal(60, Detect(false, "COLUMNS=60").Width);
        Assert.Equal(120, Detect(true, "COLUMNS=x").Width);
        Assert.Equal(80, Terminal.Detect(true, _ => null, () => 0).Width);
    }

    [Fact]
    public void The_width_follows_a_window_that_changes_its_size()
    {
        var width = 120;
        var terminal = Terminal.Detect(true, _ => null, () => width);
        Assert.Equal(120, terminal.Width);
        width = 50;
        Assert.Equal(50, terminal.Width);
    }

    private static Terminal Detect(bool isTerminal, string variables)
    {
        var environment = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(variable => variable.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        return Terminal.Detect(isTerminal, name => environment.GetValueOrDefault(name), () => 120);
    }
}
