using System.CommandLine;
using Headgate.App.CommandLine;
using Headgate.App.Formats;
using Headgate.App.Results;

namespace Headgate.App.Commands;

/// <summary><c>headgate export FORMAT RESULTS</c>: the results of a run become another program's file.</summary>
internal static class ExportCommand
{
    public static Command Create() => new("export", """
        Writes results of a run as another program's file, to stdout.

          headgate export openai-batch results.jsonl > output.jsonl
          headgate export curl results.jsonl --failed --input requests.jsonl

        What cannot be read is named with line and column, the rest is written all
        the same, and the exit code is 4. RESULTS may be packed with gzip; - is
        standard input.
        """)
    {
        Create("openai-batch", "The output file of an OpenAI batch.", () => new OpenAiBatchResults()),
        Create("vegeta", "Results of vegeta in JSON, for its report and plot; of a file of requests, its targets.", () => new VegetaResults(), knowsRequests: true),
        Create("har", "An HTTP archive (HAR).", () => new HarResults(), knowsRequests: true),
        Create("curl", "A curl command for each result; of a file of requests, for each request.", () => new CurlCommands(), knowsRequests: true),
        CreateCsv(),
    };

    private static Command CreateCsv()
    {
        Option<string[]> columns = new("--columns") { HelpName = "NAME,…", Description = $"Which columns; {string.Join(',', CsvResults.Usual)} by default. A path into a result is a column too: context.user, result.headers.etag." };
        Option<bool> safe = new("--for-spreadsheets") { Description = "Puts an apostrophe before what a spreadsheet would take for a formula." };
        var command = new Command("csv", "A table.");
        Complete(command, parse => new CsvResults(Columns(parse.GetValue(columns)), parse.GetValue(safe)), knowsRequests: false);
        command.Options.Add(columns);
        command.Options.Add(safe);
        return command;
    }

    private static Command Create(string name, string description, Func<IResultFormat> format, bool knowsRequests = false)
    {
        var command = new Command(name, description);
        Complete(command, _ => format(), knowsRequests);
        return command;
    }

    private static void Complete(Command command, Func<ParseResult, IResultFormat> format, bool knowsRequests)
    {
        Argument<string> file = new("RESULTS") { Description = "Results of run, one a line, or - for standard input." };
        Option<bool> failed = new("--failed") { Description = "Only those that are not ok." };
        Option<string?> input = new("--input") { HelpName = "FILE", Description = "The requests of the run: what was sent is in no result." };
        command.Arguments.Add(file);
        command.Options.Add(failed);
        if (knowsRequests)
            command.Options.Add(input);
        command.SetAction(async (parse, stop) =>
        {
            var talk = parse.InvocationConfiguration.Error;
            var chosen = format(parse);
            using var sent = knowsRequests && parse.GetValue(input) is { } requests ? await SentRequests.OpenAsync(requests, stop) : null;
            using var output = StreamSink.StandardOutput();
            var code = await new Export(chosen, output, talk) { OnlyFailed = parse.GetValue(failed), Sent = sent }.RunAsync(parse.GetRequiredValue(file), stop);
            if (chosen is CurlCommands { WithoutBody: > 0 and var count })
                talk.WriteLine($"headgate: {count} of them may have had headers and a body, which no result has: --input FILE says where the requests are");
            return (int)code;
        });
    }

    private static string[] Columns(string[]? given)
    {
        string[] columns = [.. (given ?? []).SelectMany(list => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        foreach (var column in columns)
            if (CsvResults.FindFault(column) is { } fault)
                throw new CommandException(ExitCode.Usage, $"--columns: {fault}");
        return columns.Length > 0 ? columns : [.. CsvResults.Usual];
    }
}
