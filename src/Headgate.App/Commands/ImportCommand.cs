using System.CommandLine;
using Headgate.App.CommandLine;
using Headgate.App.Formats;
using Headgate.App.Results;
using Headgate.App.Send;

namespace Headgate.App.Commands;

/// <summary><c>headgate import FORMAT FILE</c>: another program's file becomes lines of <c>run</c>, or a file of keys.</summary>
internal static class ImportCommand
{
    private const string OpenAi = "https://api.openai.com";

    public static Command Create() => new("import", """
        Writes another program's file as lines that run takes, to stdout.

          headgate import openai-batch batch.jsonl > requests.jsonl
          headgate import curl commands.sh | headgate run -

        What cannot be read is named with line and column, the rest is written all
        the same, and the exit code is 4. FILE may be packed with gzip; - is
        standard input.
        """)
    {
        CreateOpenAi(),
        Create("vegeta", "Targets of vegeta, as text or in JSON.", (_, _) => new VegetaTargets()),
        Create("har", "An HTTP archive (HAR), as browsers record it.", (_, note) => new HarRequests(note)),
        Create("curl", "A file of curl commands, as browsers copy them.", (_, note) => new CurlFile(Environment.GetEnvironmentVariable, RequestDraft.ReadFile, note)),
        CreateSecrets(),
    };

    private static Command CreateOpenAi()
    {
        Option<string?> address = new("--base") { HelpName = "URL", Description = $"The address of the API; {OpenAi} by default." };
        return Create("openai-batch", "A file of an OpenAI batch.", (parse, _) => new LineRequests(new OpenAiBatchFormat(AddressOf(parse.GetValue(address) ?? OpenAi))), address);
    }

    private static Command CreateSecrets()
    {
        Option<string[]> only = new("--only") { HelpName = "NAME", Description = "Only keys of that name; * stands for anything; repeat it for more." };
        var file = FileArgument();
        var command = new Command("secrets", """
            Keys as people have them, written as a file for --keys: .env files, JSON
            (a map of names to keys, a list, or the file of the proxy manager),
            .netrc, lines of names and keys. All of them, or none.

              (umask 077; headgate import secrets .env > keys.txt)
            """)
        { file, only };
        command.SetAction(async (parse, stop) =>
        {
            using var output = StreamSink.StandardOutput();
            return (int)await new SecretsImport(parse.GetValue(only) ?? [], output, parse.InvocationConfiguration.Error).RunAsync(parse.GetRequiredValue(file), stop);
        });
        return command;
    }

    private static Command Create(string name, string description, Func<ParseResult, Action<string>, IRequestFormat> format, params Option[] options)
    {
        var file = FileArgument();
        var command = new Command(name, description) { file };
        foreach (var option in options)
            command.Options.Add(option);
        command.SetAction(async (parse, stop) =>
        {
            var talk = parse.InvocationConfiguration.Error;
            using var output = StreamSink.StandardOutput();
            return (int)await new Import(format(parse, note => talk.WriteLine($"headgate: {note}")), output, talk).RunAsync(parse.GetRequiredValue(file), stop);
        });
        return command;
    }

    private static Argument<string> FileArgument() => new("FILE") { Description = "The file, or - for standard input." };

    private static Uri AddressOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address
        : throw new CommandException(ExitCode.Usage, $"--base \"{Excerpt.Of(text)}\" is no address; for example {OpenAi}");
}
