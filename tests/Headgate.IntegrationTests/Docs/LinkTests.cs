using System.Text.RegularExpressions;

namespace Headgate.IntegrationTests.Docs;

/// <summary>Links between the pages lead somewhere.</summary>
public sealed partial class LinkTests
{
    [Fact]
    public void Every_link_to_a_file_finds_it()
    {
        var pages = Directory.GetFiles(Document.Root, "*.md").Concat(Directory.GetFiles(Path.Combine(Document.Root, "docs"), "*.md"));
        var broken =
            from page in pages
            from Match link in Link().Matches(File.ReadAllText(page))
            let target = link.Groups["target"].Value
            where !target.Contains("://", StringComparison.Ordinal) && !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, target))
            select $"{Path.GetRelativePath(Document.Root, page)}: {target}";

        Assert.Empty(broken);
    }

    [GeneratedRegex(@"\]\((?<target>[^)#\s]+)(#[^)]*)?\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();
}
