using System.Text.RegularExpressions;

namespace Headgate.Tests.House;

/// <summary>The rules of the house that no analyzer knows.</summary>
public sealed partial class SourceRules
{
    [Fact]
    public void No_file_is_longer_than_400_lines() =>
        AssertNone(SourceTree.Files.Where(file => file.Lines.Length > 400).Select(file => $"{file.Path}: {file.Lines.Length} lines"), "a file is one idea: give the second one its own");

    [Fact]
    public void A_namespace_is_the_folder()
    {
        AssertNone(SourceTree.Files.Select(Wrong).OfType<string>(), "file-scoped, and the path below src, tests, bench or samples with dots");

        static string? Wrong(SourceFile file)
        {
            var expected = file.Folder[(file.Folder.IndexOf('/', StringComparison.Ordinal) + 1)..].Replace('/', '.');
            var found = file.Lines.Select(line => Namespace().Match(line)).FirstOrDefault(match => match.Success)?.Groups["name"].Value;
            return found is null || found == expected ? null : $"{file.Path}: namespace {found}";
        }
    }

    [Fact]
    public void Nothing_is_named_after_what_it_could_be()
    {
        var names = SourceTree.Files.Select(file => (Name: Path.GetFileNameWithoutExtension(file.Path), Where: file.Path))
            .Concat(SourceTree.Files.Select(file => (Name: Path.GetFileName(file.Folder), Where: file.Folder)))
            .Concat(SourceTree.Files.SelectMany(file => file.Code).Select(line => (Name: TypeName().Match(line.Text).Groups["name"].Value, line.Where)));

        AssertNone(names.Where(name => VagueWord().IsMatch(name.Name)).Select(name => $"{name.Where}: {name.Name}").Distinct(), "name it after what it is");
    }

    [Fact]
    public void Nothing_is_left_for_later()
    {
        // In two parts, so that this file passes.
        string[] words = ["TO" + "DO", "FIX" + "ME", "HA" + "CK:", "NotImplemented" + "Exception", "#reg" + "ion"];
        var left =
            from file in SourceTree.Files
            from line in file.Lines.Select((text, index) => (Text: text, Number: index + 1))
            where words.Any(word => line.Text.Contains(word, StringComparison.Ordinal))
            select $"{file.Path}:{line.Number}: {line.Text.Trim()}";

        AssertNone(left, "do it, or open an issue");
    }

    [Fact]
    public void Tests_mirror_the_source()
    {
        var source = SourceTree.In("src").Select(TopFolder).ToHashSet();
        var wrong = SourceTree.In("tests/Headgate.Tests").Select(TopFolder).Distinct().Where(folder => folder is not (null or "House") && !source.Contains(folder));

        AssertNone(wrong.Select(folder => $"tests/Headgate.Tests/{folder}"), "a folder of tests is named like the folder in src/Headgate or src/Headgate.App it tests");

        static string? TopFolder(SourceFile file) => file.Folder.Split('/') is [_, _, var folder, ..] ? folder : null;
    }

    [Fact]
    public void Only_tests_and_benchmarks_of_real_processes_live_in_real_time()
    {
        var projects = Directory.EnumerateFiles(SourceTree.Root, "*.csproj", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains("<RealTime>true", StringComparison.Ordinal))
            .Select(Path.GetFileNameWithoutExtension)
            .Order();

        Assert.Equal(["Headgate.Benchmarks", "Headgate.IntegrationTests"], projects);
    }

    internal static void AssertNone(IEnumerable<string> wrong, string rule)
    {
        var list = wrong.ToList();
        Assert.True(list.Count == 0, $"{rule}\n  {string.Join("\n  ", list)}");
    }

    [GeneratedRegex(@"^namespace (?<name>[\w.]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\b(?:class|record|struct|interface|enum|delegate)\s+(?:class\s+|struct\s+)?(?<name>\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TypeName();

    [GeneratedRegex("(Helper|Manager|Util|Utils|Utility|Utilities|Common|Core)s?(?![a-z])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex VagueWord();
}
