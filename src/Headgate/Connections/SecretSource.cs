using System.Text;
using Headgate.Configuration;

namespace Headgate.Connections;

/// <summary>Reads a secret from where the configuration says it is: <c>env:NAME</c>, or <c>file:</c> and a path.</summary>
internal static class SecretSource
{
    private const string File = "file:";
    private const string Variable = "env:";

    /// <summary>No password is longer.</summary>
    private const int Largest = 4 << 20;

    /// <exception cref="ConfigurationException">It is not there, or cannot be read.</exception>
    public static string Read(string source)
    {
        if (!source.StartsWith(File, StringComparison.Ordinal))
        {
            var variable = source[Variable.Length..];
            return Environment.GetEnvironmentVariable(variable) ?? throw new ConfigurationException(new ValueOrigin(ValueSource.Environment, variable), "the variable is not set");
        }
        var path = source[File.Length..];
        try
        {
            // Editors and secret stores end a file with a line end that nobody means.
            return Encoding.UTF8.GetString(BoundedFile.ReadAllBytes(path, Largest)).TrimEnd('\r', '\n');
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ConfigurationException(new ValueOrigin(ValueSource.File, path), $"cannot be read: {failure.Message}");
        }
    }
}
