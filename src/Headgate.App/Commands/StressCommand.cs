using System.CommandLine;
using System.Globalization;
using Headgate.App.CommandLine;
using Headgate.App.Distribution;
using Headgate.Configuration;
using Headgate.Time;

namespace Headgate.App.Commands;

/// <summary><c>headgate stress</c>: the stress test of the key distributor, with its variables.</summary>
internal static class StressCommand
{
    private const int UsualCallers = 100;
    private const int QuickCallers = 20;
    private const int QuickRequests = 20;

    public static Command Create()
    {
        Option<bool> quick = new("--quick") { Description = $"{QuickCallers} callers of {QuickRequests} calls." };
        Option<bool> full = new("--full") { Description = "Full scale: 2000 calls each, which take 0.5 to 3 s; with three keys of 1000 a minute that is more than an hour, so give --timeout." };
        Option<string?> callers = new("--callers") { HelpName = "N", Description = $"So many call at once; {UsualCallers} by default, or CONCURRENT_REQUESTS." };
        Option<string?> requests = new("--requests") { HelpName = "N", Description = "So many calls for each caller; what the service is set up for by default." };
        Option<string?> timeout = new("--timeout") { HelpName = "TIME", Description = "How long a caller waits; 60 s by default, or REQUEST_TIMEOUT, in milliseconds." };
        Option<string?> url = new("--url") { HelpName = "URL", Description = "A service that was started with --profile; one is started here by default." };
        Option<bool> json = new("--json") { Description = "Write JSON." };
        var command = new Command("stress", """
            The stress test of the key distributor: many callers at once, each of whom
            waits for all the calls that are made for it, spread over keys that each
            have a limit. Every call pays with one use of a key.

              headgate stress
              headgate stress --callers 10 --requests 500 --timeout 5min

            Without --url it starts a service and the API that this one calls, set up
            by TEST_REQUESTS_COUNT, TEST_MIN_LATENCY, TEST_MAX_LATENCY (PROD_… with
            --full), API_KEYS and RATE_LIMIT. With DETAILED_LOGS=true it tells of each
            caller. Exit code: 0 if all were answered, 1 if not, 8 without a service.
            """)
        { quick, full, callers, requests, timeout, url, json };
        command.SetAction(async (parse, stop) =>
        {
            var environment = Overrides.ProcessEnvironment();
            if (parse.GetValue(quick) && parse.GetValue(full))
                throw new CommandException(ExitCode.Usage, "--quick and --full exclude each other");
            var isQuick = parse.GetValue(quick);
            var options = new StressOptions
            {
                Callers = Number("--callers", parse.GetValue(callers), 10_000) ?? Number("CONCURRENT_REQUESTS", Given(environment, "CONCURRENT_REQUESTS"), 10_000) ?? (isQuick ? QuickCallers : UsualCallers),
                Requests = Number("--requests", parse.GetValue(requests), DistributorOptions.MostCalls) ?? (isQuick ? QuickRequests : null),
                Timeout = TimeoutOf(parse.GetValue(timeout), environment),
                Url = UrlOf(parse.GetValue(url)),
                Distributor = DistributorOptions.Read(environment, isTest: !parse.GetValue(full)),
                Details = Given(environment, "DETAILED_LOGS") is { } details && details != "false",
                Json = parse.GetValue(json),
            };
            return (int)await RunAsync(options, parse.InvocationConfiguration, stop);
        });
        return command;
    }

    private static async Task<ExitCode> RunAsync(StressOptions options, InvocationConfiguration console, CancellationToken stop)
    {
        await using var own = options.Url is null ? await OwnService.StartAsync(options.Distributor, TimeProvider.System) : null;
        try
        {
            var report = await new Stress(options, options.Url ?? own!.Url, TimeProvider.System).RunAsync(console.Error, stop);
            if (options.Json)
                console.Output.WriteLine(report.ToJson(options.Details));
            else
                report.Write(console.Output, options.Details);
            return report.Successful == report.Callers.Count && report.GoodCalls == report.Calls ? ExitCode.Ok : ExitCode.SomeFailed;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
    }

    private static TimeSpan TimeoutOf(string? given, IReadOnlyDictionary<string, string> environment)
    {
        if (given is null)
            return TimeSpan.FromMilliseconds(Number("REQUEST_TIMEOUT", Given(environment, "REQUEST_TIMEOUT"), 1_000_000_000) ?? 60_000);
        return Duration.TryParse(given, out var time) && time > TimeSpan.Zero && time <= Clock.LongestTimer ? time : throw new CommandException(ExitCode.Usage, $"--timeout \"{Excerpt.Of(given)}\" is no time; for example 60s or 2h");
    }

    private static Uri? UrlOf(string? given) => given is null ? null
        : Uri.TryCreate(given, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url
        : throw new CommandException(ExitCode.Usage, $"--url \"{Excerpt.Of(given)}\" is no address; for example http://127.0.0.1:8015");

    private static int? Number(string name, string? text, int most) => text is null ? null
        : int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most ? number
        : throw new CommandException(ExitCode.Usage, $"{name} \"{Excerpt.Of(text)}\": give a whole number from 1 to {most}");

    private static string? Given(IReadOnlyDictionary<string, string> environment, string name) => environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;
}
