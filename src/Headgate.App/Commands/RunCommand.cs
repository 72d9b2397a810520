using System.CommandLine;
using System.Globalization;
using Headgate.App.CommandLine;
using Headgate.App.Runs;
using Headgate.Configuration;
using Headgate.Jobs;

namespace Headgate.App.Commands;

/// <summary><c>headgate run</c>: its options, read into <see cref="RunOptions"/>.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var flags = new EngineFlags();
        var file = new Argument<string>("FILE") { Description = "Requests: JSON lines, CSV or a list of URLs, also as .gz; - for standard input." };
        var results = new Option<string?>("--output", "-o") { HelpName = "RESULTS", Description = "Where the results go, a JSON object each; beside it RESULTS.ledger. Without it they go to standard output." };
        var deadline = new Option<string?>("--deadline") { HelpName = "T", Description = "Stop then: a date and time, or a duration from now." };
        var ordered = new Option<bool>("--ordered") { Description = "Results in the order of the lines." };
        var failedTo = new Option<string?>("--failed-to") { HelpName = "FILE", Description = "Requests that failed are written there too." };
        var bodyDir = new Option<string?>("--body-dir") { HelpName = "DIR", Description = "Answers larger than --max-body go there, a file each." };
        var fresh = new Option<bool>("--fresh") { Description = "Begin anew: forget earlier results (never earlier sends)." };
        var retryFailed = new Option<bool>("--retry-failed") { Description = "Send again what failed in an earlier run; the new result replaces the old." };
        var resendMaybe = new Option<bool>("--resend-maybe") { Description = "Send again what may have been sent before a crash, even POST." };
        var skipBad = new Option<bool>("--skip-bad") { Description = "Run the good lines of a file with bad ones." };
        var okStatus = new Option<string?>("--ok-status") { HelpName = "N,…", Description = "Statuses that are as good as 2xx." };
        var maxFailures = new Option<string?>("--max-failures") { HelpName = "N|P%", Description = "Stop when more have failed." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Check everything and say what would be sent." };
        var progress = new Option<ProgressMode>("--progress") { HelpName = "auto|plain|json|off", Description = "How progress is shown on stderr; auto is a line on a terminal only." };
        var json = new Option<bool>("--json") { Description = "The summary as one JSON object." };
        var command = new Command("run", "Sends a file of requests through limits and keys: none over, none lost.") { file, results };
        foreach (var option in flags.All.Concat([deadline, ordered, failedTo, bodyDir, fresh, retryFailed, resendMaybe, skipBad, okStatus, maxFailures, dryRun, progress, json]))
            command.Options.Add(option);
        command.SetAction(async (parse, stop) =>
        {
            var options = new RunOptions
            {
                Input = parse.GetValue(file)!,
                Results = parse.GetValue(results),
                Engine = flags.Read(parse),
                Ordered = parse.GetValue(ordered),
                FailedTo = parse.GetValue(failedTo),
                BodyDirectory = parse.GetValue(bodyDir),
                Fresh = parse.GetValue(fresh),
                RetryFailed = parse.GetValue(retryFailed),
                ResendMaybe = parse.GetValue(resendMaybe),
                SkipBad = parse.GetValue(skipBad),
                OkStatuses = ReadStatuses(parse.GetValue(okStatus)),
                MaxFailures = ReadMaxFailures(parse.GetValue(maxFailures)),
                Deadline = ReadDeadline(parse.GetValue(deadline)),
                DryRun = parse.GetValue(dryRun),
                Progress = parse.GetValue(progress),
                Json = parse.GetValue(json),
            };
            var configuration = parse.InvocationConfiguration;
            return (int)await new Run(options, configuration.Output, configuration.Error, TimeProvider.System).ExecuteAsync(stop);
        });
        return command;
    }

    private static List<int> ReadStatuses(string? text)
    {
        var statuses = new List<int>();
        foreach (var part in text?.Split(',') ?? [])
            statuses.Add(int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 100 and <= 599
                ? status
                : throw new CommandException(ExitCode.Usage, $"--ok-status \"{text}\": \"{part}\" is not a status; give numbers from 100 to 599, for example --ok-status 404,410"));
        return statuses;
    }

    private static MaxFailures ReadMaxFailures(string? text) => text switch
    {
        null => default,
        _ when text.EndsWith('%') && Percentage.TryParse(text, out var part) => new MaxFailures(null, part),
        _ when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) => new MaxFailures(count, null),
        _ => throw new CommandException(ExitCode.Usage, $"--max-failures \"{text}\": give a number or a percentage, for example --max-failures 100 or --max-failures 5%"),
    };

    private static Moment? ReadDeadline(string? text) => text is null ? null
        : Moment.TryParse(text, out var moment) ? moment
        : throw new CommandException(ExitCode.Usage, $"--deadline \"{text}\" is neither a duration nor a date and time; for example --deadline 30m or --deadline 2030-01-02T03:04:05Z");
}
