using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Headgate.Benchmarks;

/// <summary><c>headgate run</c> as it ships, from the start of its process to its end, results and ledger on disk.</summary>
internal static class RunEndToEnd
{
    public static async Task RunAsync(Session session)
    {
        var (isMillion, learns) = (session.Has("--million"), session.Has("--learn"));
        var (lines, rounds) = (isMillion ? 1_000_000 : session.Either(100_000, 20_000), isMillion || session.IsQuick ? 1 : 5);
        using var origin = await OriginProcess.StartAsync();
        var folder = Directory.CreateTempSubdirectory("headgate-benchmark-").FullName;
        try
        {
            var input = Path.Combine(folder, "requests.jsonl");
            await File.WriteAllLinesAsync(input, Enumerable.Range(1, lines).Select(line => $$"""{"id":"item-{{line}}","url":"{{new Uri(origin.Uri, $"/v1/items/{line}")}}"}"""));
            await BuildAsync();
            List<(double PerSecond, double Sending, double Peak)> all = [];
            for (var round = 0; round < rounds; round++)
                all.Add(await OnceAsync(input, Path.Combine(folder, "results.jsonl"), lines, learns));
            Tell(session, lines, all);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Tell(Session session, int lines, List<(double PerSecond, double Sending, double Peak)> all)
    {
        var (perSecond, peak) = (Round.Middle(all.Select(round => round.PerSecond)), all.Max(round => round.Peak));
        if (session.IsQuick)
            session.Report.Add($"{lines:#,0} lines", Rate(perSecond));
        else
            session.Report.HoldTime($"{lines:#,0} lines, start, check and end included", Rate(perSecond), "≥ 20,000/s", perSecond >= 20_000);
        session.Report.Add("the best round", Rate(all.Max(round => round.PerSecond)));
        session.Report.Add("from the first request to the last result", Rate(Round.Middle(all.Select(round => round.Sending))));
        var most = lines > 100_000 ? 300 : 150;
        session.Report.Hold($"{lines:#,0} lines: peak memory", string.Create(CultureInfo.InvariantCulture, $"{peak / 1e6:0} MB"), $"< {most} MB", peak < most * 1e6);

        static string Rate(double perSecond) => string.Create(CultureInfo.InvariantCulture, $"{perSecond:#,0}/s");
    }

    private static async Task<(double PerSecond, double Sending, double Peak)> OnceAsync(string input, string results, int lines, bool learns)
    {
        foreach (var old in new[] { results, results + ".ledger" })
            File.Delete(old);
        var start = Stopwatch.GetTimestamp();
        using var process = Machine.Headgate(["run", input, "-o", results, "--json", .. (string[])(learns ? [] : ["--limit", "none"])]);
        var summary = process.StandardOutput.ReadToEndAsync();
        var said = process.StandardError.ReadToEndAsync();
        long peak = 0;
        while (!process.WaitForExit(10))
            peak = Math.Max(peak, Machine.PeakOf(process));
        var took = Stopwatch.GetElapsedTime(start);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"headgate run ended with {process.ExitCode}: {await said}");
        if (File.ReadLines(results).Count() is var written && written != lines)
            throw new InvalidOperationException($"{written} results, not {lines}");
        using var told = JsonDocument.Parse(await summary);
        return (lines / took.TotalSeconds, lines / told.RootElement.GetProperty("wall").GetDouble(), peak);
    }

    // The wrapper builds what is not there yet, which is not to be measured.
    private static async Task BuildAsync()
    {
        using var process = Machine.Headgate("version");
        var said = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"headgate does not start: {await said}");
    }
}
