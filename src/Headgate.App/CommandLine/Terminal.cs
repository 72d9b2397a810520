using System.Globalization;

namespace Headgate.App.CommandLine;

/// <summary>What stderr, where the talk goes, or stdout can show.</summary>
/// <param name="IsTerminal">Whether somebody is watching: progress is drawn only then.</param>
/// <param name="HasColours">Whether colours may be used.</param>
/// <param name="Columns">Columns in a line, each time it is asked for.</param>
internal sealed record Terminal(bool IsTerminal, bool HasColours, Func<int> Columns)
{
    private const int UsualWidth = 80;

    /// <summary>Columns in a line, now: windows change their size.</summary>
    public int Width => Columns() is > 0 and var width ? width : UsualWidth;

    /// <summary>The stderr of this process.</summary>
    public static Terminal OfProcess() => Detect(!Console.IsErrorRedirected, Environment.GetEnvironmentVariable, ConsoleWidth);

    /// <summary>The stdout of this process.</summary>
    public static Terminal OfOutput() => Detect(!Console.IsOutputRedirected, Environment.GetEnvironmentVariable, ConsoleWidth);

    /// <summary>Decides from what the system and the variables say (no-color.org, force-color.org, TERM).</summary>
    public static Terminal Detect(bool isTerminal, Func<string, string?> environment, Func<int> consoleWidth)
    {
        var colours = IsSet("NO_COLOR") ? false : IsSet("FORCE_COLOR") || (isTerminal && environment("TERM") != "dumb");
        var isGiven = int.TryParse(environment("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out var given) && given > 0;
        return new Terminal(isTerminal, colours, isGiven ? () => given : isTerminal ? consoleWidth : () => UsualWidth);

        bool IsSet(string name) => environment(name) is { Length: > 0 };
    }

    private static int ConsoleWidth()
    {
        try
        {
            return Console.WindowWidth;
        }
        catch (Exception exception) when (exception is IOException or PlatformNotSupportedException)
        {
            return UsualWidth;
        }
    }
}
