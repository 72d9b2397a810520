using System.CommandLine;
using Headgate.App.CommandLine;
using Headgate.App.Runs;
using Headgate.App.Send;
using Headgate.Jobs;

namespace Headgate.App.Commands;

/// <summary><c>headgate send</c>: its options, or a pasted curl command, read into <see cref="SendOptions"/>.</summary>
internal sealed class SendCommand
{
    private readonly EngineFlags _flags = new();
    private readonly Argument<string> _target = new("URL") { Description = "A URL with http:// or https://, or a whole curl command in quotes." };
    private readonly Option<string?> _method = new("--request", "-X") { HelpName = "METHOD", Description = "GET by default, POST with -d." };
    private readonly Option<string[]> _headers = new("--header", "-H") { HelpName = "'K: V'", Description = "A header; repeat it for more." };
    private readonly Option<string[]> _data = new("--data", "-d") { HelpName = "DATA|@FILE", Description = "A body: text, @FILE or @- for standard input; several are joined by &. Its type is application/json where it is a JSON object or array, else that of a form; -H says otherwise." };
    private readonly Option<bool> _explain = new("--explain") { Description = "Tell on stderr what happens, step by step: limits, waits, attempts." };
    private readonly Option<bool> _json = new("--json") { Description = "Write the result as run does, status, headers and times with it, instead of the body." };

    public static Command Create() => new SendCommand().Build();

    private Command Build()
    {
        var command = new Command("send", """
            Sends one request through the limits, and writes the answer to stdout.

              headgate send https://api.example.com/items --limit 100/s
              headgate send https://api.example.com/items -d '{"name":"x"}'
              headgate send 'curl -H "Accept: text/plain" https://example.com'

            What was sent before counts, by send or by run: sent twice with
            --limit 1/10s, the second waits its 10 seconds. Bad answers are tried
            again as run does, redirects are followed, and stderr tells what came
            of it. Of an answer to HEAD, status and headers are written.

            Exit code: 0 for a good answer (2xx), 1 for another or none, 2 for a
            request that was not understood, 3 for a bad limit, key or setting,
            4 for a file that cannot be read, 6 when no key is left.
            """)
        { _target, _method, _headers, _data };
        // One request needs no say in how many are sent at once.
        foreach (var option in _flags.All.Where(option => option.Name != "--concurrency").Concat([_explain, _json]))
            command.Options.Add(option);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parse, CancellationToken stop)
    {
        var talk = parse.InvocationConfiguration.Error;
        var options = new SendOptions
        {
            Request = ReadRequest(parse, talk),
            Engine = _flags.Read(parse),
            Explain = parse.GetValue(_explain),
            Json = parse.GetValue(_json),
        };
        await using var output = Console.OpenStandardOutput();
        return (int)await new Sending(options, output, talk, Terminal.OfProcess(), TimeProvider.System).ExecuteAsync(stop);
    }

    private JobRequest ReadRequest(ParseResult parse, TextWriter talk)
    {
        try
        {
            var target = parse.GetValue(_target)!;
            if (target.Trim() == "curl")
                throw new ArgumentException("put the whole curl command into quotes: headgate send 'curl …'; where it has single quotes itself, write '\\'' for each");
            if (!CurlCommand.IsCurl(target))
                return OwnRequest(parse, target);
            if (parse.GetValue(_method) is not null || parse.GetValue(_headers) is { Length: > 0 } || parse.GetValue(_data) is { Length: > 0 })
                throw new ArgumentException("a curl command has its own -X, -H and -d: write them inside its quotes");
            var notes = new List<string>();
            var request = CurlCommand.Read(target, Environment.GetEnvironmentVariable, RequestDraft.ReadFile, notes).Build();
            notes.ForEach(note => talk.WriteLine($"headgate: {note}"));
            return request;
        }
        catch (Exception wrong) when (wrong is ArgumentException or FormatException)
        {
            throw new CommandException(ExitCode.Usage, wrong.Message);
        }
    }

    private JobRequest OwnRequest(ParseResult parse, string url)
    {
        var draft = new RequestDraft(RequestDraft.ReadFile) { Url = url, Method = parse.GetValue(_method), KnowsJson = true };
        foreach (var header in parse.GetValue(_headers) ?? [])
            draft.AddHeader("-H", header);
        foreach (var data in parse.GetValue(_data) ?? [])
            draft.AddDataOrFile(data);
        return draft.Build();
    }
}
