using System.Text.RegularExpressions;

namespace Headgate.IntegrationTests.Docs;

/// <summary>A page of the documentation, and its fenced blocks.</summary>
internal sealed partial record Document(string Name, IReadOnlyList<Block> Blocks)
{
    /// <summary>The root of the source tree, where the README is.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>README.md and every page in docs/.</summary>
    public static IReadOnlyList<Document> All { get; } =
        [.. Directory.GetFiles(Path.Combine(Root, "docs"), "*.md").Order(StringComparer.Ordinal).Prepend(Path.Combine(Root, "README.md")).Select(Load)];

    public static Document Parse(string name, IEnumerable<string> lines)
    {
        var blocks = new List<Block>();
        Block? open = null;
        foreach (var (line, number) in lines.Select((line, index) => (line, index + 1)))
        {
            if (open is not null && line.TrimEnd() == "```")
                open = null;
            else if (open is not null)
                open.Lines.Add(line);
            else if (Fence().Match(line) is { Success: true } fence)
                blocks.Add(open = new Block(name, number + 1, fence.Groups["language"].Value, fence.Groups["info"].Value.Trim(), []));
        }
        return open is null ? new Document(name, blocks) : throw new InvalidDataException($"{open.Where}: this block has no end");
    }

    private static Document Load(string path) => Parse(Path.GetRelativePath(Root, path), File.ReadLines(path));

    private static string FindRoot()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Headgate.slnx")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException($"{AppContext.BaseDirectory} lies in no source tree: the tests run from where they were built");
        return directory;
    }

    [GeneratedRegex("^```(?<language>[a-z]+)(?<info>.*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Fence();
}

/// <summary>A fenced block.</summary>
/// <param name="Line">Where its first line stands.</param>
/// <param name="Info">What follows the language on the line of the fence; readers do not see it.</param>
internal sealed record Block(string Document, int Line, string Language, string Info, List<string> Lines)
{
    public string Where => $"{Document}:{Line}";

    /// <summary>It shows what a test must not or cannot do.</summary>
    public bool IsNotRun => Info.Split(' ').Contains("no-run");
}
