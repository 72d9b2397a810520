using System.CommandLine;
using System.CommandLine.Help;
using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.Configuration;
using Headgate.Ledgers;

namespace Headgate.App.CommandLine;

/// <summary>
/// The one place where a command line becomes an exit code: verbs throw, or return a code, and what they throw is told here.
/// </summary>
/// <param name="verbs">The verbs in the order of the help.</param>
/// <param name="output">Where data goes.</param>
/// <param name="error">Where talk goes.</param>
/// <param name="interruption">Ctrl-C and SIGTERM.</param>
internal sealed class Shell(IEnumerable<Command> verbs, TextWriter output, TextWriter error, Interruption interruption)
{
    // "@" begins a file of data in many values, never a file of options; see "send -d @FILE".
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null };

    public async Task<int> RunAsync(string[] args)
    {
        var code = await RunGuardedAsync(args);
        // A verb that was stopped says 130; only here is it known which signal it was.
        return (int)(code == ExitCode.Interrupted ? interruption.Code ?? code : code);
    }

    private async Task<ExitCode> RunGuardedAsync(string[] args)
    {
        try
        {
            var code = await RunVerbAsync(args);
            await output.FlushAsync();
            return code;
        }
        catch (Exception exception) when (CodeOf(exception) is { } code)
        {
            return Tell(code, exception.Message);
        }
        catch (ConfigurationException exception)
        {
            foreach (var wrong in exception.Errors)
                Tell(ExitCode.Configuration, wrong.ToString());
            return ExitCode.Configuration;
        }
        catch (OperationCanceledException) when (interruption.Code is not null)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return TellUnexpected(ExitCode.Disk, exception, exception.Message);
        }
        catch (Exception exception)
        {
            return TellUnexpected(ExitCode.SomeFailed, exception, $"unexpected {exception.GetType().Name}: {exception.Message}");
        }
    }

    /// <summary>The code of an exception whose message says all that there is to say; null for others.</summary>
    private static ExitCode? CodeOf(Exception exception) => exception switch
    {
        CommandException command => command.Code,
        ScopeHeldException => ExitCode.Configuration,
        InputException => ExitCode.Input,
        LedgerException or ResultWriteException => ExitCode.Disk,
        _ => null,
    };

    private async Task<ExitCode> RunVerbAsync(string[] args)
    {
        var root = MakeRoot();
        var parse = root.Parse(args.Length == 0 ? ["--help"] : Usual(args), Parsing);
        if (parse.Action is HelpAction)
        {
            ShortenBelow(parse.CommandResult.Command);
            await parse.InvokeAsync(Invocation(args.Length == 0 ? error : output));
            return args.Length == 0 ? ExitCode.Usage : ExitCode.Ok;
        }
        if (UsageErrors.Find(parse) is { Count: > 0 } sentences)
        {
            foreach (var sentence in sentences)
                Tell(ExitCode.Usage, sentence);
            error.WriteLine($"try: {UsageErrors.PathOf(parse.CommandResult)} --help");
            return ExitCode.Usage;
        }
        return (ExitCode)await parse.InvokeAsync(Invocation(output), interruption.Token);
    }

    // Not a RootCommand: that takes its name from the file of the program, and [directives] from the arguments.
    private Command MakeRoot()
    {
        var root = new Command("headgate", "Sends any number of HTTP requests through other people's rate limits: exactly as fast as allowed, never over, none lost.")
        {
            new HelpOption("--help", "-h"),
        };
        foreach (var verb in verbs)
            root.Add(verb);
        return root;
    }

    // A list of verbs says a line of each; their own help says all.
    private static void ShortenBelow(Command command)
    {
        foreach (var verb in command.Subcommands)
            verb.Description = CompletionTree.FirstLine(verb.Description);
    }

    private InvocationConfiguration Invocation(TextWriter data) => new()
    {
        Output = data,
        Error = error,
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null, // Interruption does it: a run has to drain, which has no fixed time.
    };

    private static string[] Usual(string[] args) => args switch
    {
        ["help", .. var path] => [.. path, "--help"],
        ["--version"] => ["version"],
        _ => args,
    };

    private ExitCode Tell(ExitCode code, string message)
    {
        error.WriteLine($"headgate: {message}");
        return code;
    }

    private ExitCode TellUnexpected(ExitCode code, Exception exception, string message)
    {
        if (Environment.GetEnvironmentVariable("HEADGATE_DEBUG") is { Length: > 0 })
        {
            error.WriteLine(exception);
            return code;
        }
        return Tell(code, $"{message} (set HEADGATE_DEBUG=1 for the trace)");
    }
}
