using System.Text;
using Headgate.App.CommandLine;
using Headgate.Configuration;

namespace Headgate.App.Otlp;

/// <summary>Reads the headers that go with each export. Their values are secrets: no message shows them.</summary>
internal static class OtlpHeaders
{
    private const string Variable = "env:";
    private const string File = "file:";
    private const int LargestFile = 64 * 1024;

    /// <summary>As the exporter takes them: <c>name=value,name=value</c>.</summary>
    /// <param name="headers">Names, and where the values are.</param>
    /// <param name="directory">What paths are relative to.</param>
    /// <exception cref="CommandException">One of them cannot be read.</exception>
    public static string Read(IEnumerable<(string Name, string Source)> headers, string directory) =>
        string.Join(',', headers.Select(header => $"{header.Name}={Uri.EscapeDataString(ValueOf(header.Name, header.Source, directory))}"));

    private static string ValueOf(string name, string source, string directory)
    {
        var value = source.StartsWith(Variable, StringComparison.Ordinal)
            ? Environment.GetEnvironmentVariable(source[Variable.Length..]) ?? throw Wrong(name, $"the variable {source[Variable.Length..]} is not set")
            : FromFile(name, Path.GetFullPath(source[File.Length..], directory));
        // The exporter takes all headers as one text with commas between them.
        return value.Length > 0 && !value.Contains(',', StringComparison.Ordinal) && !value.Any(char.IsControl) ? value : throw Wrong(name, $"what {source} holds is no value of a header, or has a comma in it");
    }

    private static string FromFile(string name, string path)
    {
        try
        {
            // Secret stores end a file with a line end that nobody means.
            return Encoding.UTF8.GetString(BoundedFile.ReadAllBytes(path, LargestFile)).TrimEnd('\r', '\n');
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw Wrong(name, $"{path}: cannot be read: {failure.Message}");
        }
    }

    private static CommandException Wrong(string name, string what) => new(ExitCode.Configuration, $"/otlp/headers/{name}: {what}");
}
