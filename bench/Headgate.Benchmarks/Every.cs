using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Headgate.Benchmarks;

/// <summary>Runs every benchmark in a process of its own, and puts all figures together for docs/benchmarks.md.</summary>
internal static class Every
{
    private const string Begin = "<!-- figures -->";
    private const string End = "<!-- end of figures -->";

    public static async Task<int> RunAsync(string[] names, string[] arguments)
    {
        var folder = Path.Combine(Machine.Root, "artifacts", "benchmarks");
        Directory.CreateDirectory(folder);
        var (reports, isMissed) = (new List<Report>(), false);
        var only = arguments.Where(argument => !argument.StartsWith('-')).ToHashSet();
        var runs = names.Select(name => new[] { name }).ToList();
        var isQuick = arguments.Contains("--quick");
        if (!isQuick)
        {
            runs.Insert(names.IndexOf("run") + 1, ["run", "--learn"]);
            runs.Insert(names.IndexOf("run") + 2, ["run", "--million"]);
        }
        foreach (var run in runs)
        {
            var path = Path.Combine(folder, string.Concat(run) + ".json");
            // With names given the others keep the figures they had.
            if (only.Count == 0 || only.Contains(run[0]))
            {
                File.Delete(path);
                if (!isQuick)
                    await Others.WaitAsync(TimeSpan.FromMinutes(1));
                await RunOneAsync([.. run, .. arguments.Where(argument => argument == "--quick"), "--to", path]);
            }
            if (File.Exists(path))
                reports.Add(Report.Read(path));
            else
                isMissed = true;
        }
        var text = Markdown(reports);
        await File.WriteAllTextAsync(Path.Combine(folder, "figures.md"), text);
        if (arguments.Contains("--write"))
            Write(Path.Combine(Machine.Root, "docs", "benchmarks.md"), text);
        Console.WriteLine($"the figures are in {folder}");
        return isMissed || reports.Exists(report => report.IsMissed) ? 1 : 0;
    }

    private static async Task RunOneAsync(string[] arguments)
    {
        using var process = Machine.Self(arguments);
        var error = process.StandardError.ReadToEndAsync();
        Console.Write(await process.StandardOutput.ReadToEndAsync());
        Console.Error.Write(await error);
        await process.WaitForExitAsync();
    }

    private static string Markdown(List<Report> reports)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Machine.Description}. Other programs use this machine too; how much of it they took is stated with each.\n");
        foreach (var report in reports)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n### {report.Name}{(report.IsQuick ? " --quick" : "")}\n\n{report.Date}, others used {report.Others * 100:0} % of the machine meanwhile\n\n| | figure | to hold |\n|---|---:|---|\n");
            foreach (var figure in report.Figures)
                text.Append(CultureInfo.InvariantCulture, $"| {figure.What} | {figure.Value} | {figure.Hold}{(figure.IsHeld == false ? ": **not reached**" : "")} |\n");
        }
        return text.ToString();
    }

    private static void Write(string path, string text)
    {
        var page = File.ReadAllText(path);
        var (begin, end) = (page.IndexOf(Begin, StringComparison.Ordinal), page.IndexOf(End, StringComparison.Ordinal));
        if (begin < 0 || end < begin)
            throw new InvalidDataException($"{path} has no place for the figures, between {Begin} and {End}");
        File.WriteAllText(path, $"{page[..(begin + Begin.Length)]}\n{text}{page[end..]}");
    }
}
