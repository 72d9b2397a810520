using System.CommandLine;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using Headgate.App.CommandLine;
using Headgate.App.Simulator;

namespace Headgate.App.Commands;

/// <summary><c>headgate simulate</c>: a third-party API on loopback, to rehearse a run against.</summary>
internal static class SimulateCommand
{
    public static Command Create()
    {
        Option<string> listen = new("--listen") { HelpName = "ADDRESS", Description = "Where to listen, on loopback; port 0 takes a free one (default 127.0.0.1:0)." };
        Option<string[]> limits = new("--limit") { HelpName = "LIMIT", Description = "What to enforce: 100/s, \"40 bucket 2/s\", \"10 concurrent\". Repeat it for several, which hold together: what one refuses, none counts." };
        Option<string> per = new("--per") { HelpName = "key|ip|all", Description = "Who has limits of their own (default key: the credentials of Authorization, X-Api-Key or ?api_key=; requests without a key share one set)." };
        Option<string> model = new("--model") { HelpName = "MODEL", Description = "Count all limits with a period as a two-window counter (counter), in K segments (segments=K) or as a bucket with room B (bucket=B)." };
        Option<string> latency = new("--latency") { HelpName = "TIME", Description = "How long an accepted request takes from arrival to answer: 50ms, lognormal:50ms,2 (median, sigma), or uniform:10ms-50ms." };
        Option<string> uplink = new("--uplink") { HelpName = "FROM-TO", Description = "How long requests travel before they arrive, such as 0-30ms; they arrive even if the client gives up meanwhile." };
        Option<string> errors = new("--errors") { HelpName = "SHARES", Description = "What goes wrong with accepted requests, after counting: 500=1%,reset=0.1%,hang=0.1%,fin=0.1%." };
        Option<string> style = new("--style") { HelpName = "github|openai|shopify|ietf|none", Description = "Whose headers the answers carry (default: Retry-After on refusals; none: a bare 429)." };
        Option<string> seed = new("--seed") { HelpName = "N", Description = "Makes chance repeatable: the same arrivals in the same order meet the same fate." };
        Option<bool> http2 = new("--http2") { Description = "Speak HTTP/2 with prior knowledge (h2c) instead of HTTP/1.1." };

        var command = new Command("simulate", """
            Runs a third-party API on loopback that enforces the limits it is told.

            Its URL is the first line on stdout. GET /__report tells what arrived, what was refused and the worst window of each limit;
            GET /__arrivals?since=N lists arrivals as JSON lines; POST /__reset forgets; POST /__limits with a JSON list of limits changes their amounts. Requests may say X-Cost: tokens=120 and X-Item: ID.
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
            }.Read(chosenSeed: RandomNumberGenerator.GetInt32(1_000_000)),
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error,
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(SimulatorOptions options, TextWriter output, TextWriter error, CancellationToken stop)
    {
        await using var api = await StartAsync(options);
        await output.WriteLineAsync(api.Url);
        await output.FlushAsync(CancellationToken.None);
        await error.WriteLineAsync(Greeting(options));
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await error.WriteLineAsync(Summary(api.Report()));
        return (int)ExitCode.Ok;
    }

    private static async Task<SimulatedApi> StartAsync(SimulatorOptions options)
    {
        try
        {
            return await SimulatedApi.StartAsync(options);
        }
        catch (Exception refused) when (refused is IOException or SocketException)
        {
            throw new CommandException(ExitCode.Configuration, $"--listen \"{options.Listen}\": {refused.Message.TrimEnd('.')}: choose another port, or 127.0.0.1:0 for any free one");
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
