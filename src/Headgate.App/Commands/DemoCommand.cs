using System.CommandLine;
using Headgate.App.Demo;

namespace Headgate.App.Commands;

/// <summary><c>headgate demo</c>.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var keep = new Option<string?>("--keep") { HelpName = "DIR", Description = "Keep requests, keys, results and ledger there to look at, in a folder that is new or empty; otherwise they are deleted." };
        var command = new Command("demo", """
            Shows in ten seconds what it does: 3,000 requests, 3 keys, 100/s each.

            A strict API is simulated on this machine, and a file of requests is
            run against it. Then both sides tell what happened, and the ledger is
            audited. It needs no network, and leaves configuration and state alone.
            """)
        { keep };
        command.SetAction(async (parse, stop) =>
        {
            var configuration = parse.InvocationConfiguration;
            return (int)await new Demonstration(configuration.Output, configuration.Error, TimeProvider.System).ExecuteAsync(parse.GetValue(keep), stop);
        });
        return command;
    }
}
