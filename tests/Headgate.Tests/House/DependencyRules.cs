using System.Text.RegularExpressions;

namespace Headgate.Tests.House;

/// <summary>Who may know whom: the program knows the library, the library nobody; inside it, the table below.</summary>
public sealed partial class DependencyRules
{
    /// <summary>What a folder of the library may use. What stands in its root is the straight line, which uses all.</summary>
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Time"] = [],
        ["Limits"] = ["Time"],
        ["Gates"] = ["Keys", "Limits", "Proxies", "Time"],
        ["Keys"] = ["Configuration", "Gates", "Limits", "Time"],
        ["Configuration"] = ["Keys", "Limits", "Time"],
        ["Caching"] = ["Quotas"],
        ["Connections"] = ["Configuration", "Time"],
        ["Jobs"] = ["Retries", "Time"],
        ["Queues"] = ["Configuration", "Gates", "Jobs", "Ledgers", "Time"],
        ["Remote"] = ["Configuration", "Jobs", "Queues", "Retries", "Time"],
        ["Retries"] = ["Time"],
        ["Resilience"] = ["Configuration", "Limits", "Time"],
        ["Proxies"] = ["Configuration", "Connections", "Gates", "Keys", "Limits", "Retries", "Time"],
        ["Tokens"] = ["Configuration", "Connections", "Retries"],
        ["Quotas"] = ["Limits", "Retries", "Time"],
        ["Telemetry"] = ["Jobs", "Time"],
        ["Hosting"] = ["Configuration"],
        ["Ledgers"] = ["Gates", "Keys", "Limits", "Time"],
        ["Work"] = ["Retries", "Time"],
    };

    /// <summary>The library's folders that know nothing of HTTP: their arithmetic serves any rate limiter.</summary>
    private static readonly string[] NoHttp = ["Time", "Limits", "Gates", "Resilience"];

    [Fact]
    public void Folders_of_the_library_use_what_the_table_allows()
    {
        var wrong =
            from file in SourceTree.In("src/Headgate")
            let folder = FolderOf(file)
            where folder is not null && MayUse.ContainsKey(folder)
            from line in file.Code
            from Match match in OwnNamespace().Matches(line.Text)
            let used = match.Groups["folder"].Value
            where used != folder && MayUse.ContainsKey(used) && !MayUse[folder].Contains(used)
            select $"{line.Where}: {folder} uses {used}";

        SourceRules.AssertNone(wrong, $"allowed is what the table in {nameof(DependencyRules)} says");
    }

    [Fact]
    public void The_table_knows_every_folder()
    {
        var folders = SourceTree.In("src/Headgate").Select(FolderOf).OfType<string>().Distinct().Order(StringComparer.Ordinal);

        Assert.Equal(MayUse.Keys.Order(StringComparer.Ordinal), folders);
    }

    [Fact]
    public void Time_limits_and_gates_know_no_http()
    {
        var wrong =
            from folder in NoHttp
            from file in SourceTree.In($"src/Headgate/{folder}")
            from line in file.Code
            where HttpName().IsMatch(line.Text)
            select $"{line.Where}: {line.Text.Trim()}";

        SourceRules.AssertNone(wrong, "HTTP begins above the gates");
    }

    [Fact]
    public void The_library_needs_neither_the_program_nor_ASP_NET()
    {
        var assembly = typeof(Headgate.Limits.Limit).Assembly;
        var wrong = assembly.GetReferencedAssemblies().Select(name => name.Name!).Where(name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) || name == "headgate-cli");

        SourceRules.AssertNone(wrong, "the program uses the library and ASP.NET, the library uses the base class library and two packages");
    }

    private static string? FolderOf(SourceFile file) => file.Folder.Split('/') is [_, _, var folder, ..] ? folder : null;

    [GeneratedRegex(@"\bHeadgate\.(?<folder>[A-Z]\w+)\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OwnNamespace();

    [GeneratedRegex(@"\bSystem\.Net\b|\bHttp[A-Z]\w*|\bCookie", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HttpName();
}
