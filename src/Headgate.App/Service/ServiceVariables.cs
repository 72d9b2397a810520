using System.CommandLine;
using Headgate.App.Formats;
using Headgate.Configuration;

namespace Headgate.App.Service;

/// <summary>The file of variables that the service can be given. The same for every verb that looks at what the service would see.</summary>
internal static class ServiceVariables
{
    private const int LargestFile = 1 << 20;

    public static Option<string?> FileOption() => new("--env-file") { HelpName = "FILE", Description = "Variables, NAME=value a line; those that are set already win." };

    /// <summary>Sets the variables of the file for this process, but for those that it has already. First of all, since everything may be in it.</summary>
    /// <param name="path">The file; null for none.</param>
    /// <exception cref="ConfigurationException">It cannot be read, or something in it is no variable.</exception>
    public static void Load(string? path)
    {
        if (path is null)
            return;
        string text;
        try
        {
            text = BoundedFile.ReadAllText(path, LargestFile);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigurationException(new ValueOrigin(ValueSource.Flag, "--env-file"), $"{path} cannot be read: {failure.Message}");
        }
        foreach (var (name, value) in Read(text, path))
            if (Environment.GetEnvironmentVariable(name) is null)
                Environment.SetEnvironmentVariable(name, value);
    }

    /// <summary>The variables of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="path">Where it came from, for messages.</param>
    /// <exception cref="ConfigurationException">Something in it is no variable: all errors together, with line and column.</exception>
    public static IReadOnlyDictionary<string, string> Read(string text, string path)
    {
        var file = EnvironmentFile.Read(text);
        var errors = file.Errors.Select(error => ErrorAt(error.Place, error.Message)).ToList();
        var variables = new Dictionary<string, EnvironmentVariable>();
        foreach (var variable in file.Variables)
            if (variable.Value.Contains('\0', StringComparison.Ordinal))
                errors.Add(ErrorAt(variable.Place, $"the value of {Excerpt.Of(variable.Name)} has a null character in it"));
            else if (!variables.TryAdd(variable.Name, variable))
                errors.Add(ErrorAt(variable.Place, $"{Excerpt.Of(variable.Name)} is given twice; the first is in line {variables[variable.Name].Place.Line}: keep one of them"));
        return errors.Count == 0 ? variables.ToDictionary(variable => variable.Key, variable => variable.Value.Value) : throw new ConfigurationException([.. errors.OrderBy(error => error.Origin.Line)]);

        ConfigurationError ErrorAt(TextPlace place, string message) => new(new ValueOrigin(ValueSource.File, path, (int)place.Line, place.Column), "", message);
    }
}
