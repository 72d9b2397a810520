using System.CommandLine;
using Headgate.App.CommandLine;
using Headgate.Remote;

namespace Headgate.App.Remote;

/// <summary>The options by which a verb finds the running service that it asks; the same for every such verb.</summary>
internal sealed class ServerOptions
{
    /// <summary>The variable that names the service where no option does.</summary>
    public const string ServerVariable = "HEADGATE_SERVER";

    /// <summary>The variable that has the token where no option names a file with it: an option would show it to all who see the list of processes.</summary>
    public const string TokenVariable = "HEADGATE_TOKEN";

    private const string Usual = "http://127.0.0.1:8015";

    private readonly Option<string?> _server = new("--server") { HelpName = "URL", Description = $"Where the service is; {ServerVariable}, or {Usual} by default." };

    private readonly Option<string?> _tokenFile = new("--token-file") { HelpName = "FILE", Description = $"A file with the token by which the service knows you; {TokenVariable} has the token itself." };

    public IEnumerable<Option> All => [_server, _tokenFile];

    /// <summary>The service that a command line means.</summary>
    /// <exception cref="CommandException">What it says of it cannot be.</exception>
    public Server Open(ParseResult parse)
    {
        var (given, file) = (parse.GetValue(_server), parse.GetValue(_tokenFile));
        var address = given ?? (Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 } named ? named : Usual);
        var token = file is null && Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } text ? text : null;
        // As it is given to --listen.
        if (!Uri.TryCreate(address.Contains("://", StringComparison.Ordinal) ? address : $"http://{address}", UriKind.Absolute, out var uri))
            throw Wrong(given is null ? ServerVariable : "--server", $"\"{Excerpt.Of(address)}\" is no URL such as {Usual}");
        try
        {
            ServiceAddress.Check(uri);
        }
        catch (ArgumentException wrong)
        {
            throw Wrong(given is null ? ServerVariable : "--server", wrong.Message);
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

    private static CommandException Wrong(string where, string what) => new(ExitCode.Usage, $"{where}: {what}");
}
