namespace Headgate.App.CommandLine;

/// <summary>Asks whoever sits at the terminal whether that is meant.</summary>
internal static class Confirmation
{
    /// <summary>Asks.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="otherwise">What is said where nobody can be asked.</param>
    /// <returns>Whether the answer was yes.</returns>
    /// <exception cref="CommandException">Nobody sits there.</exception>
    public static bool Asked(string question, string otherwise)
    {
        if (Console.IsInputRedirected || Console.IsErrorRedirected)
            throw new CommandException(ExitCode.Usage, $"{otherwise}: say --yes if they are all meant, or look first with --dry-run");
        Console.Error.Write($"{question} [y/N] ");
        if (Console.In.ReadLine()?.Trim() is { } answer && (answer.Equals("y", StringComparison.OrdinalIgnoreCase) || answer.Equals("yes", StringComparison.OrdinalIgnoreCase)))
            return true;
        Console.Error.WriteLine("headgate: nothing was done");
        return false;
    }
}
