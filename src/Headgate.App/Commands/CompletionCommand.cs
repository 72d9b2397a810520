using System.CommandLine;
using System.CommandLine.Parsing;
using Headgate.App.CommandLine;

namespace Headgate.App.Commands;

/// <summary><c>headgate completion bash|zsh|fish|pwsh</c>: a script for the shell, made from the verbs and options that exist.</summary>
internal static class CompletionCommand
{
    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "The shell that will read the script." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish", "pwsh");
        var command = new Command("completion", "Writes a script that completes verbs and options: source <(headgate completion bash)") { shell };
        command.SetAction(parse =>
        {
            var tree = CompletionTree.Of(RootOf(parse.CommandResult));
            parse.InvocationConfiguration.Output.Write(parse.GetValue(shell) switch
            {
                "bash" => CompletionScripts.Bash(tree),
                "zsh" => CompletionScripts.Zsh(tree),
                "fish" => CompletionScripts.Fish(tree),
                _ => CompletionScripts.PowerShell(tree),
            });
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static Command RootOf(CommandResult result) => result.Parent is CommandResult above ? RootOf(above) : result.Command;
}
