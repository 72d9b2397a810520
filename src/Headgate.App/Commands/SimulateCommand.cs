using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Headgate.App.Simulator;

namespace Headgate.App.Commands;

/// <summary><c>headgate simulate</c>: a third-party API on loopback, to rehearse a run against.</summary>
internal static class SimulateCommand
{
    private const int ConfigurationError = 3;

    public static Command Create()
    {
        Option<string> listen = new("--listen") { HelpName = "ADDRESS", Description = "where to listen, on loopback; port 0 takes a free one (default 127.0.0.1:0)" };
        Option<string[]> limits = new("--limit") { HelpName = "LIMIT", Description = "what to enforce, for example 100/s, \"40 bucket 2/s\" or \"10 concurrent\"; repeat for several, which hold together: what one refuses, none counts" };
        Option<string> per = new("--per") { HelpName = "key|ip|all", Description = "who has limits of their own (default key: the credentials of Authorization, X-Api-Key or ?api_key=; requests without a key share one set)" };
        Option<string> model = new("--model") { HelpName = "MODEL", Description = "count all limits with a period as a two-window counter (counter), in K segments (segments=K) or as a bucket with room B (bucket=B)" };
        Option<string> latency = new("--latency") { HelpName = "TIME", Description = "how long an accepted request takes from arrival to answer: 50ms, or lognormal:50ms,2 (median, sigma)" };
        Option<string> uplink = new("--uplink") { HelpName = "FROM-TO", Description = "how long requests travel before they arrive, for example 0-30ms; they arrive even if the client gives up meanwhile" };
        Option<string> errors = new("--errors") { HelpName = "SHARES", Description = "what goes wrong with accepted requests, after counting: 500=1%,reset=0.1%,hang=0.1%,fin=0.1%" };
        Option<string> style = new("--style") { HelpName = "github|openai|shopify|ietf|none", Description = "whose headers the answers carry (default: Retry-After on 429 only; none: a bare 429)" };
        Option<string> seed = new("--seed") { HelpName = "N", Description = "makes all chance repeatable: the same arrivals in the same order meet the same fate" };
        Option<bool> http2 = new("--http2") { Description = "speak HTTP/2 with prior knowledge (h2c) instead of HTTP/1.1" };

        var command = new Command("simulate", """
            Run a third-party API on loopback that enforces the limits it is told.

            Its URL is the first line on stdout. GET /__report tells what arrived, what was refused and the worst window of each limit;
            GET /__arrivals?since=N lists arrivals as JSON lines; POST /__reset forgets. Requests may say X-Cost: tokens=120 and X-Item: ID.
            Paths: /redirect/N /redirect-loop /status/CODE /delay/MS /echo /bytes/N /unauthorized /close /fin /reset /hang /refused-stream;
            any other answers 200. It keeps the latest 5 million arrivals and ends with Ctrl-C.
            """)
        {
            listen, limits, per, model, latency, uplink, errors, style, seed, http2,
        };
        command.SetAction((parsed, cancellation) => RunAsync(
            new SimulatorArguments
            {
                Listen = parsed.GetValue(listen),
                Limits = parsed.GetValue(limits) ?? [],
                Per = parsed.GetValue(per),
                Model = parsed.GetValue(model),
                Latency = parsed.GetValue(latency),
                Uplink = parsed.GetValue(uplink),
                Errors = parsed.GetValue(errors),
                Style = parsed.GetValue(style),
                Seed = parsed.GetValue(seed),
                Http2 = parsed.GetValue(http2),
            },
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error,
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(SimulatorArguments arguments, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        SimulatorOptions options;
        try
        {
            options = arguments.Read(chosenSeed: RandomNumberGenerator.GetInt32(1_000_000));
        }
        catch (BadArgumentException bad)
        {
            await error.WriteLineAsync($"headgate simulate: {bad.Message}");
            return bad.ExitCode;
        }
        // The signals end it in good order whatever the caller does with them.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            await using var api = await SimulatedApi.StartAsync(options);
            await output.WriteLineAsync(api.Url);
            await output.FlushAsync(CancellationToken.None);
            await error.WriteLineAsync(Greeting(options));
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await error.WriteLineAsync(Summary(api.Report()));
            return 0;
        }
        catch (IOException busy)
        {
            await error.WriteLineAsync($"headgate simulate: --listen \"{options.Listen}\": {busy.Message} Choose another port, or 127.0.0.1:0 for any free one.");
            return ConfigurationError;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    private static string Greeting(SimulatorOptions options)
    {
        var limits = options.Limits.Count == 0 ? "no limits" : $"{string.Join(", ", options.Limits)} per {options.Per.ToString().ToLowerInvariant()}";
        return string.Create(CultureInfo.InvariantCulture, $"enforcing {limits}; seed {options.Seed}; Ctrl-C ends");
    }

    private static string Summary(SimulatorReport report)
    {
        var worst = report.Limits.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", worst window {report.Limits.Max(limit => limit.OfferedWorstPercent):0.#} % of its limit");
        return string.Create(CultureInfo.InvariantCulture, $"{report.Arrivals} arrived, {report.Refused} refused, {report.Rate:0.#}/s over {report.SpanSeconds:0.##} s{worst}");
    }
}
