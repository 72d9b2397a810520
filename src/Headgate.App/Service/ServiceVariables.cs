using System.CommandLine;
using Headgate.App.CommandLine;
using Headgate.Configuration;

namespace Headgate.App.Service;

/// <summary>The variables of the service: those of a file, and what of all of them has no effect. The same for every verb that looks at them.</summary>
internal static class ServiceVariables
{
    public static Option<string?> FileOption() => new("--env-file") { HelpName = "FILE", Description = "Variables, NAME=value a line; those that are set already win." };

    /// <summary>Reads the file that was named, if any was. First of all, since everything may be in it.</summary>
    /// <exception cref="ConfigurationException">The file cannot be read, or something in it is no variable.</exception>
    public static void Load(string? file)
    {
        if (file is not null)
            EnvironmentFile.Load(file);
    }

    /// <summary>Tells which variables of the programs that this one replaces are set in vain.</summary>
    /// <param name="environment">The variables.</param>
    /// <param name="talk">Told.</param>
    /// <param name="simulates">Whether calls are simulated, whatever the variables say of that.</param>
    public static void TellIdle(IReadOnlyDictionary<string, string> environment, TextWriter talk, bool simulates = false)
    {
        if (ServiceEnvironment.FindIdle(environment, simulates) is { Count: > 0 } idle)
            talk.WriteLine($"headgate: set, and without effect in this version: {string.Join(", ", idle)}");
    }
}
