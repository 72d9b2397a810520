using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Headgate.App.CommandLine;

/// <summary>The options of verbs that ask a running service: which one, as whom, and how its answer is told. The same for all of them.</summary>
internal sealed class ServerFlags
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Option<string?> _tokenFile = new("--token-file") { HelpName = "FILE", Description = "A file with the token, where the service needs one." };

    /// <summary>Names the service; null where it was not given.</summary>
    public Option<string?> Server { get; } = new("--server") { HelpName = "URL", Description = $"The running service; {ServiceClient.Usual} by default." };

    public Option<bool> Json { get; } = new("--json") { Description = "Write JSON." };

    public IEnumerable<Option> All => [Server, _tokenFile, Json];

    /// <summary>Those without <c>--json</c>, for a verb that has one already.</summary>
    public IEnumerable<Option> OfServer => [Server, _tokenFile];

    /// <summary>A verb that asks the service, with these options.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it does.</param>
    /// <param name="arguments">What it is asked for.</param>
    /// <param name="ask">Asks, and gives the answer.</param>
    /// <param name="write">Writes it for people.</param>
    public Command Verb(string name, string description, IReadOnlyList<Argument> arguments, Func<ServiceClient, ParseResult, CancellationToken, Task<JsonElement>> ask, Action<TextWriter, JsonElement> write)
    {
        var command = new Command(name, description);
        foreach (var argument in arguments)
            command.Add(argument);
        foreach (var option in All)
            command.Add(option);
        command.SetAction(async (parse, cancellation) =>
        {
            using var client = Open(parse);
            var answer = await ask(client, parse, cancellation);
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(Json))
                output.WriteLine(JsonSerializer.Serialize(answer, Readable));
            else
                Write(output, answer, write);
            return (int)ExitCode.Ok;
        });
        return command;
    }

    /// <summary>The service that was named.</summary>
    /// <exception cref="CommandException">It is no address, or there is no token in the file.</exception>
    public ServiceClient Open(ParseResult parse)
    {
        var text = parse.GetValue(Server) ?? ServiceClient.Usual;
        if (!Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}", UriKind.Absolute, out var server) || server.Scheme is not ("http" or "https"))
            throw new CommandException(ExitCode.Usage, $"--server \"{text}\" is no http or https address; for example {ServiceClient.Usual}");
        return new ServiceClient(server, parse.GetValue(_tokenFile) is { } file ? ReadToken(file) : null);
    }

    private static void Write(TextWriter output, JsonElement answer, Action<TextWriter, JsonElement> write)
    {
        try
        {
            write(output, answer);
        }
        catch (Exception other) when (other is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CommandException(ExitCode.Unreachable, "something answers there, but not as this service does; is the address right?");
        }
    }

    private static string ReadToken(string file)
    {
        try
        {
            var token = Headgate.Configuration.BoundedFile.ReadAllText(file, 4096).Trim();
            return token.Length > 0 && token.All(static letter => letter is > ' ' and <= '~')
                ? token
                : throw new CommandException(ExitCode.Configuration, $"--token-file {file}: it is to have the token and nothing else");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Configuration, $"--token-file {file}: cannot be read: {failure.Message}");
        }
    }
}
