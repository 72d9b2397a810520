using System.CommandLine;
using Headgate.App;
using Headgate.App.CommandLine;

namespace Headgate.Tests.CommandLine;

/// <summary>What a command line did: its exit code and what it wrote.</summary>
internal sealed record ShellRun(int Code, string Output, string Error)
{
    /// <summary>Runs the program's own verbs.</summary>
    public static Task<ShellRun> OfProgramAsync(params string[] args) => OfVerbsAsync(Program.Verbs(), args);

    public static async Task<ShellRun> OfVerbsAsync(Command[] verbs, string[] args, Interruption? interruption = null)
    {
        using var none = new Interruption(TimeProvider.System);
        using StringWriter output = new(), error = new();
        var code = await new Shell(verbs, output, error, interruption ?? none).RunAsync(args);
        return new ShellRun(code, output.ToString(), error.ToString());
    }
}
