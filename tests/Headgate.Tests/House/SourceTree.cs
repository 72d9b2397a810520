using System.Text.RegularExpressions;

namespace Headgate.Tests.House;

/// <summary>The files this build was made from.</summary>
internal static partial class SourceTree
{
    public static string Root { get; } = FindRoot();

    /// <summary>Every C# file that is ours.</summary>
    public static IReadOnlyList<SourceFile> Files { get; } = [.. new[] { "src", "tests", "bench", "samples" }.SelectMany(Under).OrderBy(file => file.Path, StringComparer.Ordinal)];

    public static IEnumerable<SourceFile> In(string folder) => Files.Where(file => file.Path.StartsWith(folder + "/", StringComparison.Ordinal));

    private static IEnumerable<SourceFile> Under(string folder)
    {
        var path = Path.Combine(Root, folder);
        if (!Directory.Exists(path))
            return [];
        return Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/'))
            .Where(file => !BuildOutput().IsMatch(file))
            .Select(file => new SourceFile(file, File.ReadAllLines(Path.Combine(Root, file))));
    }

    private static string FindRoot()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Headgate.slnx")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException($"{AppContext.BaseDirectory} lies in no source tree: the tests run from where they were built");
        return directory;
    }

    [GeneratedRegex("(^|/)(bin|obj)/", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex BuildOutput();
}

/// <summary>A file of ours, by its path from the root, with slashes.</summary>
internal sealed record SourceFile(string Path, string[] Lines)
{
    public string Folder => System.IO.Path.GetDirectoryName(Path)!.Replace('\\', '/');

    /// <summary>The lines that are not comments as a whole, each with where it stands.</summary>
    public IEnumerable<(string Text, string Where)> Code => Lines
        .Select((line, index) => (line, $"{Path}:{index + 1}"))
        .Where(line => !line.line.TrimStart().StartsWith("//", StringComparison.Ordinal));
}
