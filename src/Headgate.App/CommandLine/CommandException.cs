namespace Headgate.App.CommandLine;

/// <summary>A verb cannot go on: the message goes to stderr as it is, the code to the shell.</summary>
internal sealed class CommandException(ExitCode code, string message) : Exception(message)
{
    public ExitCode Code => code;

    /// <summary>What is wrong is wrong with one thing that was named; others may go well.</summary>
    public bool IsOfOne { get; init; }
}
