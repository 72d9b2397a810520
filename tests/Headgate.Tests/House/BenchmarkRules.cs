using System.Text.RegularExpressions;

namespace Headgate.Tests.House;

/// <summary>The page of figures and the program that makes them name the same benchmarks.</summary>
public sealed partial class BenchmarkRules
{
    [Fact]
    public void Every_benchmark_is_on_the_page_and_the_page_names_no_other()
    {
        var page = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "benchmarks.md"));
        var program = File.ReadAllText(Path.Combine(SourceTree.Root, "bench", "Headgate.Benchmarks", "Program.cs"));
        var named = Command().Matches(page).Select(match => match.Groups["name"].Value).Distinct().Order();
        var listed = Listed().Matches(program).Select(match => match.Groups["name"].Value).Append("all").Order();

        Assert.Equal(listed, named);
    }

    [GeneratedRegex(@"bench/Headgate\.Benchmarks -- (?<name>[a-z]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Command();

    [GeneratedRegex(@"^    \(""(?<name>[a-z]+)"",", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Listed();
}
