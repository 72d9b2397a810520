using System.CommandLine;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.Remote;

namespace Headgate.App.Remote;

/// <summary>The options of verbs that ask a running service: which one, as whom, and how its answer is told. The same for every such verb.</summary>
/// <param name="json">What <c>--json</c> does.</param>
internal sealed class ServerOptions(string json = "Write the answer of the service, in JSON.")
{
    /// <summary>The variable that names the service where no option does.</summary>
    public const string ServerVariable = "HEADGATE_SERVER";

    /// <summary>The variable that has the token where no option names a file with it: an option would show it to all who see the list of processes.</summary>
    public const string TokenVariable = "HEADGATE_TOKEN";

    private const string Usual = "http://127.0.0.1:8015";

    private readonly Option<string?> _server = new("--server") { HelpName = "URL", Description = $"Where the service is; {ServerVariable}, or {Usual} by default." };

    private readonly Option<string?> _tokenFile = new("--token-file") { HelpName = "FILE", Description = $"A file with the token by which the service knows you; {TokenVariable} has the token itself." };

    public Option<bool> Json { get; } = new("--json") { Description = json };

    public IEnumerable<Option> All => [.. Where, Json];

    /// <summary>Those that say which service, and as whom.</summary>
    public IEnumerable<Option> Where => [_server, _tokenFile];

    /// <summary>Whether the command line names a service.</summary>
    public bool Names(ParseResult parse) => parse.GetValue(_server) is not null;

    /// <summary>Makes a verb one that asks the service, with these options.</summary>
    /// <param name="verb">The verb, with options of its own.</param>
    /// <param name="ask">Does what it is for.</param>
    public Command Complete(Command verb, Func<Server, ParseResult, CancellationToken, Task<ExitCode>> ask)
    {
        foreach (var option in All)
            verb.Add(option);
        verb.SetAction(async (parse, stop) =>
        {
            using var server = Open(parse);
            try
            {
                return (int)await ask(server, parse, stop);
            }
            catch (Exception other) when (other is KeyNotFoundException or InvalidOperationException or FormatException or JsonException)
            {
                throw server.Stranger();
            }
        });
        return verb;
    }

    /// <summary>Makes a verb one that asks the service for something, and writes it.</summary>
    /// <param name="verb">The verb, with options of its own.</param>
    /// <param name="ask">Asks.</param>
    /// <param name="write">Writes the answer for people.</param>
    public Command Complete(Command verb, Func<Server, ParseResult, CancellationToken, Task<JsonElement>> ask, Action<TextWriter, JsonElement> write) => Complete(verb, async (server, parse, stop) =>
    {
        var (answer, output) = (await ask(server, parse, stop), parse.InvocationConfiguration.Output);
        if (parse.GetValue(Json))
            output.WriteLine(answer.GetRawText());
        else
            write(output, answer);
        return ExitCode.Ok;
    });

    /// <summary>The same of a verb that looks at this machine where nothing names a service.</summary>
    /// <param name="verb">The verb, with options of its own.</param>
    /// <param name="here">Writes what is here, as JSON or for people.</param>
    /// <param name="ask">Asks.</param>
    /// <param name="write">Writes the answer for people.</param>
    public Command Complete(Command verb, Action<TextWriter, bool> here, Func<Server, ParseResult, CancellationToken, Task<JsonElement>> ask, Action<TextWriter, JsonElement> write)
    {
        var there = Complete(verb, ask, write).Action!;
        verb.SetAction(async (parse, stop) =>
        {
            if (Names(parse) || Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 })
                return await ((System.CommandLine.Invocation.AsynchronousCommandLineAction)there).InvokeAsync(parse, stop);
            here(parse.InvocationConfiguration.Output, parse.GetValue(Json));
            return (int)ExitCode.Ok;
        });
        return verb;
    }

    /// <summary>The service that a command line means.</summary>
    /// <exception cref="CommandException">What it says of it cannot be.</exception>
    public Server Open(ParseResult parse)
    {
        var (given, file) = (parse.GetValue(_server), parse.GetValue(_tokenFile));
        var (address, origin) = given is not null ? (given, "--server") : Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 } named ? (named, ServerVariable) : (Usual, "");
        var token = file is null && Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } text ? text : null;
        // As it is given to --listen.
        if (!Uri.TryCreate(address.Contains("://", StringComparison.Ordinal) ? address : $"http://{address}", UriKind.Absolute, out var uri))
            throw new CommandException(ExitCode.Usage, $"{origin}: \"{Excerpt.Of(address)}\" is no URL such as {Usual}");
        try
        {
            uri = ServiceAddress.Check(uri);
        }
        catch (ArgumentException wrong)
        {
            throw new CommandException(ExitCode.Usage, $"{origin}: {wrong.Message}");
        }
        try
        {
            return new Server(uri, new HeadgateServiceClientOptions { Token = token, TokenFile = file });
        }
        catch (Exception wrong) when (wrong is HeadgateException or ArgumentException)
        {
            throw new CommandException(ExitCode.Configuration, $"{(file is null ? TokenVariable : "--token-file")}: {wrong.Message}");
        }
    }
}
